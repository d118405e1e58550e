#!/usr/bin/env python3
# Needs mount
"""A posts folder is emptied, removed, renamed away, unmounted, or a folder above it goes: feeds keep everything, STATUS says so,
and watching goes on with whatever folder stands there now.

There is no periodic scan: what finds a post in the new folder is an event, or that the folder is another.
"""
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import ledger  # noqa: E402
from daemon import Daemon, Place, as_root, eventually  # noqa: E402
from figures import at_most, figure  # noqa: E402
from manager import Manager  # noqa: E402

POSTS = 30
#: More than those that are away, so that one of them goes alone when it goes.
FRESH = 2 * POSTS


def emptied(posts, aside):
    shutil.copytree(posts, aside)
    for folder in posts.iterdir():
        shutil.rmtree(folder)
    yield
    shutil.copytree(aside, posts, dirs_exist_ok=True)


def removed(posts, aside):
    shutil.copytree(posts, aside)
    shutil.rmtree(posts)
    posts.mkdir()
    yield
    shutil.rmtree(posts)
    shutil.copytree(aside, posts)


def renamed(level):
    """The posts folder, or one that is so many levels above it."""
    def change(posts, aside):
        moved = (posts, *posts.parents)[level]
        moved.rename(aside)
        posts.mkdir(parents=True)
        yield
        shutil.rmtree(moved)
        aside.rename(moved)

    return change


def unmounted(posts, aside):
    subprocess.run(["umount", posts], check=True)
    yield
    shutil.rmtree(posts / "fresh")
    subprocess.run(["mount", "--bind", aside, posts], check=True)


WAYS = {"emptied": emptied, "removed and made again": removed, "renamed away and made again": renamed(0),
        "gone with its parent, both made again": renamed(1), "gone with what is above that, all made again": renamed(2),
        "unmounted, and mounted again": unmounted}


def seen(site, number, folder):
    """How long it takes until a post is seen that is written now."""
    begun = time.monotonic()
    ledger.write(site.posts, [number], folder)
    words = f"Post {number}:".encode()
    eventually("a new post is seen", lambda: words in site.get("atom.xml"), True)
    took = time.monotonic() - begun
    at_most("a new post is seen", took, 1)
    return took


def tell(what, way):
    with Place() as place, Manager(place.folder) as manager:
        site = Daemon(place.folder, "scan_interval: 1000 h\n", posts="home/blog/posts", environment=manager.environment)
        aside = place.folder / "aside"
        if way is unmounted:
            aside.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", aside], check=True)
            subprocess.run(["mount", "--bind", aside, site.posts], check=True)
        try:
            ledger.write(site.posts, range(POSTS), folder="社交媒体")
            with site:
                ledger.nothing_lost(site)
                seen = story(site, manager, way(site.posts, aside))
                figure(f"posts folder {what}", f"{POSTS} posts, delete_grace 1 s, no periodic scan", seen)
        finally:
            if way is unmounted:
                subprocess.run(["umount", site.posts])
                subprocess.run(["umount", aside])


def story(site, manager, steps):
    kept = ledger.walk(site.posts).entries
    says = lambda: f"{POSTS} kept though their files are missing" in manager.status
    next(steps)
    first = seen(site, 1000, "fresh")
    eventually("STATUS says what is kept", says, True)
    ledger.write(site.posts, range(1001, 1001 + FRESH), folder="fresh")
    ledger.nothing_lost(site, kept=kept)
    # One that goes alone goes for good. Its grace has passed then, and so would have that of the others.
    (site.posts / "fresh/p1001.md").unlink()
    eventually("what went alone is gone", lambda: b"Post 1001:" in site.get("atom.xml"), False)
    ledger.nothing_lost(site, kept=kept)
    fresh = ledger.walk(site.posts).entries
    next(steps, None)
    again = seen(site, 2000, "again")
    eventually("STATUS says no more", says, False)
    # Now the others are away.
    ledger.nothing_lost(site, kept=fresh)
    return (f"all kept, and STATUS says so; a post in the new folder seen after {first:.2f} s, in the one that came back after "
            f"{again:.2f} s (at most 1 s)")


if __name__ == "__main__":
    as_root()
    for what, way in WAYS.items():
        tell(what, way)

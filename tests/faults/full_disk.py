#!/usr/bin/env python3
# Needs mount: mount
"""A full disk, for the output and for the state: the feeds are served, the program says what is wrong and goes on, and all is
made good as soon as there is room; a start on a full disk serves, or is refused in words."""
import contextlib
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import feeds  # noqa: E402
import ledger  # noqa: E402
from daemon import FEEDWRIGHT, Daemon, Place, eventually, run, the_same  # noqa: E402
from figures import figure  # noqa: E402

POSTS = 120
SIZE = "12m"


@contextlib.contextmanager
def small(folder):
    """A small file system in memory."""
    folder.mkdir()
    run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder])
    try:
        yield folder
    finally:
        run(["umount", "-l", folder])


def fill(folder):
    """Takes all the room that there is."""
    with open(folder / "filler", "wb", buffering=0) as file, contextlib.suppress(OSError):
        for size in (1 << 20, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while file.write(bytes(size)) == size:
                    pass


def free(folder):
    (folder / "filler").unlink()


def of_output(place):
    with small(place / "small") as disk:
        site = Daemon(place, output=disk / "out")
        ledger.write(site.posts, range(POSTS))
        with site as daemon, ledger.watched(daemon):
            ledger.nothing_lost(daemon)
            before = feeds.documents(daemon.output)
            fill(disk)
            ledger.write(site.posts, range(POSTS, POSTS + 30), folder="more")
            ledger.write(site.posts, [3], words="edited while it was full")
            ledger.nothing_lost(daemon)
            log = lambda: (place / "log").read_text()
            eventually("it says so", lambda: "no space is left: free some" in log(), True)
            the_same("the metrics say so", ledger.metric(daemon, "feedwright_unwritten") > 0, True)
            now = feeds.documents(daemon.output)
            feeds.judge(daemon.output)
            the_same("what is on disk is what was there", {name: now.get(name) for name in before}, before)
            free(disk)
            eventually("it is written when there is room",
                       lambda: len(feeds.judge(daemon.output).get("categories/社交媒体/feed.json", ())) > 0
                       and feeds.documents(daemon.output).get("feed.json") == daemon.get("feed.json"), True)
            fill(disk)
        # Full at the start.
        ledger.write(site.posts, range(200, 205), folder="more")
        with site as daemon:
            ledger.nothing_lost(daemon)
            free(disk)
            eventually("a start on a full disk serves, and writes when there is room",
                       lambda: feeds.documents(daemon.output).get("feed.json") == daemon.get("feed.json"), True)
            the_same("no temporary is left", feeds.temporaries(daemon.output), [])
        figure("output on a full disk", "a tmpfs filled, posts written, freed; and full at the start",
               "served over HTTP all the while, old files whole, said in log and metrics, written when freed")


def of_state(place):
    with small(place / "small") as disk:
        site = Daemon(place, state=disk / "state")
        ledger.write(site.posts, range(POSTS))
        with site as daemon, ledger.watched(daemon):
            ledger.nothing_lost(daemon)
            before = daemon.get("feed.json")
            fill(disk)
            ledger.write(site.posts, range(POSTS, POSTS + 400), folder="more")
            eventually("status.json says so", lambda: "full" in (daemon.json("status.json")["trouble"] or ""), True)
            the_same("the last good feed is served", daemon.get("feed.json"), before)
            said = (place / "log").read_text().count("ERROR")
            the_same("it is said once", said, 1)
            free(disk)
            ledger.nothing_lost(daemon)
            eventually("all is well again", lambda: daemon.json("status.json")["trouble"], None)
        ledger.write(site.posts, [700], folder="more")
        fill(disk)
        command = [FEEDWRIGHT, "run", "-c", "feedwright.yaml", "--listen", "127.0.0.1:0"]
        refused = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=60)
        the_same("a start without room is refused", refused.returncode, 74)
        print(refused.stderr)
        the_same("in words", bool(re.search(r"feedwright: .*(full|no space)", refused.stderr)), True)
        free(disk)
        with site as daemon:
            ledger.nothing_lost(daemon)
        figure("state on a full disk", "a tmpfs filled, 400 posts written, freed; and full at the start",
               "last good feeds served, said once, caught up by itself; the start is refused with 74")


def main():
    for story in (of_output, of_state):
        with Place() as place:
            story(place.folder)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# Needs mkfs.ext4: e2fsprogs
# Needs mount: mount
"""A power cut: the file system that holds state and output stops at once, with its log flushed or not, and what was not synced
is gone. Every feed is an old or a new one, and what any feed ever showed is still known: its id, since when, and its date."""
import contextlib
import fcntl
import json
import os
import pathlib
import random
import shutil
import sqlite3
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import feeds  # noqa: E402
import ledger  # noqa: E402
from daemon import Daemon, Place, eventually  # noqa: E402
from figures import figure, whole  # noqa: E402

SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
LOG_FLUSHED, LOG_LOST = 1, 2
SEED = 4


class Disk:
    """An ext4 file system in a file, of which the power can be cut."""

    def __init__(self, folder):
        self.image, self.at = folder / "image", folder / "disk"
        with open(self.image, "wb") as file:
            file.truncate(96 << 20)
        subprocess.run(["mkfs.ext4", "-q", self.image], check=True)
        self.at.mkdir()

    def __enter__(self):
        subprocess.run(["mount", "-o", "loop", self.image, self.at], check=True)
        return self

    def __exit__(self, *_):
        # Its last user may still be on the way out.
        end = time.monotonic() + 20
        while subprocess.run(["umount", self.at], stderr=subprocess.DEVNULL).returncode:
            if time.monotonic() > end:
                subprocess.run(["umount", "-l", self.at])
                sys.exit(f"{self.at} cannot be unmounted")
            time.sleep(0.05)

    def cut(self, how):
        folder = os.open(self.at, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, SHUTDOWN, struct.pack("I", how))
        finally:
            os.close(folder)


class Seen:
    """What a reader was ever shown: ids, each with its date."""

    def __init__(self):
        self.dates = {}

    def note(self, data):
        for item in json.loads(data)["items"]:
            before = self.dates.setdefault(item["id"], item["date_published"])
            if before != item["date_published"]:
                raise ledger.Lost(f"{item['id']} was of {before} and is of {item['date_published']}")


def undated(number):
    """A post whose date is that of its file at first sight."""
    return f"---\ntitle: Undated {number}\ncategories: [undated]\n---\n<p>the words of {number}</p>\n"


@contextlib.contextmanager
def reader(daemon, seen):
    """Reads all the while, until the daemon is killed."""
    stop, failed = threading.Event(), []

    def read():
        while not stop.is_set():
            with contextlib.suppress(OSError, ledger.http.client.HTTPException):
                fetch = ledger.Fetcher(daemon)
                try:
                    seen.note(fetch("/feed.json"))
                    seen.note(fetch("/categories/undated/feed.json"))
                except ledger.Lost as error:
                    if "answered" not in str(error):
                        failed.append(error)
                fetch.close()
            stop.wait(0.01)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    if failed:
        raise failed[0]


def catalog(state):
    """Since when each post is known, by id. Nothing is before a new catalog is called whole."""
    if not (state / "catalog.sqlite").exists():
        return {}
    with contextlib.closing(sqlite3.connect(state / "catalog.sqlite")) as db, contextlib.suppress(sqlite3.DatabaseError):
        if db.execute("PRAGMA user_version").fetchone()[0] > 0:
            return dict(db.execute("SELECT id, first_seen FROM post WHERE id IS NOT NULL"))
    return {}


def write(site, dice, stop, first):
    """New posts, edits and posts without a date, until the power is cut."""
    number = first
    while not stop.is_set():
        ledger.write(site.posts, [number], folder=f"社交媒体/{number % 3}")
        (site.posts / f"undated-{number}.md").write_text(undated(number))
        ledger.write(site.posts, [dice.randrange(number + 1)], folder="edited", words=f"edited at {number}")
        number += 1
        stop.wait(dice.uniform(0.005, 0.05))
    return number


def cut_once(disk, site, dice, seen, number, how):
    stop, written = threading.Event(), []
    with disk:
        site.__enter__()
        with reader(site, seen):
            writer = threading.Thread(target=lambda: written.append(write(site, dice, stop, number)))
            writer.start()
            # Not a wait for anything: the moment of the cut is what varies.
            time.sleep(dice.uniform(0.05, 0.6))
            disk.cut(how)
            alive = site.process.poll() is None
            stop.set()
            writer.join()
            # It is still there, and serves what it had.
            time.sleep(dice.uniform(0, 0.1))
            alive &= site.process.poll() is None
            site.kill()
        site.log.close()
    if not alive:
        sys.exit(f"the daemon ended by itself:\n{(site.folder / 'log').read_text()[-2000:]}")
    return written[0]


def check(disk, site, seen, first_seen):
    """The disk as the next start finds it."""
    with disk:
        shown = feeds.judge(site.output) if site.output.is_dir() else {}
        known = catalog(site.state)
        for name, entries in shown.items():
            if lost := entries.keys() - known.keys():
                raise ledger.Lost(f"{name} shows what the catalog does not know: {sorted(lost)[:5]}")
        if lost := seen.dates.keys() - known.keys():
            raise ledger.Lost(f"a reader saw what the catalog does not know: {sorted(lost)[:5]}")
        for id, since in first_seen.items():
            if known.get(id) != since:
                raise ledger.Lost(f"{id} was known since {since}, and now since {known.get(id)}")
        first_seen.update(known)
        # Their dates are their files' no more: only the catalog knows what they were.
        for path in site.posts.glob("undated-*.md"):
            os.utime(path, (1_700_000_000, 1_700_000_000))
        return len(shown)


def cut_first_scan(folder, dice, how):
    """Cuts the power while a new catalog is filled. True if that was to be begun again."""
    folder.mkdir()
    disk, seen = Disk(folder), Seen()
    site = Daemon(folder, output="disk/out", state="disk/state")
    ledger.write(site.posts, range(600), folder="old")
    with disk:
        site.__enter__()
        with reader(site, seen):
            # As above: the moment is what varies.
            time.sleep(dice.uniform(0, 0.6))
            disk.cut(how)
            site.kill()
        site.log.close()
    check(disk, site, seen, {})
    with disk:
        known = catalog(site.state)
        with site:
            ledger.nothing_lost(site, expected=ledger.walk(site.posts))
        if set_aside := list(site.state.glob("*.broken-*")):
            raise ledger.Lost(f"a cut was taken for damage: {set_aside}")
    shutil.rmtree(folder)
    return not known


def first_scans(folder, dice):
    cuts = 40 if whole() else 6
    begun_again = sum(cut_first_scan(folder / f"first-{cut}", dice, (LOG_FLUSHED, LOG_LOST)[cut % 2]) for cut in range(cuts))
    figure("power cut in a first scan", f"{cuts} cuts while 600 posts are read (seed {SEED})",
           f"{begun_again} catalogs begun again, {cuts - begun_again} gone on with, all posts in the end")


def main():
    cuts, dice = (100 if whole() else 6), random.Random(SEED)
    with Place() as place:
        disk = Disk(place.folder)
        site = Daemon(place.folder, "archives: disk\n", output="disk/out", state="disk/state")
        ledger.write(site.posts, range(150), folder="old")
        seen, first_seen, number, judged = Seen(), {}, 150, 0
        for cut in range(cuts):
            number = cut_once(disk, site, dice, seen, number, (LOG_FLUSHED, LOG_LOST)[cut % 2])
            judged += check(disk, site, seen, first_seen)
        with disk, site:
            with reader(site, seen):
                expected = ledger.walk(site.posts)
                ledger.nothing_lost(site, expected=expected)
            eventually("no temporary is left", lambda: feeds.temporaries(site.output), [])
        if not judged or len(seen.dates) < cuts:
            sys.exit(f"hardly anything was seen: {judged} feeds, {len(seen.dates)} entries")
        first_scans(place.folder, dice)
        figure("power cut", f"{cuts} cuts of an ext4 that holds state and output (seed {SEED})",
               f"{judged} feeds on disk whole, {len(seen.dates)} entries that were shown kept id, first-seen and date, "
               f"{len(expected.entries)} posts in the end")


if __name__ == "__main__":
    main()

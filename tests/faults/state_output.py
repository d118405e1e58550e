#!/usr/bin/env python3
# Needs mount: mount
# Needs setpriv: util-linux
"""State or output deleted, corrupted, read-only or from a newer version, between runs and during them: rebuilt with the same ids
and bytes, while the feeds on disk stay where they are, or refused in words."""
import contextlib
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import feeds  # noqa: E402
import ledger  # noqa: E402
from daemon import FEEDWRIGHT, Daemon, Place, eventually, run, the_same  # noqa: E402
from figures import figure, whole  # noqa: E402

POSTS = 230
SEED = 4
PAGE = 4096


class Site:
    """A daemon over posts that are never edited, so that all can be rebuilt from them, and its documents as they should be."""

    def __init__(self, folder):
        self.daemon = Daemon(folder, "base_url: https://feeds.example.org/\narchives: disk\n")
        ledger.write(self.daemon.posts, range(POSTS), folder="社交媒体")
        for number in range(20):
            self.daemon.write(f"other/{number}.md", ledger.post(1_000 + number, categories=("其他",)))
        # Old enough to be known by their times.
        for path in self.daemon.posts.rglob("*.md"):
            os.utime(path, (1_600_000_000, 1_600_000_000))
        self.ledger = ledger.walk(self.daemon.posts)
        with self.daemon:
            self.nothing_lost()
            self.documents = feeds.documents(self.daemon.output)
        self.catalog = self.daemon.state / "catalog.sqlite"

    def nothing_lost(self):
        ledger.nothing_lost(self.daemon, expected=self.ledger)

    def is_whole(self):
        """Every document on disk is byte for byte what it was."""
        return feeds.documents(self.daemon.output) == self.documents

    def restarted(self, what):
        """The next start makes everything as it was, and no feed is away or torn meanwhile."""
        with Present(self.daemon.output, self.documents), self.daemon:
            self.nothing_lost()
            eventually(f"{what}: every byte is what it was", self.is_whole, True)

    def refused(self, what, words, prefix=(), code=74):
        """The next start ends with this code and says why."""
        command = [*prefix, FEEDWRIGHT, "run", "-c", "feedwright.yaml", "--listen", "127.0.0.1:0"]
        done = subprocess.run(command, cwd=self.daemon.folder, capture_output=True, text=True, timeout=60)
        the_same(f"{what}: it ends with {code}", done.returncode, code)
        if words not in done.stderr or not done.stderr.strip().splitlines()[-1].startswith("feedwright: "):
            sys.exit(f"{what}: it says {done.stderr!r}")
        print(f"ok: {what}: {done.stderr.strip().splitlines()[-1]}")


def known(catalog):
    """What cannot be rebuilt from posts: since when each is known."""
    with contextlib.closing(sqlite3.connect(catalog)) as db:
        return sorted(db.execute("SELECT id, first_seen, arrival, published FROM post"))


class Present:
    """No feed that is on disk goes away, or is torn, while this lasts."""

    def __init__(self, output, documents):
        self.files = [output / name for name in documents if (output / name).exists() and not name.startswith("opml")]
        self.stop, self.gone = threading.Event(), []
        self.thread = threading.Thread(target=self.look)

    def look(self):
        while not self.stop.is_set():
            for file in self.files:
                try:
                    file.stat()
                except FileNotFoundError:
                    self.gone.append(file)
            self.stop.wait(0.002)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()
        if self.gone:
            raise ledger.Lost(f"{self.gone[0]} and {len(self.gone) - 1} more were away for a moment")


def deleted(site):
    daemon = site.daemon
    shutil.rmtree(daemon.state)
    site.restarted("the state is deleted")
    shutil.rmtree(daemon.output)
    site.restarted("the output is deleted")
    shutil.rmtree(daemon.state), shutil.rmtree(daemon.output)
    site.restarted("both are deleted")
    (daemon.output / ".feedwright").unlink()
    site.refused("the manifest is deleted", "feedwright did not write")
    shutil.rmtree(daemon.output)
    site.restarted("and the output then")
    with daemon:
        site.nothing_lost()
        shutil.rmtree(daemon.output)
        eventually("the output is deleted while it runs: it is written again", site.is_whole, True)
        (daemon.output / "atom.xml").unlink()
        daemon.reload()
        eventually("a feed is deleted while it runs: it is written again", site.is_whole, True)
        before = known(site.catalog)
        shutil.rmtree(daemon.state)
        daemon.reload()
        eventually("the state is deleted while it runs: it is written again, with all that only it knew",
                   lambda: site.catalog.exists() and known(site.catalog), before)
        site.nothing_lost()
    site.restarted("and the next start finds it")


def write_over(path, at, data):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(data)


@contextlib.contextmanager
def at_its_time(path):
    """A disk that forgets changes no time."""
    before = path.stat()
    yield
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def spoil(path, at, data):
    with at_its_time(path):
        write_over(path, at, data)


def corrupted(site, rounds):
    """Bytes change in the catalog and in the output between two runs."""
    daemon, dice = site.daemon, random.Random(SEED)
    for number in range(rounds):
        size = site.catalog.stat().st_size
        kind = number % 5
        if kind == 0:
            page = dice.randrange(size // PAGE)
            what = f"page {page} of {size // PAGE} is noise"
            spoil(site.catalog, page * PAGE, dice.randbytes(PAGE))
        elif kind == 1:
            what = "sixteen bytes are others"
            for _ in range(16):
                spoil(site.catalog, dice.randrange(size), dice.randbytes(1))
        elif kind == 2:
            length = dice.choice([0, 1, 50, size // 2, size - PAGE, size - 1])
            what = f"cut to {length} of {size} bytes"
            with at_its_time(site.catalog):
                os.truncate(site.catalog, length)
        elif kind == 3:
            what = "a page of zeros"
            spoil(site.catalog, dice.randrange(size // PAGE) * PAGE, bytes(PAGE))
        else:
            what = "somebody writes noise over its head"
            write_over(site.catalog, 0, dice.randbytes(200))
        site.restarted(f"catalog, {what}")
    for name in ("rss.xml", "categories/其他/feed.json"):
        data = site.documents[name]
        (daemon.output / name).write_bytes(data[:100] + b"?" + data[101:])
        site.restarted(f"a byte of {name} is another")
        os.truncate(daemon.output / name, 10)
        site.restarted(f"{name} is cut")


def torn_log(site, rounds):
    """The write-ahead log after a kill: cut, or noise."""
    dice = random.Random(SEED)
    for number in range(rounds):
        with site.daemon as daemon:
            site.nothing_lost()
            daemon.write("other/3.md", ledger.post(1_003, words="other words", categories=("其他",)))
            eventually("it is in the log", lambda: b"other words" in daemon.get("feed.json"), True)
            daemon.write("other/3.md", ledger.post(1_003, categories=("其他",)))
            eventually("and back", lambda: b"other words" in daemon.get("feed.json"), False)
            daemon.kill()
        os.utime(site.daemon.posts / "other/3.md", (1_600_000_000, 1_600_000_000))
        log = site.daemon.state / "catalog.sqlite-wal"
        size = log.stat().st_size
        if number % 2:
            os.truncate(log, dice.randrange(size))
        else:
            at = dice.randrange(size)
            spoil(log, at, dice.randbytes(min(5_000, size - at)))
        with site.daemon:
            site.nothing_lost()


def corrupted_while_it_runs(site):
    """The catalog is overwritten under the running daemon: it goes on with a new one."""
    dice = random.Random(SEED)
    with site.daemon as daemon:
        site.nothing_lost()
        # So that it is read from the disk again, from where nothing of it is in memory.
        with contextlib.closing(sqlite3.connect(site.catalog)) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = site.catalog.stat().st_size
        spoil(site.catalog, 0, dice.randbytes(size))
        daemon.write("new.md", ledger.post(2_000, categories=("其他",)))
        site.ledger = ledger.walk(daemon.posts)
        site.nothing_lost()
        (daemon.posts / "new.md").unlink()
        site.ledger = ledger.walk(daemon.posts)
        site.nothing_lost()
    site.restarted("the catalog is overwritten while it runs")


@contextlib.contextmanager
def read_only(folder):
    run(["mount", "--bind", folder, folder])
    try:
        run(["mount", "-o", "remount,bind,ro", folder])
        yield
    finally:
        run(["umount", "-l", folder])


def unwritable(site):
    daemon = site.daemon
    with read_only(daemon.state):
        site.refused("the state is read-only", "Read-only file system")
    with read_only(daemon.output), daemon:
        daemon.write("new.md", ledger.post(2_000, categories=("其他",)))
        ledger.nothing_lost(daemon)
        log = lambda: (daemon.folder / "log").read_text()
        eventually("the output is read-only: it serves, and says so", lambda: "mount it writable" in log(), True)
        (daemon.posts / "new.md").unlink()
    site.restarted("the output is writable again")
    # As somebody who may read all and write nothing.
    daemon.folder.chmod(0o755)
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    site.refused("the state is another user's", "another one with --state", nobody)


def newer(site):
    with contextlib.closing(sqlite3.connect(site.catalog)) as db:
        (known,) = db.execute("PRAGMA user_version").fetchone()
        db.execute("PRAGMA user_version = 4000")
        db.commit()
    before = site.catalog.read_bytes()
    site.refused("the catalog is of a newer version", "install the newer version again", code=78)
    the_same("it is not touched", site.catalog.read_bytes() == before, True)
    with contextlib.closing(sqlite3.connect(site.catalog)) as db:
        db.execute(f"PRAGMA user_version = {known}")
        db.commit()
    site.restarted("the catalog is of this version")


def main():
    rounds = 60 if whole() else 10
    with Place() as place:
        site = Site(place.folder)
        deleted(site)
        corrupted(site, rounds)
        torn_log(site, rounds // 4)
        corrupted_while_it_runs(site)
        unwritable(site)
        newer(site)
        left = sorted(path.name for path in site.daemon.state.glob("catalog.broken-*"))
        figure("state and output spoilt", f"deleted, {rounds} times corrupted, the log cut or noise, overwritten while it ran, "
               f"read-only, another user's, newer (seed {SEED})",
               f"rebuilt with the same ids and bytes, no feed away for a moment, or refused with 74, a newer one with 78; "
               f"{len(left)} damaged catalogs set aside")


if __name__ == "__main__":
    main()

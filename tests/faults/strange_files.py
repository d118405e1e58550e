#!/usr/bin/env python3
# Needs setpriv: util-linux
"""Strange files: each is published or named with its reason, and neither delays other posts nor fills the memory.

The daemon runs as a user who may not read everything. While the strange files come and lie there, ordinary posts are
written, and the time until each stands in the feed is taken.
"""
import os
import pathlib
import socket
import stat
import sys
import threading
import time
import unicodedata

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import daemon  # noqa: E402
import ledger  # noqa: E402
from daemon import Daemon, Place, as_root, eventually, the_same  # noqa: E402
from figures import at_most, figure, whole  # noqa: E402

NOBODY = 65534
GIGABYTE = 1 << 30
BIG = GIGABYTE if whole() else GIGABYTE // 16
MANY = 10_000 if whole() else 2_000
ORDINARY = 100_000
MEMORY = 150


def strange(posts, place):
    """Makes them all; the names that must be among the problems at once, and those that a scan finds."""
    listed, later = [], ["to-a-folder", "above"]

    def odd(name):
        listed.append(name)
        return posts / name

    os.mkfifo(odd("pipe.md"))
    os.mknod(odd("device.md"), stat.S_IFCHR | 0o666, os.makedev(1, 5))
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(odd("socket.md")))
    with open(odd("sparse.md"), "wb") as file:
        file.truncate(GIGABYTE)
    with open(odd("big.md"), "wb") as file:
        for _ in range(BIG >> 20):
            file.write(b"x" * (1 << 20))
    odd("binary.md").write_bytes(bytes(range(256)) * 64)
    odd("nul.md").write_bytes(b"\0" * 4096)
    closed = odd("closed.md")
    closed.write_text(ledger.post(1))
    closed.chmod(0)
    private = place / "private"
    private.mkdir()
    (private / "unseen.md").write_text(ledger.post(2))
    private.chmod(0)
    private.rename(odd("private"))
    odd("dangling.md").symlink_to("nothing.md")
    odd("loop.md").symlink_to("loop.md")
    odd("ping.md").symlink_to("pong.md")
    odd("pong.md").symlink_to("ping.md")
    outside = place / "outside.md"
    outside.write_text(ledger.post(3))
    odd("outside.md").symlink_to(outside)
    (posts / later[0]).symlink_to(place)
    (posts / later[1]).symlink_to("..")
    odd("empty.md").write_text("")
    # These are posts, whatever they are called.
    names = [os.fsdecode(b"caf\xe9 \xff\xfe.md"), unicodedata.normalize("NFC", "café.md"), unicodedata.normalize("NFD", "café.md"),
             "n" * 252 + ".md", "名" * 84 + ".md", "a\nb\tc.md", " .md", "-rf.md", "'\"`$(x)&<>.md", "a%2fb.md", "con.md", "‮md.txt.md"]
    for number, name in enumerate(names, 10):
        (posts / name).write_text(ledger.post(number))
    deep = posts / ("d/" * 40)
    deep.mkdir(parents=True)
    (deep / "deep.md").write_text(ledger.post(50))
    (posts / "inside.md").symlink_to("café.md")
    return listed, later


class Ordinary:
    """Writes a post, waits until it is in the feed, and so on: how long each took."""

    def __init__(self, site):
        self.site, self.took, self.stop = site, [], threading.Event()
        self.failed = None

    def __enter__(self):
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def run(self):
        fetch = ledger.Fetcher(self.site)
        while not self.stop.wait(0.02):
            number = ORDINARY + len(self.took)
            begun = time.monotonic()
            ledger.write(self.site.posts, [number], "ordinary")
            words = f"Post {number}:".encode()
            while words not in fetch("/atom.xml"):
                if time.monotonic() > begun + daemon.DEADLINE:
                    self.failed = f"post {number} was never seen"
                    return
                time.sleep(0.001)
            self.took.append(time.monotonic() - begun)
        fetch.close()

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()
        if self.failed:
            sys.exit(self.failed)


def memory(site):
    """The most that it ever held, in MiB."""
    text = pathlib.Path(f"/proc/{site.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM:")) / 1024


def main():
    with Place() as place:
        wrapper = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        site = Daemon(place.folder, "scan_interval: 1000 h\n", wrapper=wrapper)
        for folder in (place.folder, site.posts):
            os.chown(folder, NOBODY, NOBODY)
        (site.posts / "ordinary").mkdir()
        os.chmod(place.folder, 0o755)
        try:
            with site:
                eventually("it is ready", lambda: site.status("readyz"), 200)
                with Ordinary(site) as ordinary:
                    eventually("ordinary posts come through", lambda: len(ordinary.took) > 20, True)
                    alone = list(ordinary.took)
                    listed, later = strange(site.posts, place.folder)
                    eventually("all that is strange is named", lambda: missing(site, listed), [])
                    arrived = len(ordinary.took)
                    ledger.write(site.posts, range(1000, 1000 + MANY), "crowd")
                    eventually("a crowded folder is published", lambda: ledger.published(site) >= MANY, True)
                    crowded = len(ordinary.took)
                    eventually("ordinary posts come through", lambda: len(ordinary.took) > crowded + 20, True)
                    site.reload()
                    lying = len(ordinary.took)
                    eventually("a scan names more", lambda: missing(site, later), [])
                    eventually("ordinary posts come through while it looks at all again", lambda: len(ordinary.took) > lying + 20, True)
                expected = ledger.walk(site.posts)
                # As root, this script reads what the daemon may not.
                for path in ("closed.md", "private/unseen.md"):
                    expected.entries.pop(ledger.identity(path))
                count = ledger.nothing_lost(site, expected=expected)
                listed += later
                the_same("each strange file is still named", missing(site, listed), [])
                most = memory(site)
                figures(alone, ordinary.took, arrived, crowded, most, len(listed), count)
        finally:
            os.chmod(site.posts / "private", 0o700)


def missing(site, listed):
    named = {one["path"] for one in ledger.status(site)["problems"] if one["diagnostics"]}
    return [name for name in listed if name not in named]


def figures(alone, took, arrived, crowded, most, listed, published):
    parts = {"before": alone, "while they come": took[len(alone):arrived], "while the crowd comes": took[arrived:crowded],
             "while they lie there": took[crowded:]}
    said = ", ".join(f"{name} {max(part) * 1000:.0f} ms of {len(part)}" for name, part in parts.items() if part)
    figure("strange files", f"{listed} of them, 1 GB sparse and {BIG >> 20} MiB of bytes among them, and {MANY:,} in one folder",
           f"{published} published, {listed} named with their reason; the slowest ordinary post {said} (at most 250 ms); "
           f"memory at most {most:.0f} MiB (at most {MEMORY})")
    at_most("an ordinary post is in the feed", max(took), 0.25)
    if most > MEMORY:
        sys.exit(f"{most:.0f} MiB of memory")


if __name__ == "__main__":
    as_root()
    daemon.DEADLINE = 120
    main()

#!/usr/bin/env python3
"""Many files at once: the queue of events overflows; folders are made and filled before anything can watch them."""
import concurrent.futures
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import daemon  # noqa: E402
import ledger  # noqa: E402
from daemon import Daemon, Place, eventually  # noqa: E402
from figures import at_most, figure, whole  # noqa: E402

QUEUE = pathlib.Path("/proc/sys/fs/inotify/max_queued_events")
WRITERS = 8
#: What finds a post must be an event, or what follows from one.
NO_TIMER = "scan_interval: 1000 h\n"
# A debug build takes its time for so many.
daemon.DEADLINE = 300


def overflow(count):
    with Place() as place:
        site = Daemon(place.folder, NO_TIMER)
        # It is read when the daemon asks for events, and holds for all programs of this machine meanwhile.
        before = QUEUE.read_text()
        QUEUE.write_text("64")
        try:
            site.__enter__()
            eventually("the watches stand", lambda: rescans(site, "start") >= 2, True)
        finally:
            QUEUE.write_text(before)
        try:
            share = range(0, count, count // WRITERS)
            with concurrent.futures.ProcessPoolExecutor(WRITERS) as writers:
                for start in share:
                    writers.submit(ledger.write, site.posts, range(start, min(start + count // WRITERS, count)))
            written = time.monotonic()
            eventually("all posts are published", lambda: ledger.published(site), count)
            took = time.monotonic() - written
            counted = rescans(site, "overflow")
            if not counted:
                sys.exit("the queue never overflowed: nothing was tested")
            ledger.nothing_lost(site, deadline=120)
        finally:
            site.__exit__()
    figure("queue of 64 events overflows", f"{count:,} files by {WRITERS} processes",
           f"0 lost, all published {took:.1f} s after the last write (at most 60 s), {counted:.0f} rescans counted")
    at_most("all posts are published", took, 60)


def rescans(site, why):
    return ledger.metric(site, f'feedwright_rescans_total{{reason="{why}"}}')


def filled_at_once(count):
    with Place() as place, Daemon(place.folder, NO_TIMER) as site:
        source = place.folder / "source"
        ledger.write(source, range(count))
        # One shell each, as a script would do it; each folder is new.
        script = 'for n in $(seq $1 $2); do mkdir -p "$3/$n/b/c"; cp "$4/p$n.md" "$3/$n/b/c/"; done'
        each = count // WRITERS
        shells = [subprocess.Popen(["sh", "-c", script, "sh", str(start), str(min(start + each, count) - 1), site.posts, source])
                  for start in range(0, count, each)]
        for shell in shells:
            if shell.wait():
                sys.exit("a shell failed")
        written = time.monotonic()
        eventually("all posts are published", lambda: ledger.published(site), count)
        took = time.monotonic() - written
        ledger.nothing_lost(site, deadline=120)
    figure("folders made and filled at once", f"{count:,} × mkdir -p a/b/c; cp, by {WRITERS} processes, no periodic scan",
           f"0 lost, all published {took:.1f} s after the last write")


if __name__ == "__main__":
    overflow(100_000 if whole() else 3_000)
    filled_at_once(10_000 if whole() else 1_000)

#!/usr/bin/env python3
# Needs strace
"""Any file-system call that fails, once, with any error: while posts come, change and go, the last good feeds are served, the
program neither ends nor panics, and it catches up by itself; no temporary is left."""
import concurrent.futures
import pathlib
import random
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import feeds  # noqa: E402
import inject  # noqa: E402
import ledger  # noqa: E402
from daemon import Daemon, Place  # noqa: E402
from figures import figure, whole  # noqa: E402

CALLS = 500
SEED = 4
#: Daemons that are tried at a time.
AT_ONCE = 3
#: Posts that stand from the start, so that archives do, too.
POSTS = 120


class Site:
    """A daemon, and a small life of its posts folder: each step adds, edits, removes or moves a post."""

    def __init__(self, folder, first):
        folder.mkdir()
        self.daemon = Daemon(folder)
        self.trace = folder / "trace" / "strace"
        self.trace.parent.mkdir()
        self.number = self.first = first
        ledger.write(self.daemon.posts, range(first - POSTS, first), folder="old")

    def step(self):
        """One change, by a number that makes it unlike all others; what must be shown then, or no more."""
        self.number += 1
        number, posts = self.number, self.daemon.posts
        what = number % 5
        if what == 0 and number - 3 > self.first:
            (posts / f"new/{(number - 3) % 4}/p{number - 3}.md").unlink(missing_ok=True)
        elif what == 1:
            ledger.write(posts, [self.first - 1], folder="old", words=f"edited at {number}")
        elif what == 2:
            # A folder that is made and filled at once.
            ledger.write(posts, [number], folder=f"made/{number}/deep")
        else:
            ledger.write(posts, [number], folder=f"new/{number % 4}")

    def written(self):
        """The files that are written next: the log, and temporaries, which are numbered as documents are."""
        out, process = self.daemon.output, self.daemon.process.pid
        log = (self.daemon.folder / "log").read_text(errors="replace")
        number = sum(int(count) for count in re.findall(r"(\d+) documents published", log))
        folders = [out, *(path for path in out.rglob("*") if path.is_dir())]
        numbers = range(number, number + 300)
        return [self.daemon.folder / "log", out / ".feedwright",
                *(folder / f".feedwright-{process}-{one}.tmp" for folder in folders for one in numbers)]

    def shown(self):
        """Whether the newest post is in the feed that everybody reads, with its last words."""
        newest = max((int(path.stem[1:]) for path in self.daemon.posts.rglob("p*.md")), default=0)
        feed = self.daemon.get("feed.json").decode()
        edited = (self.daemon.posts / f"old/p{self.first - 1}.md").read_text()
        words = edited.split("<div>", 1)[1].split("<br>")[0].strip()
        return f"Post {newest}:" in feed and (self.number - self.first > 40 or words in feed)

    def alive(self, why):
        log = (self.daemon.folder / "log").read_text(errors="replace")
        if self.daemon.process.poll() is not None or "panicked" in log:
            raise ledger.Lost(f"{why}: exit code {self.daemon.process.poll()}\n{log[-3000:]}")


def try_all(site, injections):
    """Lets one call after the other fail. Returns how many did, and how long each took to be made good."""
    failed, delays = 0, []
    for done, (place, error) in enumerate(injections, 1):
        why = f"{place.call} number {place.number} with {error}"
        paths = site.written() if place.call == "write" else ()
        with inject.injected(site.daemon.process.pid, site.trace, place, error, paths) as strace:
            for _ in range(12):
                site.step()
                if inject.until(strace.failed, 0.12):
                    break
            else:
                inject.until(strace.failed, 1)
        failed += strace.failed()
        since = time.monotonic()
        if not inject.until(site.shown, 30):
            site.alive(why)
            raise ledger.Lost(f"{why}: not caught up\n{(site.daemon.folder / 'log').read_text()[-3000:]}")
        delays.append((time.monotonic() - since, why))
        site.alive(why)
        if done % 40 == 0:
            ledger.nothing_lost(site.daemon)
    return failed, delays


def astray(daemon):
    """Posts that are only on disk, or only served."""
    stored, served = feeds.judge(daemon.output)["feed.json"], ledger.document(daemon.get("feed.json"), "feed.json").entries
    return stored.keys() ^ served.keys()


def run(folder, first, injections):
    site = Site(folder, first)
    with site.daemon as daemon:
        ledger.nothing_lost(daemon)
        with ledger.watched(daemon) as counts:
            failed, delays = try_all(site, injections)
            ledger.nothing_lost(daemon)
        if not inject.until(lambda: not feeds.temporaries(daemon.output), 35):
            raise ledger.Lost(f"left behind: {feeds.temporaries(daemon.output)}")
        # What failed may have been served already: then only the next scan, after a pause, makes sure that all is well.
        if not inject.until(lambda: not daemon.json("status.json")["trouble"], 35):
            raise ledger.Lost(f"all is well, and it says: {daemon.json('status.json')['trouble']}")
        # What is served first is written then.
        if not inject.until(lambda: not astray(daemon), 35):
            log = (daemon.folder / "log").read_text(errors="replace")
            raise ledger.Lost(f"only on disk, or only served: {astray(daemon)}\n{log[-3000:]}")
        return failed, delays, sum(counts.values())


def record(folder):
    """The calls of a daemon whose posts change."""
    site = Site(folder, 1_000)
    with site.daemon as daemon:
        ledger.nothing_lost(daemon)
        with inject.recorded(daemon.process.pid, site.trace) as strace:
            end = time.monotonic() + 60
            while len(found := inject.places(strace.text(), daemon.process.pid, CALLS)) < CALLS:
                if time.monotonic() > end:
                    sys.exit(f"only {len(found)} calls")
                site.step()
                inject.until(site.shown, 10)
    return found


def main():
    with Place() as place, concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        found = record(place.folder / "record")
        # The same number in several threads is one place: strace lets all of them fail.
        found += [inject.Place(inject.LOCKS, number) for number in range(1, 13)]
        every = [(one, error) for one in sorted(set(found)) for error in inject.ERRORS]
        dice = random.Random(SEED)
        dice.shuffle(every)
        kinds = {one.call for one in found}
        if not whole():
            # Each kind of call at least once.
            first = {one.call: (one, error) for one, error in every}
            every = [*first.values(), *every[:20]]
        parts = [every[number::AT_ONCE] for number in range(AT_ONCE)]
        jobs = [pool.submit(run, place.folder / f"site-{number}", 2_000 + 10_000 * number, part)
                for number, part in enumerate(parts)]
        results = [job.result() for job in jobs]
    failed, reads = sum(one[0] for one in results), sum(one[2] for one in results)
    delays = sorted(delay for one in results for delay in one[1])
    print("the slowest:", *(f"{seconds:.1f} s after {why}" for seconds, why in delays[-5:]), sep="\n  ")
    if failed < 0.8 * len(every):
        sys.exit(f"only {failed} of {len(every)} calls failed")
    figure("failing calls", f"{failed} calls of {len(kinds)} kinds with {', '.join(inject.ERRORS)} (seed {SEED}); the first "
           f"{CALLS} of a running daemon are {len(set(found))} places",
           f"no exit, no panic, {reads} readings whole, caught up within {delays[len(delays) // 2][0]:.1f} s (median) and "
           f"{delays[-1][0]:.1f} s (most), nothing lost, no temporary left")


if __name__ == "__main__":
    main()

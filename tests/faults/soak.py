#!/usr/bin/env python3
"""Everything at once, for hours: posts come, change, move and go, the folder is swept, the configuration read again, readers
poll, now and then the program is killed. Memory and open files must not grow.

    soak.py [HOURS]

Without HOURS it takes half a minute; with FEEDWRIGHT_WHOLE=1, 6 hours.
"""
import contextlib
import os
import pathlib
import random
import shutil
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import feeds  # noqa: E402
import ledger  # noqa: E402
from daemon import Daemon, Place, eventually  # noqa: E402
from figures import figure, whole  # noqa: E402

SEED = 4
#: In hours, the catalog is larger from the start than what SQLite keeps of it in memory (8 MiB), whose filling is no growth.
POSTS, POSTS_FOR_HOURS = 600, 3_000
READERS = 4
#: Seconds after which a change has surely been looked at.
SEEN_WITHIN = 10
#: By how much memory may grow, from the second quarter of the time to the last.
DRIFT = 0.05
#: Below this a percentage says nothing: the allocator keeps more or less for the next peak.
NOISE = 1 << 20


class Folder:
    """A posts folder of about so many posts, always changing."""

    def __init__(self, site, dice, posts=POSTS):
        self.site, self.dice, self.posts, self.next = site, dice, posts, posts
        self.paths = {}
        # When each was written last, and where those that moved were at first.
        self.written, self.first = {}, {}
        for number in range(posts):
            self.add(number)

    def add(self, number):
        self.paths[number] = f"社交媒体/{number % 20}/p{number}.md"
        self.write(number)

    def write(self, number, words=None):
        self.written[number] = time.monotonic()
        self.site.write(self.paths[number], ledger.post(number, words, ("社交媒体", str(number % 20))))

    def new(self):
        # Numbers come again after a while, so that the folder stays as it is on the whole.
        self.add(self.next)
        self.next += 1

    def edit(self):
        number = self.dice.choice(list(self.paths))
        self.write(number, f"edited: {self.dice.random()}")

    def remove(self):
        number = min(self.paths)
        path = self.paths.pop(number)
        (self.site.posts / path).unlink()
        self.written.pop(number), self.first.pop(path, None)

    def move(self):
        """A move is known by the bytes: it keeps its id if these were seen before."""
        number = self.dice.choice(list(self.paths))
        path = f"moved/{number % 7}/p{number}.md"
        if time.monotonic() - self.written[number] < SEEN_WITHIN or path == self.paths[number]:
            return
        self.first[path] = self.paths[number]
        (self.site.posts / path).parent.mkdir(parents=True, exist_ok=True)
        (self.site.posts / self.paths[number]).rename(self.site.posts / path)
        self.paths[number] = path

    def sweep(self):
        """What crawlers do every hour: the whole folder goes, and every file is written again."""
        kept = {path: (self.site.posts / path).read_bytes() for path in self.paths.values()}
        for child in list(self.site.posts.iterdir()):
            child.unlink() if child.is_file() else shutil.rmtree(child)
        for path, data in kept.items():
            (self.site.posts / path).parent.mkdir(parents=True, exist_ok=True)
            (self.site.posts / path).write_bytes(data)

    def check(self):
        ledger.nothing_lost(self.site, expected=ledger.walk(self.site.posts, first=self.first))

    def broken(self):
        """A post that cannot be read comes, and goes."""
        path = self.site.posts / "broken.md"
        if path.exists():
            path.unlink()
        else:
            path.write_text("---\ntitle: [\n---\n")


def resident(process):
    """Bytes of memory of a process, how many of them are not pages of files, and how many files it has open besides
    connections, which come and go with their clients."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    sizes = dict(line.split(":", 1) for line in status.splitlines())
    memory, own = (int(sizes[name].split()[0]) << 10 for name in ("VmRSS", "RssAnon"))
    return memory, own, sum(not name.startswith("socket:") for name in open_files(process))


def open_files(process):
    """What a process has open."""
    names = []
    for file in pathlib.Path(f"/proc/{process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            names.append(os.readlink(file))
    return names


def read(daemon, stop, failed, counts):
    """A reader that polls feeds, pages, archives and searches."""
    paths = ["/feed.json", "/atom.xml", "/rss.xml", "/categories/社交媒体/atom.xml", "/archive-1/atom.xml"]
    others = ["/", "/status/", "/metrics", "/search/?q=post", "/opml.xml", "/nothing-here"]
    quoted = lambda path: path.replace("社交媒体", "%E7%A4%BE%E4%BA%A4%E5%AA%92%E4%BD%93")
    while not stop.is_set() and not failed:
        fetch = ledger.Fetcher(daemon)
        try:
            for path in paths:
                ledger.document(fetch(quoted(path)), path)
                counts.append(1)
            for path in others:
                try:
                    fetch(path)
                except ledger.Lost as error:
                    if path != "/nothing-here" or "404" not in str(error):
                        raise
        except ledger.Lost as error:
            failed.append(ledger.Lost(f"{time.strftime('%T')}: {error}"))
        except (OSError, ledger.http.client.HTTPException) as error:
            failed.append(ledger.Lost(f"no answer: {error}"))
        finally:
            fetch.close()
        stop.wait(0.05)


def churn(daemon, folder, dice, seconds, samples):
    """Changes the folder for a time; what was measured meanwhile, four times a second or so."""
    kinds = [folder.new, folder.edit, folder.move, folder.broken]
    end, sampled = time.monotonic() + seconds, 0
    sweeps = iter([time.monotonic() + seconds * (0.1 + number * 0.15) for number in range(6)])
    sweep, changes = next(sweeps), 0
    while time.monotonic() < end:
        dice.choice(kinds)()
        changes += 1
        # One goes for each that came.
        while len(folder.paths) > folder.posts:
            folder.remove()
        if changes % 97 == 0:
            daemon.reload()
        if time.monotonic() > sweep:
            folder.sweep()
            # In the long run they come every ten minutes.
            sweep = next(sweeps, time.monotonic() + 600)
        if time.monotonic() - sampled > min(5, seconds / 100):
            samples.append(resident(daemon.process))
            sampled = time.monotonic()
        time.sleep(0.05)
    return changes


def quarter(samples, number):
    size = len(samples) // 4
    return samples[number * size:(number + 1) * size]


def main():
    hours = float(sys.argv[1]) if len(sys.argv) > 1 else 6 if whole() else 25 / 3600
    seconds, dice = hours * 3600, random.Random(SEED)
    with Place() as place:
        site = Daemon(place.folder, "scan_interval: 1m\nmass_delete_grace: 5s\n")
        folder = Folder(site, dice, POSTS if seconds < 600 else POSTS_FOR_HOURS)
        # One life to grow up in, which is ended without a warning.
        with site as daemon:
            ledger.nothing_lost(daemon)
            churn(daemon, folder, dice, min(5, seconds / 10), [])
            daemon.kill()
        with site as daemon:
            folder.check()
            before = len(open_files(daemon.process))
            stop, failed, counts, samples = threading.Event(), [], [], []
            readers = [threading.Thread(target=read, args=(daemon, stop, failed, counts)) for _ in range(READERS)]
            for reader in readers:
                reader.start()
            try:
                changes = churn(daemon, folder, dice, seconds, samples)
            finally:
                stop.set()
                for reader in readers:
                    reader.join()
            if failed:
                log = (site.folder / "log").read_text(errors="replace").splitlines()
                print(*[line for line in log if " INFO " not in line and "broken.md" not in line][-20:], sep="\n")
                raise failed[0]
            folder.check()
            memory, own = ([statistics.median(one[which] for one in quarter(samples, number)) for number in range(4)]
                           for which in (0, 1))
            # A folder that is being read is open for a moment: what is open most of the time is what could leak.
            files = [statistics.median_high(files for *_, files in quarter(samples, number)) for number in range(4)]
            drift = memory[3] / memory[1] - 1
            eventually("no file and no connection stays open", lambda: len(open_files(daemon.process)) <= before, True)
            if memory[3] - memory[1] > max(DRIFT * memory[1], NOISE):
                sys.exit(f"memory grew by {drift:.1%}: {memory}, without pages of files {own}")
            if files[3] > files[1]:
                sys.exit(f"open files grew: {files}")
            if left := feeds.temporaries(site.output):
                sys.exit(f"left behind: {left}")
        sizes, of_its_own = (", ".join(f"{one / (1 << 20):.1f}" for one in quarters) for quarters in (memory, own))
        figure("soak", f"{seconds / 3600:.2f} hours: {changes} changes, sweeps, reloads, {len(counts)} readings by {READERS} "
               f"readers, {folder.posts} posts (seed {SEED})",
               f"memory {sizes} MiB by quarters, of it {of_its_own} no pages of files, drift {drift:+.1%} (at most 5 %), "
               f"{files[1]} and {files[3]} open files, nothing lost, nothing torn")


if __name__ == "__main__":
    main()

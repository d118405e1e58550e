#!/usr/bin/env python3
# Needs strace
"""Any file-system call that fails, once, while the program starts: it says what is wrong and ends with the exit code that is
documented for it, where its state, its configuration or its address cannot be had; or it runs, and nothing is lost."""
import collections
import concurrent.futures
import contextlib
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import feeds  # noqa: E402
import inject  # noqa: E402
import ledger  # noqa: E402
from daemon import FEEDWRIGHT, Daemon, Place, the_same  # noqa: E402
from figures import figure, whole  # noqa: E402

CALLS = 500
SEED = 4
AT_ONCE = 3
POSTS = 130
#: What may end a start, by exit code (docs: `feedwright --help`).
CODES = {74: "input or output", 78: "configuration"}


class Start:
    """A start over the state of an earlier run, with one call that fails."""

    def __init__(self, folder):
        folder.mkdir()
        self.site = Daemon(folder)
        self.trace = folder / "trace" / "strace"
        self.trace.parent.mkdir()
        ledger.write(self.site.posts, range(POSTS), folder="old")
        with self.site as daemon:
            ledger.nothing_lost(daemon)
        self.number = POSTS

    def command(self, *wrapper):
        return [*wrapper, FEEDWRIGHT, "run", "-c", "feedwright.yaml", "--listen", "127.0.0.1:0"]

    def prepare(self):
        """News for the start to find: a new post, and every third time no clean stop before."""
        self.number += 1
        ledger.write(self.site.posts, [self.number], folder="new")
        if self.number % 3 == 0:
            with self.site as daemon:
                daemon.kill()

    def recorded(self):
        """The calls from the reading of the configuration on: what comes before is the dynamic linker's."""
        self.prepare()
        calls = ",".join([*inject.CALLS, inject.LOCKS])
        self.site.wrapper = ["strace", "-f", "-y", "-o", str(self.trace), "-e", f"trace={calls}"]
        with self.site as daemon:
            ledger.nothing_lost(daemon)
            text = self.trace.read_text(errors="replace")
            # strace is the child; the program is the first that it names.
            main = int(text.split(maxsplit=1)[0])
            subprocess.run(["kill", str(main)], check=True)
            daemon.process.wait(20)
        self.site.wrapper = []
        every = inject.places(text, main, 1_000_000)
        before = inject.places(text[:text.index("feedwright.yaml")], main, 1_000_000)
        # Calls are numbered for each thread: the first ones of another thread have numbers that the linker's calls have too.
        linker = collections.Counter(place.call for place in before)
        return [place for place in every[len(before):] if place.number > linker[place.call]][:CALLS]

    def fail(self, place, error):
        """What came of it: `ran` or `refused`."""
        why = f"{place.call} number {place.number} with {error}"
        self.prepare()
        self.trace.unlink(missing_ok=True)
        log_path = self.site.folder / "log"
        with open(log_path, "w+b") as log:
            # Of what it writes, the paths must be known before: temporaries are called by the number of the process, and
            # the log says to this test where it serves.
            paths = [self.site.output / ".feedwright"] if place.call == "write" else ()
            command = self.command(*inject.wrapper(self.trace, place, error, paths))
            process = subprocess.Popen(command, cwd=self.site.folder, stdout=log, stderr=log)
            letting_go = threading.Thread(target=self.let_go, args=[process])
            letting_go.start()
            try:
                text = lambda: log_path.read_text(errors="replace")
                served = lambda: re.search(r" on 127\.0\.0\.1:(\d+)", text())
                if not inject.until(lambda: served() or process.poll() is not None, 30):
                    raise ledger.Lost(f"{why}: neither served nor ended\n{text()}")
                if process.poll() is None:
                    self.site.port = int(served()[1])
                    ledger.nothing_lost(self.site, deadline=40)
            except ledger.Lost as lost:
                raise ledger.Lost(f"{why}: {lost}\n{text()}") from lost
            finally:
                self.end(process, why)
                letting_go.join()
        if "panicked" in text():
            raise ledger.Lost(f"{why}: {text()}")
        if not served():
            self.refused(why, process.returncode, text())
            return "refused"
        if left := feeds.temporaries(self.site.output):
            raise ledger.Lost(f"{why}: left behind: {left}")
        return "ran"

    def refused(self, why, code, text):
        last = (text.strip().splitlines() or [""])[-1]
        if code not in CODES or not re.match(r"feedwright: .{20}", last):
            raise ledger.Lost(f"{why}: exit code {code}, and it says {text!r}")

    def let_go(self, process):
        """Kills strace once the call has failed: it would fail again in each thread that makes as many. Asked to end, strace may
        wait for ever for a thread that is just ending; killed, the kernel lets go of all of them."""
        failed = lambda: self.trace.exists() and "(INJECTED)" in self.trace.read_text(errors="replace")
        # Both may end by themselves.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            while process.poll() is None and not failed():
                time.sleep(0.005)
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            if strace := int(re.search(r"TracerPid:\s+(\d+)", status)[1]):
                os.kill(strace, signal.SIGKILL)

    def end(self, process, why):
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            raise ledger.Lost(f"{why}: it does not end") from None


def run(folder, places):
    start, results = Start(folder), []
    for place, error in places:
        results.append(start.fail(place, error))
    # And without a fault all is well.
    with start.site as daemon:
        ledger.nothing_lost(daemon)
    return results


def main():
    dice = random.Random(SEED)
    with Place() as place, concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        found = sorted(set(Start(place.folder / "record").recorded()))
        every = [(one, error) for one in found for error in inject.ERRORS]
        if whole():
            # Each place with one of the errors, each in turn.
            every = [(one, inject.ERRORS[number % len(inject.ERRORS)]) for number, one in enumerate(found)]
        else:
            dice.shuffle(every)
            every = [*{one.call: (one, error) for one, error in every}.values(), *every[:15]]
        parts = [every[number::AT_ONCE] for number in range(AT_ONCE)]
        jobs = [pool.submit(run, place.folder / f"start-{number}", part) for number, part in enumerate(parts)]
        results = [one for job in jobs for one in job.result()]
    the_same("each start was judged", len(results), len(every))
    figure("failing calls at the start", f"{len(every)} starts, each with one of the first {CALLS} calls failing (seed {SEED})",
           f"{results.count('ran')} ran and lost nothing, {results.count('refused')} refused in words with "
           f"{' or '.join(map(str, CODES))}")


if __name__ == "__main__":
    main()

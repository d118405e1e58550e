#!/usr/bin/env python3
"""`kill -9` at random moments of an ingest: every feed on disk is whole at every moment, the next start is back at once, leaves
no temporary, and in the end nothing is lost and no id is there twice."""
import pathlib
import random
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

SEED = 4
#: Seconds until it answers again.
BACK = 5


class Judge:
    """Reads the output folder all the while, as a web server would."""

    def __init__(self, output):
        self.output, self.readings, self.failed = output, 0, None
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.read)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()
        if self.failed:
            raise self.failed

    def read(self):
        while not self.stop.is_set() and not self.failed:
            try:
                for path in sorted(self.output.rglob("*")):
                    if path.name in ("rss.xml", "atom.xml", "feed.json") and not self.stop.is_set():
                        ledger.document(path.read_bytes(), path.name)
                        self.readings += 1
            except FileNotFoundError:
                # The first start has not got that far, or a temporary went while the folder was listed.
                pass
            except ledger.Lost as error:
                self.failed = error
            self.stop.wait(0.01)


def write(site, posts, stop):
    """The ingest: posts come in while the program is killed, and some are written again with other words."""
    for number in range(posts):
        if stop.is_set():
            return
        ledger.write(site.posts, [number], folder=f"社交媒体/{number % 40}")
        if number % 10 == 9:
            ledger.write(site.posts, [number - 5], folder=f"社交媒体/{(number - 5) % 40}", words=f"edited at {number}")
        if number % 50 == 0:
            # Spread over all the kills.
            stop.wait(site.pause)


def kill_once(site, dice, delays):
    """Starts it, kills it at some moment, and looks at what is left."""
    since = time.monotonic()
    with site as daemon:
        answered = inject.until(lambda: answers(daemon), BACK + 5)
        delays.append(time.monotonic() - since)
        if not answered:
            raise ledger.Lost("it does not answer")
        if left := feeds.temporaries(site.output):
            # Those of this process are its work; it was started after all others ended.
            left = [one for one in left if f"-{daemon.process.pid}-" not in one]
            if left:
                raise ledger.Lost(f"left behind: {left}")
        # Not a wait for anything: the moment is what varies, from the first scan, which gives young files a moment of its
        # own, to the midst of what comes later.
        time.sleep(dice.choice([0, 0.1, 0.5, 1, 2]) * dice.random())
        daemon.kill()
    feeds.judge(site.output)


def kill_at_start(site, dice):
    """Kills it before it says that it serves."""
    command = [FEEDWRIGHT, "run", "-c", "feedwright.yaml", "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(command, cwd=site.folder, stderr=subprocess.DEVNULL)
    time.sleep(0.08 * dice.random())
    process.kill()
    process.wait()
    feeds.judge(site.output)


def answers(daemon):
    try:
        return daemon.status("healthz") == 200
    except OSError:
        return False


def main():
    posts, kills, dice = (10_000, 200, random.Random(SEED)) if whole() else (1_000, 15, random.Random(SEED))
    with Place() as place:
        site = Daemon(place.folder)
        site.pause = kills * 0.6 / (posts / 50)
        delays, stop = [], threading.Event()
        writer = threading.Thread(target=write, args=(site, posts, stop))
        try:
            with Judge(site.output) as judge:
                writer.start()
                for number in range(kills):
                    if number % 4 == 3:
                        kill_at_start(site, dice)
                    else:
                        kill_once(site, dice, delays)
        finally:
            alive = writer.is_alive()
            if sys.exc_info()[0] is None:
                writer.join()
            stop.set()
            writer.join()
        with site as daemon:
            ledger.nothing_lost(daemon, formats=("atom.xml", "feed.json"), deadline=120)
            the_same("no temporary is left", inject.until(lambda: not feeds.temporaries(site.output), 10), True)
            feeds.judge(site.output)
        the_same("feeds on disk were read all the while", judge.readings > 10 * kills, True)
        the_same(f"it was back within {BACK} s", max(delays) < BACK, True)
        during = "while they came" if alive else "while they came and after"
        figure("kill -9", f"{kills} random moments in an ingest of {posts} files, {during} (seed {SEED})",
               f"{judge.readings} readings of feeds on disk whole, back within {max(delays):.1f} s (at most {BACK}), no "
               f"temporary left, nothing lost, no id twice")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Load: a hundred posts a second while fifty readers poll. No document is invalid, no entry is missing in the end, and it is
measured how long a post takes from its file to the feed."""
import multiprocessing
import pathlib
import re
import statistics
import sys
import threading
import time
import types

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import feeds  # noqa: E402
import ledger  # noqa: E402
from daemon import Daemon, Place, eventually  # noqa: E402
from figures import figure, whole  # noqa: E402

RATE = 100
READERS = 50
#: Between two polls of a reader. Fifty of them ask 250 times a second; people's ask every half hour.
POLL = 0.2
FIRST = 1_000
TITLE = re.compile(rb"Post (\d+): ")


def watch(daemon, stop, newest, results):
    """When the main feed showed which posts: (time, number), later ones left out. Posts are dated in the order in which they
    come, and the feed holds fifty: what it had passed before it was looked at again counts as shown with the later one."""
    fetch, seen = ledger.Fetcher(daemon), []
    try:
        while not stop.is_set():
            data = fetch("/feed.json")
            now = time.monotonic()
            number = max(map(int, TITLE.findall(data)), default=0)
            if not seen or number > seen[-1][1]:
                seen.append((now, number))
                newest.value = number
            stop.wait(0.003)
        results.put(("seen", seen))
    except (ledger.Lost, OSError, ledger.http.client.HTTPException) as error:
        results.put(("failed", f"the main feed: {error}"))
        stop.set()


def seconds_taken(dropped, seen):
    """From each drop to the feed, sorted."""
    taken, shown = [], iter(seen)
    now, number = next(shown)
    for post, at in sorted(dropped.items()):
        while number < post:
            now, number = next(shown)
        taken.append(now - at)
    return sorted(taken)


def readers(daemon, stop, results):
    """All of them, in a process of their own."""
    failed, tallies = [], [{} for _ in range(READERS)]
    threads = [threading.Thread(target=poll, args=(daemon, number, stop, failed, tally))
               for number, tally in enumerate(tallies)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = {}
    for status, count in (item for tally in tallies for item in tally.items()):
        total[status] = total.get(status, 0) + count
    results.put(("failed", str(failed[0])) if failed else ("counts", total))


def poll(daemon, number, stop, failed, counts):
    """One reader: conditional, as readers are; what comes is judged whole."""
    path = ("/atom.xml", "/rss.xml", "/feed.json", "/categories/%E7%A4%BE%E4%BA%A4%E5%AA%92%E4%BD%93/rss.xml")[number % 4]
    tag = None
    while not stop.is_set() and not failed:
        connection = ledger.http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=30)
        try:
            connection.request("GET", path, headers={"If-None-Match": tag} if tag else {})
            response = connection.getresponse()
            data = response.read()
            if response.status == 200:
                entries = ledger.document(data, path).entries
                if len(entries) < 50:
                    raise ledger.Lost(f"{path} has {len(entries)} entries")
                tag = response.getheader("ETag")
            elif response.status != 304:
                raise ledger.Lost(f"{path}: {response.status}")
            counts[response.status] = counts.get(response.status, 0) + 1
        except (ledger.Lost, OSError, ledger.http.client.HTTPException) as error:
            failed.append(ledger.Lost(f"{path}: {error}"))
            stop.set()
        finally:
            connection.close()
        stop.wait(POLL)


def drop(site, seconds, stop):
    """Writes posts at the rate; when each was dropped."""
    dropped, begun = {}, time.monotonic()
    while not stop.is_set() and (elapsed := time.monotonic() - begun) < seconds:
        for number in range(FIRST + len(dropped), FIRST + int(elapsed * RATE)):
            ledger.write(site.posts, [number], folder=f"社交媒体/{number % 100}")
            dropped[number] = time.monotonic()
        time.sleep(0.005)
    return dropped


def main():
    seconds = 600 if whole() else 20
    with Place() as place:
        site = Daemon(place.folder)
        ledger.write(site.posts, range(FIRST - 100, FIRST), folder="old")
        with site as daemon:
            ledger.nothing_lost(daemon)
            stop, newest, results = multiprocessing.Event(), multiprocessing.Value("i"), multiprocessing.Queue()
            # What they need of the daemon is its port.
            served = types.SimpleNamespace(port=daemon.port)
            others = [multiprocessing.Process(target=watch, args=(served, stop, newest, results)),
                      multiprocessing.Process(target=readers, args=(served, stop, results))]
            for other in others:
                other.start()
            try:
                dropped = drop(site, seconds, stop)
                last = max(dropped)
                eventually("the last one is served", lambda: newest.value >= last or stop.is_set(), True)
            finally:
                stop.set()
                found = dict(results.get(timeout=60) for _ in others)
                for other in others:
                    other.join()
            if "failed" in found:
                sys.exit(found["failed"])
            ledger.nothing_lost(daemon, formats=("atom.xml", "feed.json"), deadline=120)
            feeds.judge(daemon.output)
    counts, taken = found["counts"], seconds_taken(dropped, found["seen"])
    if len(dropped) < 0.95 * RATE * seconds:
        sys.exit(f"only {len(dropped)} posts were written")
    p99 = taken[int(len(taken) * 0.99)]
    figure("load", f"{len(dropped)} posts in {seconds} s while {READERS} readers polled",
           f"{counts.get(200, 0)} documents whole, {counts.get(304, 0)} unchanged, nothing lost; from drop to served "
           f"{1000 * statistics.median(taken):.0f} ms (median), {1000 * p99:.0f} ms (p99)")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# Needs systemd-nspawn: systemd-container
"""Restarts under readers: the socket that systemd holds, and a graceful stop, lose no request.

Readers ask at 100 requests a second for 6 seconds, each on a connection of its own, while the service is restarted, is ended
by a crash, and is restarted again. Every one of 600 must have the whole feed.
"""
import collections
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))

from daemon import the_same  # noqa: E402
from figures import figure, whole  # noqa: E402
from machine import SERVICE, Machine, post  # noqa: E402

RATE, SECONDS = 100, 60 if whole() else 6


def readers(machine, expected):
    """Asks at the rate, whatever becomes of the answers; what came of each request, and how long the slowest took."""
    seen, waits, threads = collections.Counter(), [], []
    started = time.monotonic()

    def one():
        begun = time.monotonic()
        try:
            status, body = machine.ask("rss.xml", timeout=30)
            seen[status if body == expected else f"{status}, another feed"] += 1
        except OSError as error:
            seen[repr(error)] += 1
        waits.append(time.monotonic() - begun)

    for number in range(RATE * SECONDS):
        time.sleep(max(0, started + number / RATE - time.monotonic()))  # the rate
        threads.append(threading.Thread(target=one))
        threads[-1].start()
    for thread in threads:
        thread.join()
    return seen, max(waits)


def under_readers(machine, disturb):
    """What readers saw while the service was disturbed in the middle."""
    expected = machine.ask("rss.xml")[1]
    came = []
    asking = threading.Thread(target=lambda: came.extend(readers(machine, expected)))
    asking.start()
    time.sleep(SECONDS / 6)  # they are under way
    disturb()
    asking.join()
    return came


def main():
    requests = RATE * SECONDS
    with Machine() as machine:
        machine.install()
        for number in range(200):
            machine.write(f"/srv/crawler/_posts/{number}.md", post(number))
        machine.systemctl("start", SERVICE)

        before = machine.process()
        seen, slowest = under_readers(machine, lambda: machine.systemctl("restart", SERVICE))
        the_same("restarted", machine.process() in (0, before), False)
        the_same(f"{requests} of {requests} across a restart, the slowest after {slowest:.2f} s", dict(seen), {200: requests})
        figure("socket activation", f"`systemctl restart` under {RATE} requests/s for {SECONDS} s",
               f"{seen[200]} of {requests}, the slowest after {slowest:.2f} s")

        seen, slowest = under_readers(machine, lambda: [machine.systemctl("restart", SERVICE) for _ in range(5)])
        the_same(f"{requests} of {requests} across five restarts", dict(seen), {200: requests})
        figure("socket activation", f"five restarts in a row under {RATE} requests/s", f"{seen[200]} of {requests}")

        # Without the socket the same must fail, or the readers would notice nothing.
        machine.systemctl("stop", SERVICE)
        machine.configure("/srv/crawler/_posts", f"listen: 127.0.0.1:{machine.port}\n")
        machine.systemctl("mask", "--now", "feedwright.socket")
        machine.drop_in(SERVICE, "folders", machine.run("feedwright", "config", "unit"))
        machine.systemctl("start", SERVICE)
        seen, _ = under_readers(machine, lambda: machine.systemctl("restart", SERVICE))
        the_same("with an address of its own in place of the socket, requests are refused", seen[200] < requests, True)
        figure("without socket activation", f"a restart under {RATE} requests/s", f"{seen[200]} of {requests}")


main()

#!/usr/bin/env python3
# Needs unshare: util-linux
"""More folders than may be watched: the daemon says so at once, in all places, and polls."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import daemon  # noqa: E402
import ledger  # noqa: E402
from daemon import Daemon, Place, eventually, the_same  # noqa: E402
from figures import at_most, figure  # noqa: E402
from manager import Manager  # noqa: E402

FOLDERS = 1000
WATCHES = 3
WORDS = "limit on watched folders"
NO_TIMER = "scan_interval: 1000 h\n"
#: Folders that can all be watched, but not twice at a time.
FEW, ENOUGH = 40, 70


def limited(watches):
    """In a user namespace of its own, the limit is the daemon's alone."""
    return ["unshare", "--user", "--map-root-user", "sh", "-c",
            f'echo {watches} >/proc/sys/user/max_inotify_watches && exec "$@"', "sh"]


def says_so(site, manager, begun):
    """How long it took to say it: to the service manager, in status.json and in the log."""
    eventually("STATUS says it", lambda: WORDS in manager.status, True)
    eventually("status.json says it", lambda: WORDS in (ledger.status(site)["watch"]["degraded"] or ""), True)
    took = time.monotonic() - begun
    the_same("and that it polls", ledger.status(site)["watch"]["mode"], "polling")
    warned = [line for line in (site.folder / "log").read_text().splitlines() if WORDS in line and " WARN " in line]
    the_same("the log warns once", len(warned), 1)
    at_most("it is said", took, 1)
    return took


def fills(site):
    """Posts come into all folders, watched or not; how long until all are there."""
    written = time.monotonic()
    for number in range(FOLDERS):
        ledger.write(site.posts, [number], folder=f"f{number}")
    eventually("all posts are published", lambda: ledger.published(site), FOLDERS)
    took = time.monotonic() - written
    ledger.nothing_lost(site)
    at_most("all posts are published", took, 30)
    return took


def at_start():
    with Place() as place, Manager(place.folder) as manager:
        site = Daemon(place.folder, NO_TIMER, wrapper=limited(WATCHES), environment=manager.environment)
        for number in range(FOLDERS):
            (site.posts / f"f{number}").mkdir()
        with site:
            ready = lambda: next((when for when, name, _ in manager.said if name == "READY"), None)
            eventually("it is ready", lambda: ready() is not None, True)
            said = says_so(site, manager, ready())
            took = fills(site)
    figure("limit on watches, met at the start", f"{WATCHES} watches, {FOLDERS:,} folders",
           f"said {said:.2f} s after READY (at most 1 s); all posts {took:.1f} s after the first was written (at most 30 s)")


def meanwhile():
    with Place() as place, Manager(place.folder) as manager:
        site = Daemon(place.folder, NO_TIMER, wrapper=limited(WATCHES), environment=manager.environment)
        with site:
            eventually("it is ready", lambda: "posts in" in manager.status, True)
            the_same("nothing is wrong yet", ledger.status(site)["watch"]["degraded"], None)
            begun = time.monotonic()
            for number in range(FOLDERS):
                (site.posts / f"f{number}").mkdir()
            said = says_so(site, manager, begun)
            took = fills(site)
    figure("limit on watches, met by new folders", f"{WATCHES} watches, {FOLDERS:,} folders",
           f"said {said:.2f} s later (at most 1 s); all posts {took:.1f} s after the first was written (at most 30 s)")


def reloaded():
    """While settings change, the watches of before count as well: they are no reason to poll for good."""
    with Place() as place:
        site = Daemon(place.folder, NO_TIMER, wrapper=limited(ENOUGH))
        for number in range(FEW):
            (site.posts / f"f{number}").mkdir()
        with site:
            degraded = lambda: ledger.status(site)["watch"]["degraded"]
            eventually("all can be watched", degraded, None)
            for times in range(2):
                site.configure(NO_TIMER + f"title: {times}\n")
                site.reload()
                eventually("new settings hold", lambda: (site.folder / "log").read_text().count("hold everywhere"), times + 1)
                eventually("all can be watched again", degraded, None)
            ledger.write(site.posts, [1], folder="f1")
            eventually("a post is published", lambda: ledger.published(site), 1)


if __name__ == "__main__":
    daemon.DEADLINE = 60
    at_start()
    meanwhile()
    reloaded()

#!/usr/bin/env python3
"""At rest the daemon sleeps: how often its threads are woken while nothing happens."""
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import ledger  # noqa: E402
from daemon import Daemon, Place, eventually  # noqa: E402
from figures import figure, whole  # noqa: E402

POSTS = 100
#: Young files are looked at again until then.
REST = 5
LOOK = 120 if whole() else 30
#: In a minute: two naps of the loop, each of which takes a few steps. Mounts that others make wake it, too.
MOST = 20


def woken(site):
    """How often each thread was woken."""
    tasks = pathlib.Path(f"/proc/{site.process.pid}/task").iterdir()
    count = lambda task: int(re.search(r"\nvoluntary_ctxt_switches:\s+(\d+)", (task / "status").read_text())[1])
    return {(task.name, (task / "comm").read_text().strip()): count(task) for task in tasks}


def main():
    with Place() as place:
        site = Daemon(place.folder)
        ledger.write(site.posts, range(POSTS), folder="deep/in/folders")
        with site:
            eventually("it is ready", lambda: site.status("readyz"), 200)
            time.sleep(REST)
            before, begun = woken(site), time.monotonic()
            time.sleep(LOOK)
            minutes = (time.monotonic() - begun) / 60
            each = {name: (count - before.get((number, name), 0)) / minutes for (number, name), count in woken(site).items()}
    said = ", ".join(f"{name} {count:.0f}" for name, count in each.items() if count)
    figure("rest", f"{POSTS} posts, {LOOK} s in which nothing happens", f"{sum(each.values()):.0f} wake-ups a minute (at most {MOST}): {said}")
    if sum(each.values()) > MOST:
        sys.exit(f"it was woken: {said}")


if __name__ == "__main__":
    main()

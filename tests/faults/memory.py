#!/usr/bin/env python3
"""Memory is bounded by caches, not by posts and feeds: of a first build, at rest over what is known, once every feed was sent."""
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "support"), str(TESTS.parent / "benches")]
import posts  # noqa: E402
from daemon import FEEDWRIGHT, Daemon, Place, eventually  # noqa: E402
from figures import figure, whole  # noqa: E402

POSTS = 100_000 if whole() else 10_000
#: MiB at most. At rest 20 are promised, on a quiet machine. What is sent lies in a cache of 64.
BUILDING, RESTING, SENT = 100, 24, 130


def peak(command, folder):
    """MiB that a program held at most."""
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command} ended with {os.waitstatus_to_exitcode(status)}")
    return used.ru_maxrss / 1024


def memory(site):
    status = pathlib.Path(f"/proc/{site.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def ticks(site):
    """Processor time of all threads, in hundredths of a second."""
    fields = pathlib.Path(f"/proc/{site.process.pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def rest(site):
    """Waits until nothing was done for some seconds: titles and texts are indexed when there is time."""
    end, before = time.monotonic() + 600, None
    while before != (before := ticks(site)):
        if time.monotonic() > end:
            sys.exit("it never rests")
        time.sleep(3)


def send_all(site):
    """Asks for every feed, as it is and compressed; how many answers came."""
    asked = 0
    for feed in site.output.rglob("*.[xj]*"):
        path = urllib.parse.quote(str(feed.relative_to(site.output)))
        for coding in ("identity", "gzip", "br"):
            asking = urllib.request.Request(site.base + path, headers={"Accept-Encoding": coding})
            with urllib.request.urlopen(asking, timeout=60) as answer:
                asked += len(answer.read()) > 0
    return asked


def forget_program():
    """What lies in memory of the program's file since it was built would be mapped with what is used of it."""
    with open(FEEDWRIGHT, "rb") as program:
        os.fsync(program.fileno())
        os.posix_fadvise(program.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def within(what, done, found, most):
    figure(what, done, f"{found:.1f} MiB (at most {most})")
    if found > most:
        sys.exit(f"{what}: {found:.1f} MiB instead of at most {most}")


def main():
    with Place() as place:
        site = Daemon(place.folder, configuration="    future: publish\nbase_url: https://feeds.example/\n")
        posts.write(POSTS, site.posts)
        built = peak([FEEDWRIGHT, "build", "-c", "feedwright.yaml"], site.folder)
        within("memory of a first build", f"{POSTS} posts", built, BUILDING)
        with site:
            rest(site)
        # Titles and texts are indexed by now.
        forget_program()
        with site:
            eventually("it is ready", lambda: site.status("readyz"), 200)
            rest(site)
            within("memory at rest", f"{POSTS} posts", memory(site), RESTING)
            answers = send_all(site)
            rest(site)
            within("memory once every feed was sent", f"{answers} answers in three codings", memory(site), SENT)


if __name__ == "__main__":
    main()

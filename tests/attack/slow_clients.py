#!/usr/bin/env python3
# Needs slowhttptest
"""Two thousand slow connections, by each of slowhttptest's ways, take the places of each other: ordinary requests go on.

slowhttptest exits with 0 whatever happened, and so is judged by what it prints: whether its own probe was answered.
"""
import http.client
import pathlib
import re
import resource
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
import daemon
import ledger
from daemon import Daemon, Place, eventually
from figures import figure, whole

CONNECTIONS = 2000
#: So many of them must have been tried, on a busy machine too.
ENOUGH = CONNECTIONS * 9 // 10 if whole() else CONNECTIONS // 4
SECONDS = 30 if whole() else 10
MOST_MS = 50
#: On a machine with other work: so many times what the same requests take while nobody attacks.
BUSY = 3

WAYS = {
    "slow heads": ["-H", "-i", "3", "-x", "24"],
    "slow bodies": ["-B", "-i", "3", "-x", "24", "-s", "8192"],
    "ranges": ["-R", "-a", "5", "-b", "3000"],
    "slow reads": ["-X", "-w", "512", "-y", "1024", "-n", "5", "-z", "32", "-k", "3"],
}


class Ordinary(threading.Thread):
    """A reader that comes again and again, each time by a new connection."""

    def __init__(self, port):
        super().__init__()
        self.port = port
        self.times = []
        self.failures = []
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(0.01):
            began = time.monotonic()
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            try:
                connection.request("GET", "/rss.xml")
                response = connection.getresponse()
                body = response.read()
                if response.status != 200 or b"</rss>" not in body:
                    self.failures.append(f"{response.status}, {len(body)} bytes")
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
            finally:
                connection.close()
            self.times.append((time.monotonic() - began) * 1000)

    def measured(self, what):
        self.ended.set()
        self.join()
        if self.failures:
            sys.exit(f"{what}: {len(self.failures)} of {len(self.times)} ordinary requests failed, first {self.failures[0]}")
        times = sorted(self.times)
        return len(times), times[len(times) * 99 // 100], times[-1]


def attack(port, options):
    def many_files():
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    # It ends once all its connections are closed, or when the time is over.
    command = ["slowhttptest", "-c", str(CONNECTIONS), "-r", "1000", "-l", str(SECONDS), "-p", "5", "-t", "GET",
               "-u", f"http://127.0.0.1:{port}/rss.xml", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=daemon.DEADLINE + SECONDS, preexec_fn=many_files,
                          env={"TERM": "dumb", "PATH": "/usr/bin:/bin:/usr/local/bin"})
    said = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", done.stdout + done.stderr)
    answers = re.findall(r"service available:\s*(YES|NO)", said)
    opened = [sum(map(int, counts)) for counts in re.findall(
        r"pending:\s+(\d+)\s+connected:\s+(\d+)\s+error:\s+(\d+)\s+closed:\s+(\d+)", said)]
    if not answers or not opened:
        sys.exit(f"slowhttptest says nothing that can be judged:\n{said[-2000:]}")
    return answers.count("NO"), len(answers), max(opened)


with Place() as place:
    site = Daemon(place.folder)
    for number in range(60):
        site.write(f"{number}.md", f"---\ntitle: {number}\ndate: 2024-01-01\n---\n{'word ' * 2000}\n")
    with site:
        eventually("the posts are there", lambda: ledger.published(site), 60)
        ordinary = Ordinary(site.port)
        ordinary.start()
        time.sleep(2)
        count, quiet, _ = ordinary.measured("quiet")
        print(f"quiet: p99 {quiet:.1f} ms of {count}", flush=True)
        worst = 0
        for way, options in WAYS.items():
            ordinary = Ordinary(site.port)
            ordinary.start()
            refused, probes, opened = attack(site.port, options)
            count, p99, longest = ordinary.measured(way)
            seen = f"{count} ordinary requests, none failed, p99 {p99:.1f} ms (at most {MOST_MS}; unattacked {quiet:.1f}), longest {longest:.1f} ms"
            figure(f"slowhttptest, {way}", f"{opened} connections in {SECONDS} s", seen)
            # Bodies are not waited for, and ranges answered at once: slowhttptest gives up once it has no connection left.
            if opened < ENOUGH and way not in ("slow bodies", "ranges"):
                sys.exit(f"{way}: only {opened} connections were tried")
            # The probe waits 5 s for an answer.
            if refused:
                sys.exit(f"{way}: slowhttptest had no answer in {refused} of {probes} seconds")
            if p99 > max(MOST_MS, BUSY * quiet):
                sys.exit(f"{way}: ordinary requests take {p99:.1f} ms at the 99th percentile")
            worst = max(worst, p99)
        with open(f"/proc/{site.process.pid}/status") as status:
            memory = int(re.search(r"VmHWM:\s+(\d+)", status.read())[1]) // 1024
        figure("memory under slow clients", "all of these", f"{memory} MiB at most")
        print(f"worst p99 {worst:.1f} ms")

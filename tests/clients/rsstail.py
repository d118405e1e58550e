#!/usr/bin/env python3
# Needs rsstail
"""rsstail: one process a feed that runs on, asks by HEAD for Last-Modified, and prints one line an entry.

It knows nothing of ids: an entry whose title it printed is not printed again.
"""
import pathlib
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from daemon import DEADLINE  # noqa: E402
from story import CATEGORY, MAIN, Client, tell  # noqa: E402


class Rsstail(Client):
    formats = {MAIN: "rss.xml", CATEGORY: "rss.xml"}

    def __init__(self, place, urls, proxy):
        super().__init__(place, urls, proxy)
        self.processes = {}
        for name, url in urls.items():
            out = open(self.home / f"{name}.lines", "wb")
            command = ["rsstail", "-u", url, "-i", "1", "-n", "50", "-N", "-P"]
            self.processes[name] = subprocess.Popen(command, stdout=out, stderr=out, env=place.environment(), cwd=self.home)
            out.close()

    def poll(self):
        """Waits until each process has begun two more rounds: the first of them is over then."""
        paths = {urllib.parse.urlsplit(url).path for url in self.urls.values()}
        before, end = len(self.proxy.asked), time.monotonic() + DEADLINE
        rounds = lambda path: [one for one in self.proxy.asked[before:] if (one.method, one.path) == ("HEAD", path)]
        while any(len(rounds(path)) < 2 for path in paths):
            ended = [name for name, process in self.processes.items() if process.poll() is not None]
            if ended or time.monotonic() > end:
                sys.exit(f"rsstail does not go on: {[(name, self.shown(name)) for name in self.processes]}")
            time.sleep(0.05)

    def is_unmoved(self, asked):
        return asked.method == "HEAD"

    def shown(self, feed):
        return [line.strip() for line in (self.home / f"{feed}.lines").read_text().splitlines() if line.strip()]

    def close(self):
        for process in self.processes.values():
            process.kill()
            process.wait()


tell(Rsstail)

#!/usr/bin/env python3
# Needs unshare: util-linux
"""Slow writers and killed ones: no reader ever sees half a post, and no post is forgotten.

Feeds are read all the while. Meanwhile the daemon is told to look at everything again and again, since a scan meets a file
in the middle more easily than an event does.
"""
import pathlib
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import daemon  # noqa: E402
import ledger  # noqa: E402
from daemon import Daemon, Place, eventually, the_same  # noqa: E402
from figures import figure, whole  # noqa: E402

PACE = 0.05
#: Without a watch to be had, folders are polled.
POLLED = ["unshare", "--user", "--map-root-user", "sh", "-c", 'echo 1 >/proc/sys/user/max_inotify_watches && exec "$@"', "sh"]
# Writes its input to a file, slowly, as one that was opened once.
WRITER = r"""
import os, sys, time
text, pace, stall = sys.stdin.buffer.read(), float(sys.argv[2]), float(sys.argv[3])
os.makedirs(os.path.dirname(sys.argv[1]), exist_ok=True)
file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
for place in range(len(text)):
    os.write(file, text[place:place + 1])
    time.sleep(stall if place in (len(text) // 3, len(text) // 2, len(text) * 3 // 4) else pace)
os.close(file)
"""


def writer(path, text, pace=PACE, stall=PACE):
    """Starts a writer, as a process that can be killed."""
    started = subprocess.Popen([sys.executable, "-c", WRITER, path, str(pace), str(stall)], stdin=subprocess.PIPE)
    started.stdin.write(text.encode())
    started.stdin.close()
    return started


def reloads(site, stop):
    while not stop.wait(0.7):
        site.reload()


class Judge:
    """Which digests each post may have in a feed."""

    def __init__(self):
        self.allowed = {}

    def allow(self, path, text):
        title, body = ledger.split(text.encode())[0]["title"], ledger.split(text.encode())[1]
        self.allowed.setdefault(ledger.identity(path), set()).add(ledger.digest(title, body))

    def __call__(self, name, entries):
        for id, seen in entries.items():
            if id in self.allowed and seen not in self.allowed[id]:
                raise ledger.Lost(f"{name} shows half of {id}")


def slow(what, wrapper, configuration, patience):
    """New files, an edit in place, a new folder, a writer that pauses for seconds. `patience` is in seconds: where a close may
    have been missed, a file must be quiet for five."""
    with Place() as place, Daemon(place.folder, configuration, wrapper=wrapper) as site:
        judge, stop = Judge(), threading.Event()
        words = "the words of a slow post, 一个字一个字地写" * (8 if whole() else 1)
        jobs = {"new.md": PACE, "edit.md": PACE, "stalls.md": 3, "folder/below/new.md": PACE, "folder/stalls.md": 3}
        old = ledger.post(1, "the old words")
        site.write("edit.md", old)
        judge.allow("edit.md", old)
        eventually("the post to be edited is there", lambda: b"the old words" in site.get("atom.xml"), True)
        with ledger.watched(site, judge=judge) as readings:
            writers = []
            for number, (path, stall) in enumerate(jobs.items(), 2):
                text = ledger.post(number, words)
                judge.allow(path, text)
                writers.append(writer(str(site.posts / path), text, PACE, stall))
            thread = threading.Thread(target=reloads, args=(site, stop))
            thread.start()
            try:
                for started in writers:
                    the_same("a writer is done", started.wait(), 0)
            finally:
                stop.set()
                thread.join()
            done = time.monotonic()
            ledger.nothing_lost(site)
            took = time.monotonic() - done
        if took > patience:
            sys.exit(f"the last was published {took:.1f} s after its writer was done")
        size = len(ledger.post(2, words).encode())
        figure(f"slow writers, {what}", f"{len(jobs)} files of {size:,} bytes, a byte each 50 ms, pauses of 3 s, reloads",
               f"0 halves in {sum(readings.values()):,} readings; whole {took:.1f} s after the last was closed")


def killed(what, wrapper, configuration):
    """Killed in front matter, tag, character and text: written again by another, or left as it is."""
    with Place() as place, Daemon(place.folder, configuration, wrapper=wrapper) as site:
        text = ledger.post(1, "the words of a post, <a href='https://e.example/'>一个链接</a> and more words")
        raw = text.encode()
        cuts = {"title": raw.index(b"Post") + 2, "front": raw.index(b"author"), "fence": raw.index(b"\n---\n\n<div") + 3,
                "tag": raw.index(b"href"), "character": raw.index("链".encode()) + 1, "text": raw.index(b"more words"),
                "end": raw.rindex(b"</div>")}
        judge = Judge()

        def cut(path, at):
            target = site.posts / path
            target.parent.mkdir(exist_ok=True)
            started = subprocess.Popen([sys.executable, "-c",
                                        "import signal, sys; f = open(sys.argv[1], 'wb'); f.write(sys.stdin.buffer.read()); "
                                        "f.flush(); print(flush=True); signal.pause()", target],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            started.stdin.write(raw[:at])
            started.stdin.close()
            started.stdout.readline()
            started.send_signal(signal.SIGKILL)
            started.wait()
            started.stdout.close()

        with ledger.watched(site, judge=judge) as readings:
            for name, at in cuts.items():
                judge.allow(f"again/{name}.md", text)
                cut(f"again/{name}.md", at)
                cut(f"left/{name}.md", at)
            for name in cuts:
                writer(str(site.posts / f"again/{name}.md"), text, 0, 0).wait()
            eventually("what was written again is there",
                       lambda: judge.allowed.keys() <= ledger.document(site.get("atom.xml"), "atom.xml").entries.keys(), True)

            def forgotten():
                found = ledger.document(site.get("atom.xml"), "atom.xml").entries
                listed = {one["path"] for one in ledger.status(site)["problems"]}
                left = [f"left/{name}.md" for name in cuts]
                return [path for path in left if path not in listed and ledger.identity(path) not in found]

            eventually("what was left as it is is published as it stands, or listed", forgotten, [])
        figure(f"killed writers, {what}", f"killed in {len(cuts)} places ({', '.join(cuts)}); written again by another, or left",
               f"0 halves before that in {sum(readings.values()):,} readings, 0 forgotten")


if __name__ == "__main__":
    daemon.DEADLINE = 120
    slow("by events", (), "", 10)
    killed("by events", (), "")
    slow("by polls", POLLED, "scan_interval: 1 s\n", 15)
    killed("by polls", POLLED, "scan_interval: 1 s\n")

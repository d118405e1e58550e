#!/usr/bin/env python3
# Needs systemd-nspawn: systemd-container
"""The posts folder goes, and comes back: emptied, removed, renamed away, unmounted, alone or with its parent, or its parent's.

All that under the shipped unit, whose daemon has confined itself by Landlock: a rule for a folder that is made again lets
nobody in. After each blow the feeds keep every post, the status says so, and once the folder is back, what is new in it
comes out within seconds.
"""
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))

from daemon import eventually, the_same  # noqa: E402
from figures import figure  # noqa: E402
from machine import SERVICE, Machine, post  # noqa: E402

BASE, PARENT, FOLDER = "/srv/site", "/srv/site/crawler", "/srv/site/crawler/_posts"
POSTS = 60


class Folder:
    """The folder, what was in it, and what the feeds must show."""

    def __init__(self, machine):
        self.machine, self.written = machine, 0
        self.fill(range(POSTS))

    def fill(self, numbers):
        for number in numbers:
            self.machine.write(f"{FOLDER}/{number}.md", post(number))
        self.written = max(self.written, numbers[-1] + 1)

    def titles(self):
        return set(self.machine.ask_titles())

    def state(self):
        posts = json.loads(self.machine.ask("status.json")[1])["posts"]
        return posts["published"], posts["kept"]


#: What is done to the folder, and what brings it back, in words for a shell.
BLOWS = {
    "emptied": (f"rm -rf {FOLDER}/*", "true"),
    "removed and made again": (f"rm -rf {FOLDER}", f"mkdir {FOLDER}"),
    "renamed away and made again": (f"mv {FOLDER} {FOLDER}.old", f"mkdir {FOLDER}"),
    "renamed away and back": (f"rm -rf {FOLDER}.old; mv {FOLDER} {FOLDER}.old", f"mv {FOLDER}.old {FOLDER}"),
    "its parent removed and made again": (f"rm -rf {PARENT}", f"mkdir -p {FOLDER}"),
    "its parent renamed away and made again": (f"mv {PARENT} {PARENT}.old", f"mkdir -p {FOLDER}"),
    "another file system mounted over it, and unmounted": (
        f"mount -t tmpfs tmpfs {FOLDER}", f"umount {FOLDER}"),
    "unmounted and mounted anew, with its parent": (f"umount {BASE}", f"mount -t tmpfs tmpfs {BASE}; mkdir -p {FOLDER}"),
}


def blow(folder, name, strike, restore):
    machine = folder.machine
    before, shown = folder.written, folder.state()[0]
    the_same(f"{name}: all is shown before", (shown, len(folder.titles())), (before, before))
    machine.run("bash", "-c", strike)
    eventually(f"{name}: all posts are kept, and said to be", folder.state, (before, before))
    eventually("  in a line for systemctl", lambda: f"{before} kept though their files are missing" in machine.show("StatusText"), True)
    the_same("  the feed is whole", len(folder.titles()), before)
    machine.run("bash", "-c", restore)
    started = time.monotonic()
    folder.fill([before])
    eventually("  what is new in the folder comes out", lambda: f"Post {before}" in folder.titles(), True)
    took = time.monotonic() - started
    folder.fill(range(before))
    eventually("  and what is back is no longer missing", folder.state, (before + 1, 0))
    return took


def main():
    with Machine() as machine:
        machine.run("bash", "-c", f"mkdir {BASE} && mount -t tmpfs tmpfs {BASE} && mkdir -p {FOLDER}")
        machine.install(FOLDER, "window: {entries: 500}\n")
        folder = Folder(machine)
        machine.systemctl("start", SERVICE)
        said = [entry["MESSAGE"] for entry in machine.journal("-g", "Landlock")]
        the_same("Landlock is on, for a folder that stays", said, ["confined by Landlock: posts are read below /srv"])
        process, worst = machine.process(), 0
        for name, (strike, restore) in BLOWS.items():
            worst = max(worst, blow(folder, name, strike, restore))
        the_same("by one process", machine.process(), process)
        figure("folder gone and back", f"{len(BLOWS)} ways, {POSTS} posts, under systemd with Landlock on",
               f"every post kept and said to be; new ones out within {worst:.1f} s of the folder's return")


main()

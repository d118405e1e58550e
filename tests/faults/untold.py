#!/usr/bin/env python3
# Needs bindfs
# Needs unshare: util-linux
"""File systems on which events never come: the daemon knows them by their type, warns, and polls. A bind mount does tell. One that
does not answer keeps no other folder waiting."""
import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import ledger  # noqa: E402
from daemon import Daemon, Place, as_root, eventually, the_same  # noqa: E402
from figures import at_most, figure  # noqa: E402
from manager import Manager  # noqa: E402

POSTS = 100
WATCHDOG = 2  # seconds


@contextlib.contextmanager
def mounted(*command, on):
    subprocess.run([*map(str, command), on], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", on], check=True)


def polled(what, kind, site, behind, under=""):
    """Posts that are written behind the daemon's back, into the folder that is `under` the posts folder."""
    with site:
        status = lambda: ledger.status(site)["watch"]
        eventually("the last scan is known", lambda: status()["last_scan"] is not None, True)
        eventually("it polls", lambda: status()["mode"], "polling")
        the_same("the reason is given", f"is on {kind}, which does not tell of every change" in status()["degraded"], True)
        lines = lambda: (site.folder / "log").read_text().splitlines()
        warnings = lambda: sum(" WARN " in line and f"is on {kind}" in line for line in lines())
        eventually("the log warns", warnings, 1)
        ledger.write(behind, range(POSTS))
        (behind / "notes.md").write_text("no post\n")
        written = time.monotonic()
        eventually("all are published", lambda: ledger.published(site), POSTS)
        took = time.monotonic() - written
        ledger.nothing_lost(site, expected=renamed(ledger.walk(behind), under))
        ledger.write(behind, [3], words="other words")
        (behind / "p4.md").unlink()
        eventually("a deletion is noticed, as an edit is", lambda: ledger.published(site), POSTS - 1)
        ledger.nothing_lost(site, expected=renamed(ledger.walk(behind), under))
        the_same("it warned once", warnings(), 1)
    at_most("all are published", took, 30)
    figure(f"events that never come: {what}", f"{POSTS} posts written behind the daemon's back",
           f"polls by itself, with a warning; 0 lost, published after {took:.1f} s (at most 30 s)")


def renamed(found, under):
    """The ledger of a folder as it looks from above."""
    if not under:
        return found
    entries = {ledger.identity(f"{under}/{one.path}"): one for one in found.entries.values()}
    return ledger.Ledger(entries, *({f"{under}/{path}" for path in paths} for paths in (found.listed, found.either)))


def overlay():
    with Place() as place:
        lower, upper, work = (place.folder / name for name in ("lower", "upper", "work"))
        for folder in (lower, upper, work):
            folder.mkdir()
        options = f"lowerdir={lower},upperdir={upper},workdir={work}"
        script = 'mount -t overlay overlay -o "$0" "$1" && shift && exec "$@"'
        site = Daemon(place.folder)
        site.wrapper = ["unshare", "--mount", "sh", "-c", script, options, str(site.posts)]
        polled("an overlay, written through its upper folder", "overlayfs", site, upper)


def fuse(under=""):
    with Place() as place:
        site, behind = Daemon(place.folder), place.folder / "behind"
        behind.mkdir()
        (site.posts / under).mkdir(exist_ok=True)
        with mounted("bindfs", behind, on=site.posts / under):
            what = "FUSE, mounted below the posts folder" if under else "FUSE"
            polled(what, "FUSE", site, behind, under)


def bind():
    with Place() as place:
        site, behind = Daemon(place.folder, "scan_interval: 1000 h\n"), place.folder / "behind"
        behind.mkdir()
        with mounted("mount", "--bind", behind, on=site.posts), site:
            eventually("the watch is told of", lambda: ledger.status(site)["watch"]["mode"], "events")
            the_same("nothing is wrong", ledger.status(site)["watch"]["degraded"], None)
            ledger.write(behind, range(POSTS))
            written = time.monotonic()
            eventually("all are published", lambda: ledger.published(site), POSTS)
            took = time.monotonic() - written
            ledger.nothing_lost(site)
        figure("a bind mount, which does tell", f"{POSTS} posts written to the folder that it shows, no periodic scan",
               f"events are trusted; 0 lost, published after {took:.2f} s")


def hung():
    """One folder does not answer: the watchdog leaves the daemon alone, and a reload, which looks at every folder, and another one
    keep no post waiting."""
    with Place() as place, Manager(place.folder) as manager:
        behind, mount = place.folder / "behind", place.folder / "mount"
        behind.mkdir()
        mount.mkdir()
        ledger.write(behind, range(POSTS))
        for post in behind.iterdir():
            # Young files are looked at again.
            os.utime(post, (0, 0))
        site = Daemon(place.folder, f"    name: here\n  - path: {mount}\n    name: there\nscan_interval: 1000 h\n",
                      environment=manager.environment | {"WATCHDOG_USEC": str(WATCHDOG * 1_000_000)})
        fed = lambda: sum(name == "WATCHDOG" for _, name, _ in manager.said)
        mounting = subprocess.Popen(["bindfs", "-f", behind, mount])
        try:
            eventually("the folder is mounted", lambda: os.path.ismount(mount), True)
            with site:
                eventually("all are published", lambda: ledger.published(site), POSTS)
                mounting.send_signal(signal.SIGSTOP)
                # It is fed four times as often as it must be.
                enough = fed() + 3 * 4
                eventually("the watchdog is fed for three times as long as it waits", lambda: fed() >= enough, True)
                log = lambda: (site.folder / "log").read_text()
                for reloads in (1, 2):
                    site.reload()
                    eventually("a reload has begun", lambda: log().count("the configuration was read again"), reloads)
                began = time.monotonic()
                ledger.write(site.posts, [POSTS])
                eventually("a post in another folder is published", lambda: ledger.published(site), POSTS + 1)
                took = time.monotonic() - began
                the_same("the reload has not ended", "the settings hold everywhere" in log(), False)
                mounting.send_signal(signal.SIGCONT)
                eventually("it ends once the folder answers", lambda: "the settings hold everywhere" in log(), True)
                the_same("nothing is lost", ledger.published(site), POSTS + 1)
                mounting.send_signal(signal.SIGSTOP)
                enough = fed() + 4
                eventually("it lives on", lambda: fed() >= enough, True)
                began = time.monotonic()
            ended = time.monotonic() - began
            the_same("it ends in good order", site.process.returncode, 0)
        finally:
            mounting.send_signal(signal.SIGCONT)
            mounting.terminate()
            mounting.wait()
    at_most("a post in another folder is published", took, 1)
    at_most("the daemon ends", ended, 5)
    figure("a folder that does not answer", f"{POSTS} posts on a FUSE that is stopped for thrice the watchdog's time and two reloads",
           f"a post in another folder published after {took:.2f} s (at most 1 s), the reload ends when it answers; told to stop, the "
           f"daemon ends after {ended:.1f} s (at most 5 s)")


if __name__ == "__main__":
    as_root()
    bind()
    overlay()
    fuse()
    fuse("social")
    hung()

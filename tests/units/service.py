#!/usr/bin/env python3
# Needs systemd-nspawn: systemd-container
"""The units as they are shipped, under a real systemd: start to stop, what they may reach, and what ends a daemon that hangs.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))

from daemon import eventually, the_same  # noqa: E402
from figures import figure, whole  # noqa: E402
from machine import REPOSITORY, SERVICE, Frozen, Machine, free_port, post  # noqa: E402

POSTS = 5_000 if whole() else 1_500
FOLDER = "/srv/crawler/_posts"
#: The greatest exposure by `systemd-analyze security`, of 10.
EXPOSURE = 0.3
UNITS = ("feedwright.service", "feedwright.socket")


def judged(machine):
    """What systemd-analyze thinks of the units."""
    said = machine.run("systemd-analyze", "security", "--offline=true", "--no-pager", f"/usr/lib/systemd/system/{SERVICE}")
    exposure = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", said)[1])
    the_same(f"an exposure of {exposure}, at most {EXPOSURE}", exposure <= EXPOSURE, True)
    figure("exposure", "`systemd-analyze security --offline=true`", f"{exposure} (at most {EXPOSURE})")
    units = [f"/usr/lib/systemd/system/{unit}" for unit in UNITS]
    the_same("nothing to say about the units", machine.run("systemd-analyze", "verify", *units), "")
    # It exits with 0 on a typo: this judge must see one all the same.
    machine.write("/run/typo/feedwright.service", (REPOSITORY / "systemd" / SERVICE).read_text().replace("UMask=", "Umask="))
    said = machine.run("systemd-analyze", "verify", "/run/typo/feedwright.service", check=False)
    the_same("a typo is noticed", "Umask" in said, True)
    for unit in UNITS:
        lines = (REPOSITORY / "systemd" / unit).read_text().splitlines()
        bare = [line for before, line in zip(lines, lines[1:]) if line.startswith("[") is False and "=" in line
                and not line.startswith("#") and not before.strip()]
        the_same(f"no group of directives of {unit} without its reason", bare, [])


def starts(machine):
    """Active only when all is published: systemd is told at once, and not before."""
    for number in range(POSTS):
        machine.write(f"{FOLDER}/{number}.md", post(number))
    started = time.monotonic()
    machine.systemctl("start", "--no-block", SERVICE)
    early = set()
    while (state := machine.show("ActiveState")) != "active":
        if state == "activating" and machine.show("SubState") == "start":
            early.add(machine.ask("readyz")[0])
        if time.monotonic() > started + 60:
            sys.exit(f"not started: {machine.systemctl('status', SERVICE, check=False)}")
    the_same("ready when systemd thinks so, with all posts", (machine.ask("readyz")[0], machine.published()), (200, POSTS))
    the_same(f"not ready before ({sorted(early)})", early <= {503, 200} and 503 in early, True)
    figure("READY", f"start with {POSTS} posts, asked for /readyz meanwhile", "503 until active, then 200 with every post")


def confined(machine):
    """Who it runs as, and what it cannot do."""
    process = machine.process()
    status = machine.inside(f"/proc/{process}/status").read_text()
    uid = machine.run("id", "-u", "feedwright").strip()
    the_same("it runs as its user", re.search(r"^Uid:\t(.*)$", status, re.M)[1].split(), [uid] * 4)
    the_same("no capabilities", re.findall(r"^Cap\w+:\t(\w+)$", status, re.M), ["0" * 16] * 5)
    the_same("no new privileges, and a filter", re.findall(r"^(?:NoNewPrivs|Seccomp):\t(\d)$", status, re.M), ["1", "2"])
    networks = {machine.run("readlink", f"/proc/{number}/ns/net") for number in (1, process)}
    the_same("a network of its own", len(networks), 2)
    the_same("in which nothing can be reached", " UP " in machine.run("nsenter", "-t", process, "-n", "ip", "link"), False)

    def written(path):
        words = ("nsenter", "-t", process, "-m", "-S", uid, "-G", uid, "touch", path)
        return "Read-only" not in (said := machine.run(*words, check=False)) and said == ""

    outside = ["/etc/feedwright/x", "/usr/x", "/srv/x", f"{FOLDER}/x.md", "/var/lib/x", "/opt/x", "/x"]
    the_same("nothing can be written outside", [path for path in outside if written(path)], [])
    the_same("but its state", written("/var/lib/feedwright/x"), True)
    seen = machine.run("nsenter", "-t", process, "-m", "ls", "-A", "/home").split()
    the_same("homes are hidden", seen, [])
    modes = machine.run("bash", "-c", "cd /var/lib/feedwright; stat -c '%a %n' catalog.sqlite feeds feeds/rss.xml").splitlines()
    the_same("the catalog is its own, the feeds are everybody's",
             modes, ["600 catalog.sqlite", "755 feeds", "644 feeds/rss.xml"])
    said = [entry["MESSAGE"] for entry in machine.journal("-g", "Landlock")]
    the_same("Landlock is on", said, ["confined by Landlock: posts are read below /srv"])
    figure("confinement", "uid, capabilities, namespaces, writes outside of the state folder", f"none of {len(outside)} written")


def told(machine):
    """Log lines have fields, and a reload says what it came to."""
    machine.write(f"{FOLDER}/bad.md", "---\ntitle: never closed\n")
    find = lambda: [entry for entry in machine.journal("-p", "warning") if "bad.md" in json.dumps(entry)]  # noqa: E731
    eventually("the rejected post is in the journal", lambda: len(find()) > 0, True)
    entry = find()[0]
    fields = {name for name in ("PRIORITY", "SYSLOG_IDENTIFIER", "TARGET", "CODE_FILE", "MESSAGE") if name in entry}
    the_same("by the journal's own protocol, with fields", (entry["_TRANSPORT"], entry.get("SYSLOG_IDENTIFIER"), len(fields)),
             ("journal", "feedwright", 5))
    machine.inside(f"{FOLDER}/bad.md").unlink()
    process = machine.process()
    machine.configure(FOLDER, "titel: New\n")
    machine.systemctl("reload", SERVICE)
    find = lambda: [entry["MESSAGE"] for entry in machine.journal("-g", "old configuration stays")]  # noqa: E731
    eventually("a wrong configuration is refused", lambda: len(find()), 1)
    the_same("with its place", "feedwright.yaml:4:1: titel" in find()[0], True)
    machine.configure(FOLDER, "title: New\n")
    machine.systemctl("reload", SERVICE)
    eventually("a good one is taken", lambda: b"<title>New</title>" in machine.ask("rss.xml")[1], True)
    the_same("by the same process", (machine.process(), machine.show("ActiveState")), (process, "active"))

    more = "  - path: /opt/elsewhere\n    name: more\n    timezone: UTC\n"
    machine.write("/opt/elsewhere/a.md", post(0))
    machine.write("/etc/feedwright/feedwright.yaml", f"posts:\n  - path: {FOLDER}\n    name: posts\n    timezone: UTC\n{more}")
    machine.systemctl("reload", SERVICE)
    eventually("a folder outside of what it shut itself into is named, with the cure",
               lambda: "/opt/elsewhere cannot be read" in (text := machine.show("StatusText")) and "restart" in text, True)
    machine.systemctl("restart", SERVICE)
    eventually("and is read after a restart", machine.published, POSTS + 1)
    machine.configure(FOLDER)
    machine.systemctl("restart", SERVICE)


def forgets(machine):
    """The commands of docs/running.md drop a post that is kept."""
    kept = lambda: json.loads(machine.ask("status.json")[1])["posts"]["kept"]  # noqa: E731
    machine.configure(FOLDER, "defaults: {on_delete: keep}\n")
    machine.systemctl("restart", SERVICE)
    machine.write(f"{FOLDER}/kept.md", post(POSTS))
    eventually("one more", machine.published, POSTS + 1)
    machine.inside(f"{FOLDER}/kept.md").unlink()
    eventually("it is kept", lambda: (machine.published(), kept()), (POSTS + 1, 1))
    written = (REPOSITORY / "docs/running.md").read_text()
    commands = re.search(r"```sh\n(sudo systemctl stop .*?)```", written, re.DOTALL)[1]
    machine.run("bash", "-ec", re.sub("sudo -u feedwright", "runuser -u feedwright --", commands).replace("sudo ", "").replace("PATH", "kept.md"))
    eventually("it is forgotten, and the daemon is back", lambda: (machine.published(), kept()), (POSTS, 0))
    machine.configure(FOLDER)
    machine.systemctl("restart", SERVICE)


def killed(machine):
    """A crash: everything is back, the same."""
    eventually("all posts", machine.published, POSTS)
    before, process = machine.ask("rss.xml")[1], machine.process()
    machine.write(f"{FOLDER}/last.md", post(POSTS))
    eventually("one more", machine.published, POSTS + 1)
    machine.inside(f"{FOLDER}/last.md").unlink()
    started = time.monotonic()
    machine.run("kill", "-KILL", process)
    status = machine.ask("readyz")[0]
    took = time.monotonic() - started
    eventually("restarted after kill -9", lambda: (machine.show("ActiveState"), machine.show("NRestarts")), ("active", "1"))
    the_same("another process", machine.process() in (0, process), False)
    the_same("the request that came meanwhile was answered", status in (200, 503), True)
    the_same(f"after {took:.1f} s, at most 5", took < 5, True)
    machine.configure(FOLDER, "delete_grace: 1 s\n")
    machine.systemctl("reload", SERVICE)
    eventually("nothing is lost", machine.published, POSTS)
    the_same("and the feeds are the same", machine.ask("rss.xml")[1] == before, True)
    figure("kill -9 under systemd", f"{POSTS} posts, a request sent at once", f"answered after {took:.1f} s (at most 5), nothing lost")


def hung(machine):
    """A process that stands still, and each thread that does."""
    allowed = 2
    machine.drop_in(SERVICE, "watchdog", f"[Service]\nWatchdogSec={allowed}\nTimeoutAbortSec=1\nRestartSec=100ms\n")
    machine.systemctl("restart", SERVICE)
    time.sleep(2 * allowed + 0.5)  # an idle daemon that is well outlives the watchdog
    the_same("a daemon that is well is left alone", machine.show("NRestarts"), "0")
    waits = []
    # HTTP has a thread a core.
    more = ["http-1"] if len(os.sched_getaffinity(0)) > 1 else []
    threads = ["feedwright", "http", *more, "watch", "notify-rs inoti"]
    for thread in (None, *threads):
        process, started = machine.process(), time.monotonic()
        what = f"the thread {thread}" if thread else "the process"
        with Frozen(machine, thread):
            eventually(f"{what} stands still: ended by the watchdog", lambda: machine.process() in (0, process), False)
        waits.append(time.monotonic() - started)
        eventually("and started anew", lambda: machine.show("ActiveState"), "active")
    ends = machine.journal("-g", "does not answer")
    the_same("the log says which thread", sorted({entry["MESSAGE"].partition(" does")[0] for entry in ends}),
             ["a thread that serves HTTP", "the thread that watches the folders"])
    the_same("each time by the watchdog", machine.run("journalctl", "-b", "--no-pager", "-u", SERVICE).count("Watchdog timeout"), 1 + len(threads))
    worst = max(waits)
    the_same(f"within {worst:.1f} s", worst < 4 * allowed + 4, True)
    figure("hung daemon", f"SIGSTOP, and each of {len(threads)} threads held by ptrace, WatchdogSec={allowed}",
           f"ended and started anew within {worst:.1f} s")
    machine.inside(f"/etc/systemd/system/{SERVICE}.d/watchdog.conf").unlink()
    machine.systemctl("daemon-reload")
    machine.systemctl("restart", SERVICE)


def stops(machine):
    started = time.monotonic()
    machine.systemctl("stop", SERVICE)
    took = time.monotonic() - started
    the_same("it stops in good order", (machine.show("Result"), machine.show("ExecMainStatus")), ("success", "0"))
    the_same(f"after {took:.1f} s, at most 5", took < 5, True)
    figure("stop", f"`systemctl stop` with {POSTS} posts", f"{took:.1f} s")


def wrong(machine):
    """A wrong configuration (78) does not mend itself: it is not tried again, nor for each reader who knocks."""
    machine.configure(FOLDER, "titel: New\n")
    machine.systemctl("stop", *UNITS)
    machine.systemctl("start", "feedwright.socket")
    machine.systemctl("mask", "--runtime", "feedwright.socket")
    machine.systemctl("stop", "feedwright.socket")
    machine.systemctl("start", SERVICE, check=False)
    eventually("exit code 78", lambda: (machine.show("ExecMainStatus"), machine.show("ActiveState")), ("78", "failed"))
    end = time.monotonic() + 3
    while time.monotonic() < end:  # longer than RestartSec
        if (state := (machine.show("ActiveState"), machine.show("NRestarts"))) != ("failed", "0"):
            sys.exit(f"started again: {state}")
    print("ok: not started again")
    machine.systemctl("unmask", "--runtime", "feedwright.socket")
    machine.systemctl("reset-failed")
    before = len(machine.journal("-g", "titel"))
    machine.systemctl("start", "feedwright.socket")
    with_reader = machine.command("bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{machine.port}; sleep 20")
    with subprocess.Popen(with_reader, stdin=subprocess.DEVNULL) as reader:
        eventually("a reader who knocks does not have it started for ever", lambda: machine.show("ActiveState", UNITS[1]), "failed")
        reader.kill()
    starts = len(machine.journal("-g", "titel")) - before
    the_same(f"{starts} starts, at most 20", 1 <= starts <= 20, True)
    figure("exit code 78", "a wrong configuration, with a reader at the socket", f"not started again; {starts} starts for the reader")
    machine.configure(FOLDER)
    machine.systemctl("reset-failed")
    machine.systemctl("start", SERVICE)
    the_same("put right, one start brings both back", (machine.ask("readyz")[0], machine.show("ActiveState", UNITS[1])), (200, "active"))


def addressed(machine):
    """An address in the configuration: not beside the socket; with the drop-in, in its place."""
    port = free_port()
    machine.configure(FOLDER, f"listen: 127.0.0.1:{port}\n")
    machine.systemctl("stop", *UNITS)
    machine.systemctl("start", SERVICE, check=False)
    eventually("an address beside the socket is refused", lambda: machine.show("ExecMainStatus"), "78")
    machine.systemctl("mask", "--now", "feedwright.socket")
    machine.systemctl("reset-failed")
    machine.drop_in(SERVICE, "folders", machine.run("feedwright", "config", "unit"))
    machine.systemctl("start", SERVICE)
    before, machine.port = machine.port, port
    the_same("the drop-in opens the network for it", machine.ask("readyz")[0], 200)
    machine.port = before
    machine.systemctl("stop", SERVICE)
    machine.systemctl("unmask", "feedwright.socket")


def at_home(machine):
    """Posts in a home folder, by the drop-in; they come and go with the folder that they are in."""
    home, posts = "/home/me", "/home/me/blog/source/_posts"
    machine.write(f"{posts}/a.md", post(1))
    machine.write(f"{home}/private", "x")
    machine.configure(posts)
    machine.systemctl("stop", *UNITS)
    machine.run("rm", "-rf", f"/etc/systemd/system/{SERVICE}.d/folders.conf", "/var/lib/feedwright")
    machine.systemctl("daemon-reload")
    machine.systemctl("start", SERVICE)
    eventually("without the drop-in they are not seen", lambda: "/home/me/blog" in machine.run("journalctl", "-b", "-u", SERVICE), True)
    machine.drop_in(SERVICE, "folders", machine.run("feedwright", "config", "unit"))
    the_same("nothing to say about the drop-in", machine.run("systemd-analyze", "verify", SERVICE), "")
    machine.systemctl("restart", SERVICE)
    eventually("with it they are", machine.ask_titles, ["Post 1"])
    seen = machine.run("nsenter", "-t", machine.process(), "-m", "ls", "-A", home).split()
    the_same("and nothing else of the home", seen, ["blog"])
    machine.run("rm", "-rf", "/home/me/blog/source")
    machine.write(f"{posts}/a.md", post(1))
    machine.write(f"{posts}/b.md", post(2))
    eventually("the folder above is made again, with one more post", machine.ask_titles, ["Post 2", "Post 1"])
    figure("posts in a home", "`config unit`; the posts' folder and its parent removed and made again", "followed")


STAGES = (judged, starts, confined, told, forgets, killed, hung, stops, wrong, addressed, at_home)


def main():
    """All stages, or those that are named, for whoever works on one."""
    with Machine() as machine:
        machine.install(FOLDER)
        for stage in STAGES:
            if sys.argv[1:] and stage.__name__ not in sys.argv[1:]:
                continue
            started = time.monotonic()
            stage(machine)
            print(f"   {stage.__name__}: {time.monotonic() - started:.1f} s", flush=True)


main()

#!/usr/bin/env python3
# Needs systemd-nspawn: systemd-container
# Needs dbus-daemon: dbus
"""The unit for one user, under that user's own service manager: started, reloaded, confined, stopped, and alone in the home."""
import pathlib
import re
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))

from daemon import eventually, the_same  # noqa: E402
from figures import figure  # noqa: E402
from machine import REPOSITORY, SERVICE, Machine, post  # noqa: E402

USER, UID = "me", "4242"
CONFIGURATION = f"/home/{USER}/.config/feedwright/feedwright.yaml"


def main():
    with Machine() as machine:
        machine.install()
        unit = "/usr/lib/systemd/user/feedwright.service"
        shutil.copy2(REPOSITORY / "systemd/user" / SERVICE, machine.inside(unit))
        the_same("nothing to say about the unit", machine.run("env", "XDG_RUNTIME_DIR=/run", "systemd-analyze", "--user", "verify", unit, check=False), "")

        machine.run("useradd", "--create-home", "--uid", UID, USER)
        machine.write(f"/home/{USER}/blog/_posts/a.md", post(1))
        settings = f"listen: 127.0.0.1:{machine.port}\nposts:\n  - path: /home/{USER}/blog/_posts\n    timezone: UTC\n"
        machine.write(CONFIGURATION, settings)
        machine.run("chown", "-R", f"{USER}:", f"/home/{USER}")
        machine.systemctl("start", "dbus.socket", "systemd-logind.service")
        machine.run("loginctl", "enable-linger", USER)
        eventually("the user has a service manager", lambda: machine.show("ActiveState", f"user@{UID}.service"), "active")

        def manager(*words, **options):
            return machine.run("runuser", "-u", USER, "--", "env", f"XDG_RUNTIME_DIR=/run/user/{UID}", "systemctl", "--user",
                               *words, **options)

        manager("enable", "--now", SERVICE)
        the_same("started when it says so, with all posts", (manager("is-active", SERVICE).strip(), machine.published()), ("active", 1))
        process = int(manager("show", "-P", "MainPID", SERVICE))
        status = machine.inside(f"/proc/{process}/status").read_text()
        the_same("as the user, with no new privileges and a filter",
                 re.findall(r"^(?:Uid|NoNewPrivs|Seccomp):\t(\d+)", status, re.M), [UID, "1", "2"])
        state = f"/home/{USER}/.local/state/feedwright"
        the_same("state and feeds are in the home",
                 [machine.inside(f"{state}/{name}").exists() for name in ("catalog.sqlite", "feeds/rss.xml")], [True, True])

        machine.write(CONFIGURATION, f"title: New\n{settings}")
        manager("reload", SERVICE)
        eventually("a reload takes the new configuration", lambda: b"<title>New</title>" in machine.ask("rss.xml")[1], True)
        machine.run("kill", "-KILL", process)
        eventually("restarted after kill -9", lambda: manager("show", "-P", "NRestarts", "-P", "ActiveState", SERVICE).split(),
                   ["1", "active"])
        manager("stop", SERVICE)
        the_same("it stops in good order", manager("show", "-P", "Result", SERVICE).strip(), "success")
        figure("user unit", "`systemctl --user` in the container: start, reload, kill -9, stop", "as the user, all in the home")


main()

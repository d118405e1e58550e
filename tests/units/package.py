#!/usr/bin/env python3
# Needs systemd-nspawn: systemd-container
# Needs lintian
"""The Debian package: made, judged by lintian, installed, upgraded under readers, removed and purged on a real machine."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))

from daemon import eventually, the_same  # noqa: E402
from figures import figure  # noqa: E402
from machine import REPOSITORY, SERVICE, Machine, post  # noqa: E402

CONFIGURATION = "/etc/feedwright/feedwright.yaml"
SOCKET = "feedwright.socket"
NEXT = "9.9.9-1"


def made():
    """The package of the program under test, made the documented way; cargo-deb is built where it is missing."""
    path = os.environ["PATH"]
    if not shutil.which("cargo-deb"):
        tools = REPOSITORY / "target/tools"
        subprocess.run(["cargo", "install", "--quiet", "--locked", "--debug", "--root", tools, "cargo-deb"], check=True)
        path = f"{tools / 'bin'}:{path}"
    subprocess.run([REPOSITORY / "packaging/deb", "dev"], check=True, env=os.environ | {"PATH": path}, stdout=subprocess.DEVNULL)
    return next((REPOSITORY / "target/package").glob("feedwright_*.deb"))


def next_version(package, folder):
    """The same package with a higher version and another shipped configuration."""
    tree = folder / "tree"
    subprocess.run(["dpkg-deb", "-R", package, tree], check=True)
    control = tree / "DEBIAN/control"
    lines = control.read_text().splitlines(keepends=True)
    control.write_text("".join(f"Version: {NEXT}\n" if line.startswith("Version:") else line for line in lines))
    shipped = tree / CONFIGURATION.lstrip("/")
    shipped.write_text(shipped.read_text() + "# New in the next version.\n")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "-b", tree, folder / "next.deb"], check=True,
                   stdout=subprocess.DEVNULL)
    return folder / "next.deb"


def judged(package):
    """What lintian minds: errors and warnings, of which there are to be none."""
    said = subprocess.run(["lintian", "--allow-root", "--fail-on=none", "--tag-display-limit=0",
                           "--suppress-tags", "initial-upload-closes-no-bugs", package],
                          capture_output=True, text=True, check=True).stdout
    the_same("lintian has nothing to say", said, "")
    figure("Debian package", "lintian", "no error, no warning")


def installed(machine, package):
    shutil.copy2(package, machine.inside("/var/tmp/feedwright.deb"))
    machine.run("dpkg", "-i", "/var/tmp/feedwright.deb")
    the_same("its folder is its user's", machine.run("stat", "-c", "%U:%G %a", "/var/lib/feedwright").strip(), "feedwright:feedwright 755")
    the_same("nothing runs before a folder is named",
             [machine.show("ActiveState", unit) for unit in (SERVICE, SOCKET)], ["inactive", "inactive"])
    units = [f"/usr/lib/systemd/system/{unit}" for unit in (SERVICE, SOCKET)]
    the_same("nothing to say about its units", machine.run("systemd-analyze", "verify", *units), "")
    manual = machine.run("bash", "-c", "man --warnings -l /usr/share/man/man1/feedwright-config-unit.1.gz | cat")
    the_same("its manual pages can be read", "systemd drop-in" in " ".join(manual.split()), True)
    words = "source /usr/share/bash-completion/completions/feedwright; COMP_WORDS=(feedwright conf); COMP_CWORD=1; "
    words += "_feedwright feedwright conf feedwright; echo ${COMPREPLY[@]}"
    the_same("its completions complete", machine.run("bash", "-c", words).strip(), "config")
    wrong = machine.run("feedwright", "config", "check", check=False)
    the_same("the configuration that it ships says what to do", "name one on the command line, or under `posts`" in wrong, True)

    for number in range(100):
        machine.write(f"/srv/crawler/_posts/{number}.md", post(number))
    machine.configure("/srv/crawler/_posts")
    machine.listen_at(machine.port)
    machine.systemctl("enable", "--now", SERVICE)
    the_same("one command enables service and socket",
             machine.systemctl("is-enabled", SERVICE, SOCKET).split(), ["enabled", "enabled"])
    eventually("and it serves", machine.published, 100)


def upgraded(machine, package):
    """Readers ask while the package is upgraded; the configuration stays the administrator's."""
    shutil.copy2(package, machine.inside("/var/tmp/feedwright.deb"))
    before, configuration = machine.process(), machine.inside(CONFIGURATION).read_text()
    seen, done = [], threading.Event()

    def read():
        while not done.is_set():
            try:
                seen.append(machine.ask("rss.xml")[0])
            except OSError as error:
                seen.append(repr(error))
            time.sleep(0.01)  # about 100 a second

    reader = threading.Thread(target=read)
    reader.start()
    try:
        machine.run("dpkg", "-i", "--force-confold", "/var/tmp/feedwright.deb")
    finally:
        done.set()
        reader.join()
    the_same("the configuration is kept", machine.inside(CONFIGURATION).read_text(), configuration)
    shipped = machine.inside(f"{CONFIGURATION}.dpkg-dist").read_text()
    the_same("the new one lies beside it", shipped.endswith("# New in the next version.\n"), True)
    the_same("the new version runs", machine.process() in (0, before), False)
    eventually("with all posts", machine.published, 100)
    lost = [one for one in seen if one != 200]
    the_same(f"no reader of {len(seen)} noticed", lost, [])
    figure("upgrade", f"`dpkg -i` of the next version under {len(seen)} requests", f"{len(seen) - len(lost)} answered; configuration kept")


def removed(machine):
    machine.run("dpkg", "-r", "feedwright")
    the_same("removed: nothing runs", [machine.show("ActiveState", unit) == "active" for unit in (SERVICE, SOCKET)], [False, False])
    there = [machine.inside(path).exists() for path in (CONFIGURATION, "/var/lib/feedwright/catalog.sqlite", "/usr/bin/feedwright")]
    the_same("configuration and catalog stay", there, [True, True, False])
    machine.run("dpkg", "-P", "feedwright")
    machine.run("rm", "-r", f"/etc/systemd/system/{SOCKET}.d")  # the administrator's
    places = ("/etc", "/usr/bin", "/usr/lib", "/usr/share", "/var/lib")
    names = "find {} -xdev -iname '*feedwright*' -not -path '/var/lib/dpkg/*'".format(" ".join(places))
    the_same("purged: nothing is left", machine.run("bash", "-c", names).split(), [])
    figure("purge", "`dpkg -r`, `dpkg -P`", "configuration and catalog stay until the purge, then nothing is left")


def main():
    package = made()
    judged(package)
    with tempfile.TemporaryDirectory() as folder, Machine() as machine:
        following = next_version(package, pathlib.Path(folder))
        installed(machine, package)
        upgraded(machine, following)
        removed(machine)


main()

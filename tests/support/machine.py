"""A whole machine with systemd in it, for units and packages: this one's own Debian, in a container that is thrown away.

`tools/systemd.sh` of the folder that FEEDWRIGHT_SHARED names boots it. What is installed here is installed there too; what
is changed there is gone afterwards. It has this machine's network, so that its ports are reached from here.

    with Machine() as machine:
        machine.install()
        machine.write("/etc/feedwright/feedwright.yaml", "posts: [{path: /srv/posts}]")
        machine.systemctl("start", "feedwright")
"""
import contextlib
import fcntl
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys

REPOSITORY = pathlib.Path(__file__).parents[2]
STATE = pathlib.Path("/run/feedwright-systemd")
DEADLINE = 60
SERVICE = "feedwright.service"


def tool():
    """The script that boots the container. Where there is none, or no right to, the test ends with a word: tests/run fails
    in CI where the shared folder is missing."""
    shared = os.environ.get("FEEDWRIGHT_SHARED")
    if not shared:
        print("skipped: FEEDWRIGHT_SHARED names no folder with tools/systemd.sh")
        sys.exit(0)
    if os.geteuid() != 0:
        sys.exit("only root can boot a container")
    return str(pathlib.Path(shared) / "tools/systemd.sh")


def free_port():
    """A port that nobody listens on just now."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        return taken.getsockname()[1]


class Machine:
    """The container, booted. One at a time: scripts wait for each other."""

    def __init__(self):
        self.tool = tool()
        self.port = free_port()

    def __enter__(self):
        self.lock = open("/run/feedwright-systemd.lock", "w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        # The container's own filter of system calls would forbid Landlock, which the kernel has.
        environment = os.environ | {"SYSTEMD_SECCOMP": "0", "SYSTEMD_LIMIT": "900"}
        subprocess.run([self.tool, "up", str(REPOSITORY)], check=True, env=environment, stdin=subprocess.DEVNULL)
        self.root = pathlib.Path("/proc", (STATE / "leader").read_text().strip(), "root")
        # The container's disk is an overlay, which the program rightly does not trust; posts are to lie on a file system
        # like any other.
        self.run("mount", "-t", "tmpfs", "tmpfs", "/srv")
        self.run("mount", "-t", "tmpfs", "tmpfs", "/home")
        # Images for containers forbid packages to start what they install; a machine does not.
        self.inside("/usr/sbin/policy-rc.d").unlink(missing_ok=True)
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            print(self.run("journalctl", "-b", "--no-pager", "-n", "60", check=False), file=sys.stderr)
        subprocess.run([self.tool, "down"], check=True, stdin=subprocess.DEVNULL)
        self.lock.close()

    # What is done inside

    def command(self, *words):
        """The words that run a program inside."""
        return [self.tool, "in", *map(str, words)]

    def run(self, *words, check=True, **options):
        """Runs a program inside, to its end; what it wrote."""
        options = {"stdin": subprocess.DEVNULL, "timeout": 4 * DEADLINE} | options
        done = subprocess.run(self.command(*words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
        if check and done.returncode:
            raise AssertionError(f"{words}: exit code {done.returncode}\n{done.stdout}")
        return done.stdout

    def systemctl(self, *words, **options):
        return self.run("systemctl", "--no-ask-password", *words, **options)

    def inside(self, path):
        """A path of the container as this process reaches it."""
        return self.root / str(path).lstrip("/")

    def write(self, path, text):
        place = self.inside(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def install(self, folder="/srv/crawler/_posts", more=""):
        """Everything where a package would put it, the port a free one, and a configuration for one folder of posts."""
        usr = self.inside("/usr")
        shutil.copy2(os.environ["FEEDWRIGHT"], usr / "bin/feedwright")
        for unit in ("feedwright.service", "feedwright.socket"):
            shutil.copy2(REPOSITORY / "systemd" / unit, usr / "lib/systemd/system" / unit)
        shutil.copy2(REPOSITORY / "systemd/sysusers.d/feedwright.conf", usr / "lib/sysusers.d/feedwright.conf")
        self.run("systemd-sysusers")
        self.run("mkdir", "-p", "/usr/share/man/man1")
        self.run("feedwright", "man", "/usr/share/man/man1")
        self.inside(folder).mkdir(parents=True, exist_ok=True)
        self.configure(folder, more)
        self.listen_at(self.port)

    def configure(self, folder, more=""):
        self.write("/etc/feedwright/feedwright.yaml", f"posts:\n  - path: {folder}\n    timezone: UTC\n{more}")

    def listen_at(self, port):
        self.drop_in("feedwright.socket", "port", f"[Socket]\nListenStream=\nListenStream=127.0.0.1:{port}\n")

    def drop_in(self, unit, name, text):
        """Adds a drop-in to a unit, or replaces it."""
        self.write(f"/etc/systemd/system/{unit}.d/{name}.conf", text)
        self.systemctl("daemon-reload")

    # What is seen

    def show(self, what, unit=SERVICE):
        """A property of a unit."""
        return self.systemctl("show", "-P", what, unit).strip()

    def process(self):
        """The service's main process, by its number inside."""
        return int(self.show("MainPID"))

    def journal(self, *words, unit=SERVICE):
        """What a unit wrote to the journal, each entry with its fields."""
        self.run("journalctl", "--sync")
        lines = self.run("journalctl", "-b", "-o", "json", "--no-pager", f"_SYSTEMD_UNIT={unit}", *words)
        return [json.loads(line) for line in lines.splitlines() if line.startswith("{")]

    def ask(self, path, timeout=DEADLINE):
        """Status and body of one request, on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", "/" + path, headers={"Connection": "close"})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def published(self):
        """How many posts the daemon says are in the feeds."""
        return json.loads(self.ask("status.json")[1])["posts"]["published"]

    def ask_titles(self):
        """The titles of the main feed, in its order."""
        return [item["title"] for item in json.loads(self.ask("feed.json")[1])["items"]]


def post(number):
    """A post with a date and words of its own."""
    return (f"---\ntitle: Post {number}\ndate: 2024-01-{1 + number % 28:02} 12:{number % 60:02}:00\ncategories: [units]\n---\n"
            f"The words of post {number}.\n")


class Frozen:
    """One thread of a process inside, held still by a debugger of its own, or all of them if it is called None."""

    TRACER = """
import ctypes, os, sys
library = ctypes.CDLL(None, use_errno=True)
library.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
for request in (0x4206, 0x4207):  # PTRACE_SEIZE, PTRACE_INTERRUPT
    if library.ptrace(request, int(sys.argv[1]), None, None):
        sys.exit(f"ptrace: {os.strerror(ctypes.get_errno())}")
print("held", flush=True)
try:
    while True:  # its end is waited for, or the process could not go
        _, status = os.waitpid(-1, 0x40000000)  # __WALL
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            break
except ChildProcessError:
    pass
"""

    def __init__(self, machine, thread):
        self.machine, self.thread = machine, thread

    def __enter__(self):
        process = self.machine.process()
        if self.thread is None:
            self.tracer = None
            self.machine.run("kill", "-STOP", process)
            return self
        tasks = self.machine.inside(f"/proc/{process}/task")
        number = next(task.name for task in tasks.iterdir() if (task / "comm").read_text().strip() == self.thread)
        command = self.machine.command("python3", "-c", self.TRACER, number)
        self.tracer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        if (said := self.tracer.stdout.readline()) != "held\n":
            raise AssertionError(f"{self.thread} cannot be held: {said}")
        return self

    def __exit__(self, *_):
        if self.tracer:
            self.tracer.kill()
            self.tracer.wait()

#!/usr/bin/env python3
"""Who waits at a terminal sees how many posts are read; log lines are not torn by that, and nothing of it is left in the end."""
import os
import pathlib
import pty
import re
import signal
import subprocess
import sys
import tempfile
import threading

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "support"), str(TESTS.parent / "benches")]
import posts  # noqa: E402
from daemon import FEEDWRIGHT  # noqa: E402
from figures import figure  # noqa: E402

#: What is soon done shows nothing: where a machine is quick, more posts are read.
POSTS = (20_000, 80_000, 320_000)
PATIENCE = 240


def at_terminal(command, folder, until):
    """What a command writes to a terminal until something stands there; then it is told to end, as by Ctrl-C."""
    ours, its = pty.openpty()
    process = subprocess.Popen(command, cwd=folder, stdin=its, stdout=its, stderr=its)
    os.close(its)
    clock = threading.Timer(PATIENCE, process.kill)
    clock.start()
    said = b""
    try:
        # The system says EIO once nobody holds the other side.
        while part := os.read(ours, 4096):
            said += part
            if until.encode() in said and process.poll() is None:
                process.send_signal(signal.SIGINT)
                until = "\0"
    except OSError:
        pass
    code = process.wait(PATIENCE)
    clock.cancel()
    os.close(ours)
    if code:
        sys.exit(f"{command} ended with {code}:\n{said.decode()}")
    return said.decode()


def stands(said):
    """The lines that are left on a terminal: each from where it was last begun anew."""
    lines = [re.split(r"\r|\x1b\[2K", line.rstrip("\r"))[-1] for line in said.split("\n")]
    return [re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", line) for line in lines]


def numbers(name, command, folder, until):
    """How many posts were read, each time that this was shown, and of how many; fewer are tried first."""
    for count in POSTS:
        posts.write(count, folder / "posts")
        own = ["--output", f"out-{name}-{count}", "--state", f"state-{name}-{count}"]
        said = at_terminal([FEEDWRIGHT, *command, *own, "-c", "c.yaml"], folder, until)
        left = stands(said)
        if any("posts read" in line for line in left):
            sys.exit(f"{name}: something is left: {said!r}")
        for line in filter(None, map(str.strip, left)):
            if line != "^C" and not re.match(r"\d{4}-\d\d-\d\dT\S+ +(INFO|WARN) ", line):
                sys.exit(f"{name}: a torn line {line!r} in {said!r}")
        shown = [int(number) for number in re.findall(rf"(\d+) of {count} posts read", said)]
        if shown:
            return shown, count
    sys.exit(f"{name}: nothing was shown: {said!r}")


with tempfile.TemporaryDirectory() as place:
    folder = pathlib.Path(place)
    (folder / "c.yaml").write_text("posts: [{path: posts}]\n")
    for name, command, until in (("build", ["build"], "\0"), ("run", ["run", "--listen", "127.0.0.1:0"], "posts in")):
        shown, count = numbers(name, command, folder, until)
        if shown != sorted(shown):
            sys.exit(f"{name}: {shown}")
        figure(f"progress of `{name}` at a terminal", f"{count} posts", f"{len(set(shown))} numbers, no line torn, nothing left")
    command = [FEEDWRIGHT, "build", "-c", "c.yaml", "--output", "silent", "--state", "none"]
    silent = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    if "posts read" in silent.stderr or "\x1b" in silent.stderr:
        sys.exit(f"progress where there is no terminal: {silent.stderr!r}")

"""Calls that fail: `strace` answers a system call of the program with an error, once.

`record` lists the file-system calls that a program makes; `Injection` lets one of them fail. strace counts the calls of each
thread apart, so a place is a call's name and its number among the calls of that name in its thread. `read` and `write` are
injected into the main thread alone, and `write` on paths that are given: others are sockets and wake-ups, which no disk makes
fail.
"""
import collections
import re
import subprocess
import time

MAIN_ONLY = ("read", "write")
#: What touches files and folders, as far as the program, SQLite and the standard library use it.
CALLS = ("open", "openat", "pread64", "pwrite64", "fsync", "fdatasync", "rename", "renameat", "renameat2", "ftruncate",
         "mkdir", "mkdirat", "unlink", "unlinkat", "rmdir", "stat", "lstat", "fstat", "statx", "newfstatat", "getdents64",
         "fallocate", "fchmod", "fchown", "statfs", "access", "faccessat", "readlink", "readlinkat",
         "inotify_add_watch", *MAIN_ONLY)
#: The locks of SQLite: ten to every other call, one like another.
LOCKS = "fcntl"
ERRORS = ("EIO", "ENOSPC", "EMFILE", "EACCES")

Place = collections.namedtuple("Place", "call number")
LINE = re.compile(r"^(\d+)\s+(\w+)\(")
#: Descriptors that are no files.
NO_FILE = re.compile(r"\(\d+<(socket|pipe|anon_inode|TCP|UDP|UNIX|NETLINK)")


def places(trace, main, most):
    """The first `most` file-system calls in a recording, each with its number in its thread."""
    counts, found = collections.Counter(), []
    for line in trace.splitlines():
        call = LINE.match(line)
        if not call or call[2] not in CALLS:
            continue
        thread, name = call.groups()
        if name in MAIN_ONLY and int(thread) != main:
            continue
        counts[thread, name] += 1
        if not NO_FILE.search(line):
            found.append(Place(name, counts[thread, name]))
    return found[:most]


class Strace:
    """strace on a running process, writing to `trace`; stopped at the end."""

    def __init__(self, pid, trace, options, threads=True):
        self.trace = trace
        trace.unlink(missing_ok=True)
        command = ["strace", *(["-f"] if threads else []), "-y", "-o", trace, *options, "-p", str(pid)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        # It says when it has attached.
        self.said = self.process.stderr.readline()
        return self

    def __exit__(self, *_):
        # Asked to end, it may wait for ever for a thread that is just ending; killed, the kernel lets go of all of them.
        self.process.kill()
        self.process.communicate()

    def text(self):
        return self.trace.read_text(errors="replace") if self.trace.exists() else ""


def recorded(pid, trace):
    """Records the calls of a process."""
    return Strace(pid, trace, ["-e", "trace=" + ",".join(call for call in CALLS)])


def injected(pid, trace, place, error, paths=()):
    """Lets the call at a place fail once; with paths, the calls on these are numbered. `failed` says whether it has."""
    options = [part for path in paths for part in ("-P", str(path))]
    options += ["-e", f"trace={place.call}", "-e", f"inject={place.call}:error={error}:when={place.number}"]
    strace = Strace(pid, trace, options, threads=place.call not in MAIN_ONLY)
    strace.failed = lambda: "(INJECTED)" in strace.text()
    return strace


def wrapper(trace, place, error, paths=()):
    """The command that starts a program with a call at a place that fails; with paths, the calls on these are numbered. strace
    goes beside the program, and not before it: whoever kills strace lets go of the program."""
    threads = [] if place.call in MAIN_ONLY else ["-f"]
    threads += [part for path in paths for part in ("-P", str(path))]
    return ["strace", "-D", *threads, "-y", "-o", str(trace), "-e", f"trace={place.call}",
            "-e", f"inject={place.call}:error={error}:when={place.number}"]


def until(holds, deadline):
    """Whether something holds within a time."""
    end = time.monotonic() + deadline
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True

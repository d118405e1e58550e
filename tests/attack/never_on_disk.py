#!/usr/bin/env python3
# Needs strace
"""What a request names is looked up in a map: strace sees no file-system call with anything of it, whatever it names."""
import pathlib
import re
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from daemon import Daemon, Place, eventually, the_same
from figures import figure

#: No path of the program's own has this in it.
MARK = "q7zmark"

NAMES = [
    "", ".", "..", "../", "..%2f", "%2e%2e/", "%2e%2e%2f", "%252e%252e/", "..\\", "..%5c", "%00", "%0a", "a%00b", "//", "/./",
    "%c0%ae%c0%ae/", "%ff", "\u2025/", "~", "con", "nul", "rss.xml", "rss.xml/", "rss.xml%00", "index.html", "*", "?", ";", "|",
    "categories/", "tags/", "authors/", "feeds/", "posts/", "assets/", "archive-1.xml", "page/", "search/", "private/",
]
FILES = ["etc/passwd", "proc/self/environ", "state/catalog.db", "feedwright.yaml", "out/rss.xml", "posts/a.md", ".git/config"]


def targets():
    for name in NAMES:
        yield f"/{name}{MARK}"
        yield f"/{MARK}/{name}"
        yield f"/{name}/{MARK}/x"
        yield f"/categories/{MARK}{name}/rss.xml"
        yield f"/posts/{name}{MARK}"
        yield f"/{name}?{MARK}"
        for file in FILES:
            yield "/" + name * 6 + file + MARK
            yield f"/assets/{name}{file}{MARK}"


def ask(port, target):
    """The status for a target as it is, and the body."""
    with socket.create_connection(("127.0.0.1", port), 20) as stream:
        stream.sendall(b"GET " + target.encode() + b" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        answer = b""
        while part := stream.recv(65536):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head[9:12]), body


with Place() as place, Daemon(place.folder) as site:
    site.write("a.md", "---\ntitle: a\ndate: 2024-01-01\n---\ntext of a\n")
    eventually("the post is there", lambda: b"text of a" in site.get("rss.xml"), True)
    log = place.folder / "calls"
    tracer = subprocess.Popen(["strace", "-f", "-qq", "-s", "4096", "-e", "trace=%file", "-o", str(log), "-p",
                               str(site.process.pid)], stderr=subprocess.PIPE)
    try:
        # The tracer is known to see when it saw this.
        site.write("seen-first.md", "---\ntitle: b\ndate: 2024-01-02\n---\n")
        eventually("strace sees", lambda: log.exists() and "seen-first.md" in log.read_text(errors="replace"), True)
        asked = 0
        for target in targets():
            status, body = ask(site.port, target)
            asked += 1
            if status not in (200, 301, 303, 400, 404) or b"root:" in body or b"base_url" in body:
                sys.exit(f"{target}: {status} {body[:200]}")
            if status == 200 and "?" not in target:
                sys.exit(f"{target}: there is no such document, and it came")
        site.write("seen-last.md", "---\ntitle: c\ndate: 2024-01-03\n---\n")
        eventually("strace still sees", lambda: "seen-last.md" in log.read_text(errors="replace"), True)
    finally:
        tracer.terminate()
        tracer.wait(20)
    calls = log.read_text(errors="replace").splitlines()
    wrong = [call for call in calls if MARK in call or re.search(r"etc/passwd|/environ|\.git/config", call)]
    the_same("calls with something that a request named", wrong, [])
    figure("requests that name files", f"{asked} requests under strace", f"0 of {len(calls)} file-system calls name any of it")

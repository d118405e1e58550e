"""A temporary site and its daemon, for the scripts beside this file that look at HTTP. Does nothing when it is run."""
import http.client
import os
import pathlib
import re
import socket
import subprocess
import sys
import time

DEADLINE = 30


def post(title, date, categories="[rust]", body="<p>text</p>"):
    return f"---\ntitle: '{title}'\ncategories: {categories}\ndate: {date}\n---\n{body}\n"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(what, look, holds=lambda found: found):
    """Waits until what is looked at holds, and returns it."""
    end = time.monotonic() + DEADLINE
    while not holds(found := look()):
        if time.monotonic() > end:
            sys.exit(f"{what}: not so, but {found!r}")
        time.sleep(0.05)
    return found


def check(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: {found!r} instead of {expected!r}")
    print(f"ok: {what}")


class Response:
    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:200]!r}"


def request(port, path, method="GET", source="127.0.0.1", **headers):
    """A request by raw path; `accept_encoding` is the header Accept-Encoding. Follows nothing, decodes nothing."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE, source_address=(source, 0))
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        return Response(connection.getresponse())
    finally:
        connection.close()


class Site:
    def __init__(self, folder, configuration=""):
        self.folder = pathlib.Path(folder)
        self.posts = self.folder / "posts"
        self.posts.mkdir(parents=True)
        lines = f"output: out\nstate: state\n{configuration}posts:\n  - path: posts\n    timezone: UTC\n"
        (self.folder / "feedwright.yaml").write_text(lines)

    def __enter__(self):
        command = [os.environ["FEEDWRIGHT"], "run", "-c", "feedwright.yaml", "--listen", "127.0.0.1:0"]
        self.log = open(self.folder / "log", "w+b")
        self.process = subprocess.Popen(command, cwd=self.folder, stderr=self.log)
        found = eventually(
            "the daemon starts",
            lambda: re.search(r"serving \S+ on 127\.0\.0\.1:(\d+)", (self.folder / "log").read_text()),
            lambda found: found or self.process.poll() is not None,
        )
        if not found:
            sys.exit(f"not started: {(self.folder / 'log').read_text()}")
        self.port = int(found[1])
        eventually("the first scan", lambda: request(self.port, "/readyz").status, lambda status: status == 200)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        self.log.close()

    def write(self, name, text):
        (self.posts / name).write_text(text)

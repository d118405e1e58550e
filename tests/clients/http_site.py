"""A temporary site and its daemon, for the scripts beside this file that look at HTTP. Does nothing when it is run."""
import http.client
import pathlib
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from daemon import DEADLINE, Daemon, the_same as check  # noqa: E402,F401


def post(title, date, categories="[rust]", body="<p>text</p>"):
    return f"---\ntitle: '{title}'\ncategories: {categories}\ndate: {date}\n---\n{body}\n"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(what, look, holds=lambda found: found):
    """Waits until what is looked at holds, and returns it."""
    end = time.monotonic() + DEADLINE
    while not holds(found := look()):
        if time.monotonic() > end:
            sys.exit(f"{what}: not so, but {found!r}")
        time.sleep(0.05)
    return found


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
        connection.putrequest(method, path, skip_host="host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        return Response(connection.getresponse())
    finally:
        connection.close()


class Site(Daemon):
    """The program, once its first scan is published."""

    def __enter__(self):
        super().__enter__()
        until("the first scan", lambda: request(self.port, "/readyz").status, lambda status: status == 200)
        return self

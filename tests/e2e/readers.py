#!/usr/bin/env python3
"""Drop posts into a folder; five feed parsers that others wrote must read exactly these posts, over HTTP.

Then the posts are edited, moved, deleted, made drafts and dated into the future, as seen through feedparser.
"""
import datetime
import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.parse

import atoma
import feedparser

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "support"))
import produced  # noqa: E402
from daemon import Daemon, eventually  # noqa: E402

TITLES = [
    "俄罗斯装甲部队进逼，是否可能爆发巷战？",
    "C++ & Rust: Vec<T> vs. std::vector",
    "It's \"quoted\" — twice",
    "{braces} and &lt;entities&gt;",
    "emoji 😀 and tabs",
    "plain",
]


def post(title, date, extra="", body="<p>正文 &amp; text</p>"):
    quoted = title.replace("&", "&amp;").replace("{", "&#123;").replace("}", "&#125;").replace("'", "''")
    return f"\n---\ntitle: '{quoted}'\ncategories: \n - 社交媒体\n - 知乎\n{extra}date: {date}\n---\n\n<div>{body}</div>\n"


class Site(Daemon):
    def entries(self, path="rss.xml"):
        return feedparser.parse(self.get(path)).entries

    def titles(self, path="rss.xml"):
        return [entry.title for entry in self.entries(path)]


def node(parser, file):
    return json.loads(subprocess.check_output(["node", HERE / "parse.mjs", parser, file]))


def perl(file):
    return subprocess.check_output(["perl", HERE / "parse.pl", file], text=True).splitlines()


def all_parsers(site):
    expected = list(reversed(TITLES))
    for path in ("rss.xml", "categories/%E7%A4%BE%E4%BA%A4%E5%AA%92%E4%BD%93/", "categories/社交媒体/知乎/"):
        folder = "" if path == "rss.xml" else urllib.parse.quote(urllib.parse.unquote(path))
        files = {}
        for name in ("rss.xml", "atom.xml", "feed.json"):
            files[name] = site.folder / name
            files[name].write_bytes(site.get(folder + name))
        rss, atom, feed_json = (str(files[name]) for name in ("rss.xml", "atom.xml", "feed.json"))
        read = {
            "feedparser, RSS": [entry.title for entry in feedparser.parse(rss).entries],
            "feedparser, Atom": [entry.title for entry in feedparser.parse(atom).entries],
            "atoma, RSS": [item.title for item in atoma.parse_rss_file(rss).items],
            "atoma, Atom": [entry.title.value for entry in atoma.parse_atom_file(atom).entries],
            "atoma, JSON": [item.title for item in atoma.parse_json_feed_file(feed_json).items],
            "rss-parser, RSS": node("rss-parser", rss),
            "rss-parser, Atom": node("rss-parser", atom),
            "feedsmith, RSS": node("feedsmith", rss),
            "feedsmith, Atom": node("feedsmith", atom),
            "feedsmith, JSON": node("feedsmith", feed_json),
            "XML::Feed, RSS": perl(rss),
            "XML::Feed, Atom": perl(atom),
        }
        for parser, titles in read.items():
            if titles != expected:
                sys.exit(f"/{folder}: {parser} reads {titles!r} instead of {expected!r}")
        for document in (rss, atom):
            if (parsed := feedparser.parse(document)).bozo:
                sys.exit(f"{document}: {parsed.bozo_exception}")
        print(f"ok: /{folder}: {len(read)} readings agree")


def life_of_a_post(site):
    newest = post("new", "2023-01-01 10:00:00")
    site.write("new.md", newest)
    eventually("a new post comes", lambda: site.titles()[0], "new")
    identity = site.entries()[0].id

    site.write("new.md", post("new, edited", "2023-01-01 10:00:00"))
    eventually("an edit is shown", lambda: site.titles()[0], "new, edited")
    (site.posts / "new.md").rename(site.posts / "moved.md")
    site.write("after.md", post("after", "2020-01-01 10:00:00"))
    eventually("what came after the move is shown", lambda: "after" in site.titles(), True)
    assert site.entries()[0].id == identity, "an edit and a move keep the id"

    (site.posts / "moved.md").unlink()
    eventually("a deleted post goes", lambda: "new, edited" in site.titles(), False)
    site.write("moved.md", post("new, edited", "2023-01-01 10:00:00"))
    eventually("a recreated post comes back", lambda: site.titles()[0], "new, edited")
    assert site.entries()[0].id == identity, "what comes back keeps its id"

    site.write("moved.md", post("new, edited", "2023-01-01 10:00:00", "draft: true\n"))
    eventually("a draft goes at once", lambda: "new, edited" in site.titles(), False)

    future = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=4)
    site.write("future.md", post("from the future", future.isoformat()))
    eventually("it is held", lambda: json.loads(site.get("status.json"))["posts"]["scheduled"], 1)
    assert "from the future" not in site.titles()
    eventually("it comes when its time has come", lambda: site.titles()[0], "from the future")


def main():
    with tempfile.TemporaryDirectory() as folder:
        site = Site(folder)
        for number, title in enumerate(TITLES):
            site.write(f"{number}.md", post(title, f"Fri, {number + 1:02} Feb 2022 08:54:46 GMT"))
        with site:
            eventually("every post is there", lambda: len(site.entries()), len(TITLES))
            all_parsers(site)
            produced.keep("readers/posts", site.folder / "out", site.base)
            life_of_a_post(site)


if __name__ == "__main__":
    main()

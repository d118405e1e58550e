#!/usr/bin/env python3
"""5,000 posts of one category: following its archives (RFC 5005) back, while posts are added, yields every id.

In each format, as a reader would: from the current document by `prev-archive` or `next_url`.
"""
import json
import pathlib
import sys
import tempfile
import time
import urllib.parse
import urllib.request

import feedparser

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import daemon  # noqa: E402
from daemon import Daemon, eventually  # noqa: E402

POSTS = 5000
FOLDER = urllib.parse.quote("categories/社交媒体/")
# A debug build takes its time for so many.
daemon.DEADLINE = 120


def write(folder, number):
    day, hour = divmod(number, 24)
    date = time.strftime("%Y-%m-%d", time.gmtime(1_500_000_000 + day * 86400))
    name = f"p{number}.md"
    text = f"\n---\ntitle: '第{number}篇'\ncategories: \n - 社交媒体\n - 知乎\ndate: {date}T{hour:02}:00:00Z\n---\n\n<div>{number}</div>\n"
    (folder / f".{name}").write_text(text)
    (folder / f".{name}").rename(folder / name)


def get(url):
    with urllib.request.urlopen(url, timeout=daemon.DEADLINE) as response:
        return response.read()


def read(data, name):
    """The ids of a document, and the address of the page before it."""
    if name == "feed.json":
        feed = json.loads(data)
        return [item["id"] for item in feed["items"]], feed.get("next_url")
    feed = feedparser.parse(data)
    if feed.bozo:
        sys.exit(f"{name}: {feed.bozo_exception}")
    before = [link.href for link in feed.feed.links if link.rel == "prev-archive"]
    return [entry.id for entry in feed.entries], before[0] if before else None


def follow(base, name, posts, added):
    seen, pages = {}, 0
    ids, url = read(get(base + FOLDER + name), name)
    current = set(ids)
    while url:
        # A post comes with every page that is read.
        write(posts, added[0])
        added[0] += 1
        ids, before = read(get(url), name)
        for id in ids:
            if id in seen:
                sys.exit(f"{name}: {id} is on {seen[id]} and on {url}")
            seen[id] = url
        pages, url = pages + 1, before
    return set(seen), current, pages


def main():
    with tempfile.TemporaryDirectory() as folder:
        site = Daemon(folder)
        for number in range(POSTS):
            write(site.posts, number)
        with site:
            def published():
                return site.json("status.json")["posts"]["published"]

            eventually("all posts are there", published, POSTS)
            added = [POSTS]
            for name in ("atom.xml", "rss.xml", "feed.json"):
                before = published()
                seen, current, pages = follow(site.base, name, site.posts, added)
                if len(seen | current) < before:
                    sys.exit(f"{name}: {len(seen | current)} ids of {before}")
                print(f"ok: {name}: {len(seen)} ids on {pages} archive pages, of {before} posts at the start")
                eventually("the posts that were added are there", published, added[0])


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""5,000 posts of one category: following its archives (RFC 5005) back, while posts are added, yields every id.

In each format, as a reader would: from the current document by `prev-archive` or `next_url`.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

import feedparser

FEEDWRIGHT = os.environ["FEEDWRIGHT"]
POSTS, DEADLINE = 5000, 120
FOLDER = urllib.parse.quote("categories/社交媒体/")


def write(folder, number):
    day, hour = divmod(number, 24)
    date = time.strftime("%Y-%m-%d", time.gmtime(1_500_000_000 + day * 86400))
    name = f"p{number}.md"
    text = f"\n---\ntitle: '第{number}篇'\ncategories: \n - 社交媒体\n - 知乎\ndate: {date}T{hour:02}:00:00Z\n---\n\n<div>{number}</div>\n"
    (folder / f".{name}").write_text(text)
    (folder / f".{name}").rename(folder / name)


def get(url):
    with urllib.request.urlopen(url, timeout=DEADLINE) as response:
        return response.read()


def until(what, holds):
    end = time.monotonic() + DEADLINE
    while not holds():
        if time.monotonic() > end:
            sys.exit(f"{what} did not come")
        time.sleep(0.05)


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
        folder = pathlib.Path(folder)
        posts = folder / "posts"
        posts.mkdir()
        for number in range(POSTS):
            write(posts, number)
        log = folder / "log"
        command = [FEEDWRIGHT, "run", "posts", "--output", "out", "--state", "state", "--listen", "127.0.0.1:0"]
        process = subprocess.Popen(command, cwd=folder, stderr=open(log, "w"))
        try:
            until("a start", lambda: re.search(r"serving (http://127\.0\.0\.1:\d+/)", log.read_text()))
            base = re.search(r"serving (http://127\.0\.0\.1:\d+/)", log.read_text())[1]
            published = lambda: json.loads(get(base + "status.json"))["posts"]["published"]
            until("all posts", lambda: published() == POSTS)
            added = [POSTS]
            for name in ("atom.xml", "rss.xml", "feed.json"):
                before = published()
                seen, current, pages = follow(base, name, posts, added)
                if len(seen | current) < before:
                    sys.exit(f"{name}: {len(seen | current)} ids of {before}")
                print(f"ok: {name}: {len(seen)} ids on {pages} archive pages, of {before} posts at the start")
                until("the posts that were added", lambda: published() == added[0])
        finally:
            process.terminate()
            process.wait(10)


if __name__ == "__main__":
    main()

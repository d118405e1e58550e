#!/usr/bin/env python3
# Needs newsboat
# Needs r2e: rss2email
"""/opml.xml, imported into newsboat and rss2email: every post with one category path comes once.

newsboat keeps one copy of an id by itself; rss2email mails whatever each feed has, and so would show a post twice that
stands in two feeds of the list.
"""
import collections
import mailbox
import pathlib
import re
import sqlite3
import sys
import xml.etree.ElementTree as xml

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from daemon import Daemon, Place, Proxy, eventually, run, the_same  # noqa: E402
from story import post  # noqa: E402

POSTS = {
    "甲": ["社交媒体", "知乎"],
    "乙": ["社交媒体", "知乎", "热榜"],
    "丙": ["社交媒体"],
    "丁": ["随笔"],
    "戊": ["a/b & \"c\" <d>"],
    "己": [],
}
CATEGORIES = {tuple(path[:depth]) for path in POSTS.values() for depth in range(1, len(path) + 1)}
CONFIGURATION = """[DEFAULT]
email-protocol = maildir
maildir-path = {home}/mail
maildir-mailbox = box
from = feeds@localhost
to = reader@localhost
"""


def newsboat(place, listed):
    home = place.folder / "newsboat"
    home.mkdir()
    files = ["-u", home / "urls", "-c", home / "cache.db", "-C", home / "config"]
    for file in ("urls", "config"):
        (home / file).touch()
    run(["newsboat", *files, "-i", listed], env=place.environment(), cwd=home)
    urls = [line.split()[0] for line in (home / "urls").read_text().splitlines() if line]
    run(["newsboat", *files, "-x", "reload"], env=place.environment(), cwd=home)
    cache = sqlite3.connect(home / "cache.db")
    try:
        return urls, [title for (title,) in cache.execute("SELECT title FROM rss_item")]
    finally:
        cache.close()


def rss2email(place, listed):
    home = place.folder / "r2e"
    (home / "mail").mkdir(parents=True)
    (home / "r2e.cfg").write_text(CONFIGURATION.format(home=home))
    command = ["r2e", "-c", home / "r2e.cfg", "-d", home / "r2e.json"]
    run([*command, "opmlimport", listed], env=place.environment(), cwd=home)
    run([*command, "run"], env=place.environment(), cwd=home)
    urls = re.findall(r"^url = (.*)$", (home / "r2e.cfg").read_text(), re.M)
    mails = list(mailbox.Maildir(home / "mail" / "box"))
    return urls, [mail["X-RSS-ID"] for mail in mails]


def listed_feeds(daemon):
    outlines = xml.fromstring(daemon.get("opml.xml")).iter("outline")
    return sorted(outline.get("xmlUrl") for outline in outlines if outline.get("xmlUrl"))


def main():
    with Place() as place, Proxy() as proxy:
        daemon = Daemon(place.folder, f"base_url: {proxy.base}\n")
        for number, (title, categories) in enumerate(POSTS.items(), 1):
            daemon.write(f"{number}.md", post(title, f"{number:02}", title, categories or ["''"]))
        with daemon:
            proxy.target = daemon.port
            eventually("all posts are there", lambda: len(daemon.json("feed.json")["items"]), len(POSTS))
            ids = sorted(item["id"] for item in daemon.json("feed.json")["items"])
            # It comes after the feeds that it lists.
            eventually("each category and the whole are listed", lambda: len(listed_feeds(daemon)), len(CATEGORIES) + 1)
            listed = place.folder / "opml.xml"
            listed.write_bytes(daemon.get("opml.xml"))
            feeds = listed_feeds(daemon)

            urls, titles = newsboat(place, listed)
            the_same("newsboat subscribes to every feed of the list", sorted(urls), feeds)
            the_same("newsboat shows every post once", sorted(titles), sorted(POSTS))
            fetched = [asked.path for asked in proxy.asked if asked.status == 200]
            the_same("each feed was fetched once", max(collections.Counter(fetched).values()), 1)

            urls, mailed = rss2email(place, listed)
            the_same("rss2email subscribes to every feed of the list", sorted(urls), feeds)
            the_same("rss2email mails every post once", sorted(mailed), ids)


main()

#!/usr/bin/env python3
# Needs newsboat
"""newsboat: what its cache holds. It keeps one copy of an id that stands in two feeds."""
import pathlib
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from daemon import run  # noqa: E402
from story import Client, tell  # noqa: E402


class Newsboat(Client):
    merges = True
    # It follows a 301, but sometimes drops what is new behind it, as an entry of an address that it does not know.
    follows = False
    # A condition is sent from the third reload on.
    polls = 3

    def __init__(self, place, urls, proxy):
        super().__init__(place, urls, proxy)
        self.subscribe()
        (self.home / "config").write_text("")

    def subscribe(self):
        (self.home / "urls").write_text("".join(f"{url}\n" for url in self.urls.values()))

    def subscribe_anew(self, feed, url):
        self.urls[feed] = url
        self.subscribe()

    def poll(self):
        files = ["-u", self.home / "urls", "-c", self.home / "cache.db", "-C", self.home / "config"]
        run(["newsboat", *files, "-x", "reload"], env=self.place.environment(), cwd=self.home)

    def shown(self, feed):
        cache = sqlite3.connect(self.home / "cache.db")
        try:
            return [title for (title,) in cache.execute("SELECT title FROM rss_item WHERE deleted = 0")]
        finally:
            cache.close()


tell(Newsboat)

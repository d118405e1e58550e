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
    # A condition is sent from the third reload on.
    polls = 3

    def __init__(self, place, urls, proxy):
        super().__init__(place, urls, proxy)
        (self.home / "urls").write_text("".join(f"{url}\n" for url in urls.values()))
        (self.home / "config").write_text("")

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

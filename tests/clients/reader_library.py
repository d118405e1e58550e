#!/usr/bin/env python3
"""The Python library `reader`: its storage, with the category's feed as JSON Feed."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from story import CATEGORY, MAIN, Client, tell  # noqa: E402

from reader import make_reader  # noqa: E402


class Reader(Client):
    formats = {MAIN: "atom.xml", CATEGORY: "feed.json"}

    def __init__(self, place, urls, proxy):
        super().__init__(place, urls, proxy)
        self.reader = make_reader(str(self.home / "reader.sqlite"))
        for url in urls.values():
            self.reader.add_feed(url)

    def poll(self):
        for feed in self.urls.values():
            self.reader.update_feed(feed)

    def shown(self, feed):
        return [entry.title for entry in self.reader.get_entries(feed=self.urls[feed])]

    def close(self):
        self.reader.close()


tell(Reader)

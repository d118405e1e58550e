#!/usr/bin/env python3
# Needs sfeed_update: sfeed curl
"""sfeed: sfeed_update writes one line an entry, and knows an entry again by id, title and link together.

So an edited title is a second line whatever its id; the fetch function is the one that its README recommends. A redirect
is no success for it: the user changes the address.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from daemon import run  # noqa: E402
from story import Client, tell  # noqa: E402

FETCH = """
fetch() {
    curl -L --max-redirs 0 -f -s -m 15 --compressed \\
        --etag-save "$sfeedpath/../etags/$1" --etag-compare "$sfeedpath/../etags/$1" "$2"
}
"""


class Sfeed(Client):
    title_again = 1
    follows = False

    def __init__(self, place, urls, proxy):
        super().__init__(place, urls, proxy)
        (self.home / "feeds").mkdir()
        (self.home / "etags").mkdir()
        self.configure()

    def configure(self):
        feeds = "".join(f"    feed {name} '{url}'\n" for name, url in self.urls.items())
        (self.home / "sfeedrc").write_text(f"sfeedpath='{self.home}/feeds'\n{FETCH}\nfeeds() {{\n{feeds}}}\n")

    def poll(self):
        try:
            run(["sfeed_update", str(self.home / "sfeedrc")], env=self.place.environment(), cwd=self.home)
        except SystemExit as failed:
            # The one failure that belongs to the story.
            if "FAIL (FETCH)" not in str(failed) or "category" not in str(failed):
                raise

    def subscribe_anew(self, feed, url):
        self.urls[feed] = url
        self.configure()

    def shown(self, feed):
        # sfeed(5): time, title, link, content, content type, id, author, enclosure, category.
        lines = [line.split("\t") for line in (self.home / "feeds" / feed).read_text().splitlines()]
        known = {line[5] for line in lines}
        titles = [line[1] for line in lines]
        if len(known) != len({title.split()[0] for title in titles}):
            sys.exit(f"an edit has another id: {lines}")
        return titles


tell(Sfeed)

#!/usr/bin/env python3
# Needs faketime
"""The clock, set back and forth under the running program, by hours and by years: the order of feeds stays, nothing vanishes, no
grace is cut short, and posts go on coming. Dates at the edges: 1970, 9999, and the hours that a zone has twice or not at all."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import ledger  # noqa: E402
from daemon import Daemon, Place, eventually, run, the_same  # noqa: E402
from figures import figure  # noqa: E402

POSTS = 60
DAY = 86_400


class Clock:
    """A clock for one program: libfaketime reads a file, again and again. Its steady clock goes on, as the kernel's does."""

    def __init__(self, folder):
        self.file = folder / "clock"
        self.by(0)
        library = run(["faketime", "-m", "now", "printenv", "LD_PRELOAD"]).strip()
        self.environment = {"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1",
                            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}

    def by(self, seconds):
        self.file.write_text(f"{seconds:+d}\n")


def order(daemon):
    return [item["id"] for item in daemon.json("feed.json")["items"]]


def dated(title, date, zone=""):
    return f"---\ntitle: {title}\ndate: {date}{zone}\ncategories: [edges]\n---\n<p>words of {title}</p>\n"


def rewrite(place, before, after):
    """Changes a line of the configuration."""
    file = place / "feedwright.yaml"
    text = file.read_text()
    the_same(f"`{before}` is configured", text.count(before), 1)
    file.write_text(text.replace(before, after))


def set_back_and_forth(place):
    clock = Clock(place)
    site = Daemon(place, environment=clock.environment)
    rewrite(place, "delete_grace: 1s", "delete_grace: 10m")
    ledger.write(site.posts, range(POSTS), folder="old")
    expected = ledger.walk(site.posts)
    settings = (DAY, -DAY, 3600, -3600, 30 * DAY, -400 * DAY, 0, 3 * 365 * DAY, 0)
    with site as daemon, ledger.watched(daemon):
        ledger.nothing_lost(daemon)
        # One that is missing all the while: its grace of ten minutes is not over however the clock is set.
        (site.posts / "old/p0.md").unlink()
        kept = {id: one for id, one in expected.entries.items() if one.path == "old/p0.md"}
        eventually("it is missed", lambda: daemon.json("status.json")["posts"]["kept"], 1)
        number, log = POSTS, lambda: (place / "log").read_text()
        for count, seconds in enumerate(settings, 1):
            before = order(daemon)
            clock.by(seconds)
            # It wakes by this, and notices.
            ledger.write(site.posts, [number], folder="new")
            number += 1
            eventually(f"the clock is set to {seconds:+d} s, and that is noticed", lambda: log().count("the clock was set"), count)
            ledger.nothing_lost(daemon, kept=kept)
            now = order(daemon)
            the_same("the order is what it was", [id for id in now if id in before], [id for id in before if id in now])
        site.write("edit.md", ledger.post(3, "edited after all of that"))
        ledger.nothing_lost(daemon, kept=kept)
        entries = number - POSTS
    with site as daemon:
        ledger.nothing_lost(daemon, kept=kept)
    figure("the clock is set", f"{len(settings)} times by an hour to three years, back and forth, while posts come",
           f"{entries} posts came in order, nothing vanished, the grace of a missing one is as long as it was")


def edges(place):
    site = Daemon(place)
    rewrite(place, "timezone: UTC", "timezone: Europe/Berlin\n    future: publish")
    dates = [("Epoch", "1970-01-01 01:00:00", "1970-01-01T00:00:00Z"),
             ("Before the gap", "2024-03-31 01:59:59", "2024-03-31T00:59:59Z"),
             ("In the gap", "2024-03-31 02:30:00", None),
             ("After the gap", "2024-03-31 03:00:00", "2024-03-31T01:00:00Z"),
             ("Before the fold", "2024-10-27 01:59:59", "2024-10-26T23:59:59Z"),
             ("In the fold", "2024-10-27 02:30:00", None),
             ("After the fold", "2024-10-27 03:00:00", "2024-10-27T02:00:00Z"),
             ("The end", "9999-12-31 23:00:00", "9999-12-31T22:00:00Z")]
    for number, (title, date, _) in enumerate(dates):
        site.write(f"{number}.md", dated(title, date))
    with site as daemon:
        ledger.nothing_lost(daemon, formats=("atom.xml", "rss.xml", "feed.json"))
        items = {item["title"]: item["date_published"] for item in daemon.json("feed.json")["items"]}
        for title, _, expected in dates:
            if expected:
                the_same(f"{title}: its time", items[title], expected)
        gap, fold = items["In the gap"], items["In the fold"]
        the_same("the hour that is not there is within an hour of it", "2024-03-31T00:30:00Z" <= gap <= "2024-03-31T01:30:00Z", True)
        the_same("the hour that is there twice is one of the two", fold in ("2024-10-27T00:30:00Z", "2024-10-27T01:30:00Z"), True)
        times = [item["date_published"] for item in daemon.json("feed.json")["items"]]
        the_same("the newest comes first", times, sorted(times, reverse=True))
    figure("dates at the edges", "1970, 9999, the hour a zone skips and the one it has twice",
           f"in order in all formats, nothing lost; in the gap {gap}, in the fold {fold}")


def main():
    for story in (set_back_and_forth, edges):
        with Place() as place:
            story(place.folder)


if __name__ == "__main__":
    main()

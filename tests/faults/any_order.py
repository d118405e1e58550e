#!/usr/bin/env python3
"""Folders are made, filled, moved, replaced and removed in any order and as fast as they can be, the posts folder among them,
while settings are read again and the program is killed: what lies there when all is quiet is what feeds show.

There is no periodic scan: but where settings are read again, which is not often, what finds a post is an event, or what follows
from one.
"""
import collections
import http.client
import pathlib
import random
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import ledger  # noqa: E402
from daemon import Daemon, Place  # noqa: E402
from figures import figure, whole  # noqa: E402

SEED = 4
ROUNDS = 200 if whole() else 8
NAMES = "abcde"
#: Seconds, with the graces of removed posts.
DEADLINE = 60


class Folder:
    """A posts folder, and what happens to it."""

    def __init__(self, site, aside, dice):
        self.site, self.posts, self.aside, self.dice = site, site.posts, aside, dice
        self.written = self.kept = self.killed = 0
        self.kinds = {self.write: 8, self.by_rename: 5, self.replace: 4, self.move: 4, self.bring_back: 3, self.remove: 2,
                      self.take_out: 2, self.unlink: 2, self.root: 1, self.root_away: 1, self.reload: 0.2, self.kill: 0.2}

    def change(self):
        [kind] = self.dice.choices(list(self.kinds), list(self.kinds.values()))
        kind()

    def place(self, least=0):
        """A folder that is there or not."""
        return self.posts.joinpath(*self.dice.choices(NAMES, k=self.dice.randint(least, 3)))

    def post(self, folder):
        """A path for a post, and its text, which is like no other."""
        folder.mkdir(parents=True, exist_ok=True)
        self.written += 1
        return folder / f"p{self.written % 40}.md", ledger.post(self.written)

    def write(self, folder=None):
        path, text = self.post(folder or self.place())
        path.write_text(text)

    def by_rename(self):
        path, text = self.post(self.place())
        part = path.with_name(f".{path.name}.part")
        part.write_text(text)
        part.rename(path)

    def remove(self, folder=None):
        shutil.rmtree(folder or self.place(1), ignore_errors=True)

    def replace(self, folder=None):
        folder = folder or self.place(1)
        self.remove(folder)
        for _ in range(self.dice.randint(1, 3)):
            self.write(folder)

    def move(self):
        one, other = self.place(1), self.place(1)
        if one.exists() and one not in (other, *other.parents) and other not in one.parents:
            self.remove(other)
            other.parent.mkdir(parents=True, exist_ok=True)
            one.rename(other)

    def take_out(self):
        folder = self.place(1)
        if folder.exists():
            self.kept += 1
            folder.rename(self.aside / str(self.kept))

    def bring_back(self):
        folder, kept = self.place(1), sorted(self.aside.iterdir())
        if kept and not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            self.dice.choice(kept).rename(folder)

    def unlink(self):
        if posts := sorted(self.posts.rglob("p*.md")):
            self.dice.choice(posts).unlink()

    def root(self):
        """The posts folder itself, as crawlers do every hour."""
        self.replace(self.posts)

    def root_away(self):
        """Another stands there for a moment."""
        away = self.posts.with_name("away")
        self.posts.rename(away)
        self.write(self.posts)
        self.remove(self.posts)
        away.rename(self.posts)

    def reload(self):
        self.site.reload()

    def kill(self):
        self.site.kill()
        for _ in range(self.dice.randint(0, 5)):
            self.write()
        self.site.__exit__()
        self.site.__enter__()
        self.killed += 1


def differences(site, expected):
    """What feeds and archives have too much and too little; by digest, for ids follow moves."""
    try:
        found = list(ledger.follow(ledger.Fetcher(site), "/atom.xml").values())
    except (ledger.Lost, OSError, http.client.HTTPException) as error:
        return str(error)
    more = collections.Counter(found) - collections.Counter(expected.keys())
    return [more.total(), [path for digest, path in expected.items() if digest not in found]]


def main():
    dice, changes = random.Random(SEED), 0
    with Place() as place:
        aside = place.folder / "aside"
        aside.mkdir()
        site = Daemon(place.folder, "scan_interval: 1000 h\nmass_delete_grace: 2s\n")
        folder = Folder(site, aside, dice)
        with site:
            for number in range(ROUNDS):
                for _ in range(dice.randint(1, 60)):
                    folder.change()
                    changes += 1
                    if dice.random() < 0.05:
                        time.sleep(dice.random() * 0.02)
                expected = {entry.digest: entry.path for entry in ledger.walk(site.posts).entries.values()}
                end = time.monotonic() + DEADLINE
                while (found := differences(site, expected)) != [0, []]:
                    if time.monotonic() > end:
                        sys.exit(f"round {number}: of no file and missing: {found}\n{(site.folder / 'log').read_text()[-3000:]}")
                    time.sleep(0.05)
    figure("any order", f"{changes:,} changes of folders as fast as can be, {folder.killed} of them kill -9 (seed {SEED}), no "
           "periodic scan", f"{ROUNDS} times quiet, each time feeds and archives had what lay there")


if __name__ == "__main__":
    main()

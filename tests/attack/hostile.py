#!/usr/bin/env python3
"""Hostile posts in the running program: nothing lands outside its folders, and other posts do not wait for them.

FEEDWRIGHT_HOSTILE names the folder into which tests/it has written them.
"""
import os
import pathlib
import shutil
import sys
import time
import urllib.error

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from daemon import Daemon, Place, eventually, the_same
from figures import figure, whole

HOSTILE = pathlib.Path(os.environ["FEEDWRIGHT_HOSTILE"])


def below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def problems(name):
    """What is wrong with a path of the output folder."""
    for part in pathlib.PurePosixPath(name).parts:
        if part in ("..", ".") or len(part.encode()) > 255 or "\\" in part or any(ord(letter) < 32 for letter in part):
            yield f"{name!r}"


with Place() as place:
    inside = place.folder / "inside"
    inside.mkdir()
    (place.folder / "passwd").write_text("outside")
    with Daemon(inside) as site:
        site.write("first.md", "---\ntitle: first\ndate: 2030-01-01\n---\n")
        shutil.copytree(HOSTILE / "odd", site.posts / "odd")
        for number, file in enumerate(sorted((HOSTILE / "heavy").rglob("*.*"))):
            if whole() or number % 16 == 0:
                shutil.copy(file, site.posts / file.name)
        count = sum(path.is_file() for path in site.posts.rglob("*"))
        began = time.monotonic()
        site.write("after.md", "---\ntitle: written after all of them\ndate: 2024-01-01\ncategories: [quiet]\n---\n")
        eventually("the post that came after them is shown",
                   lambda: site.status("categories/quiet/rss.xml"), 200)
        waited = time.monotonic() - began

        def told():
            try:
                posts = site.json("status.json")["posts"]
            except urllib.error.HTTPError:
                return None  # it is busy with them
            return sum(posts[name] for name in ("published", "draft", "scheduled", "rejected", "skipped"))

        eventually("every file is published or listed", told, count + 1)
        eventually("the program has time to say so", lambda: site.status("status.json"), 200)
        status = site.json("status.json")["posts"]
    the_same("what lies outside", sorted(path.name for path in place.folder.iterdir()), ["inside", "passwd"])
    the_same("what lies inside", sorted(path.name for path in inside.iterdir()),
             ["feedwright.yaml", "log", "out", "posts", "state"])
    the_same("links in the output", [name for name in below(inside / "out") if (inside / "out" / name).is_symlink()], [])
    the_same("unsafe names in the output", [found for name in below(inside / "out") for found in problems(name)], [])
    figure("hostile posts in the daemon", f"{count} files at once",
           f"{status['published']} published, {status['rejected']} rejected, {status['skipped']} skipped, none lost; "
           f"a post written after them shown within {waited:.1f} s; nothing outside the folders")

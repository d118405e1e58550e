#!/usr/bin/env python3
"""500 posts, no configuration, swept five times the crawler's way: no feed may change a byte at any moment.

A sweep deletes everything and writes it again, in random order and not atomically; pictures are rolled anew, and every
third post has a naive date of the moment. Afterwards the catalog is deleted, and the posts that carry dates must come out
the same.
"""
import datetime
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))

import produced  # noqa: E402

FEEDWRIGHT = os.environ["FEEDWRIGHT"]
SHARED = os.environ.get("FEEDWRIGHT_SHARED")
POSTS, SWEEPS, DEADLINE = 500, 5, 60
R = random.Random(5)


def written(text, stamped):
    picture = "https://pic9.example.com/v2-%032x_1440w.jpg" % R.getrandbits(128)
    text = re.sub(r"^(headimg|thumbnail): '.*'$", lambda m: f"{m[1]}: '{picture}'", text, flags=re.M)
    if stamped:
        now = datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S")
        text = re.sub(r"^date: .*$", f"date: {now}", text, flags=re.M)
    return text


def write_all(folder, sources, stamps):
    order = list(enumerate(sorted(sources)))
    R.shuffle(order)
    for number, name in order:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = written(sources[name], stamps and number % 3 == 0).encode()
        middle = R.randrange(len(data))
        with open(path, "wb") as file:
            file.write(data[:middle])
            file.flush()
            file.write(data[middle:])


def empty(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()


class Daemon:
    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        self.log = open(self.folder / "log", "w")
        command = [FEEDWRIGHT, "run", "posts", "--output", "out", "--state", "state", "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, cwd=self.folder, stderr=self.log)
        try:
            self.wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait(self):
        self.until(lambda: re.search(r" on 127\.0\.0\.1:(\d+)", (self.folder / "log").read_text()), "a start")
        port = re.search(r" on 127\.0\.0\.1:(\d+)", (self.folder / "log").read_text())[1]
        self.base = f"http://127.0.0.1:{port}/"
        self.until(self.ready, "readiness")
        self.until(lambda: self.posts()["published"] == POSTS, "all posts")

    def ready(self):
        try:
            return self.get("readyz")
        except urllib.error.HTTPError:
            return False

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        self.log.close()

    def until(self, holds, what):
        end = time.monotonic() + DEADLINE
        while not holds():
            if time.monotonic() > end:
                sys.exit(f"{what} did not come: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def get(self, path):
        with urllib.request.urlopen(self.base + path, timeout=DEADLINE) as response:
            return response.read()

    def posts(self):
        return json.loads(self.get("status.json"))["posts"]


def snapshot(folder):
    files = [path for path in (folder / "out").rglob("*") if path.is_file() and not path.name.startswith(".")]
    return {str(path.relative_to(folder)): hashlib.md5(path.read_bytes()).hexdigest() for path in files}


def main():
    if not SHARED:
        if os.environ.get("CI"):
            sys.exit("CI must set FEEDWRIGHT_SHARED")
        return print("left out: FEEDWRIGHT_SHARED names no folder")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        posts = folder / "posts"
        maker = [sys.executable, f"{SHARED}/tools/gen_posts.py", str(POSTS), str(posts)]
        subprocess.run(maker, check=True, stderr=subprocess.DEVNULL)
        sources = {str(path.relative_to(posts)): path.read_text() for path in posts.rglob("*.md")}
        empty(posts)
        write_all(posts, sources, stamps=True)
        with Daemon(folder) as daemon:
            feeds, served = snapshot(folder), daemon.get("rss.xml")
            for number in range(SWEEPS):
                empty(posts)
                write_all(posts, sources, stamps=True)

                def calm():
                    if snapshot(folder) != feeds or daemon.get("rss.xml") != served:
                        sys.exit(f"sweep {number}: a feed changed")
                    return daemon.posts() | {"kept": 0} == daemon.posts() and daemon.posts()["published"] == POSTS

                calm()
                daemon.until(calm, f"sweep {number}")
            produced.keep("sweep/served", folder / "out", daemon.base)
            print(f"ok: {len(feeds)} documents kept every byte over {SWEEPS} sweeps of {POSTS} posts")
        # Without stamps: what carries its date needs no catalog. The port is part of the links.
        empty(posts)
        write_all(posts, sources, stamps=False)
        bases = []
        for _ in range(2):
            shutil.rmtree(folder / "state")
            build = [FEEDWRIGHT, "build", "posts", "--output", "out", "--state", "state", "--base-url", "https://e.org/"]
            subprocess.run(build, cwd=folder, check=True, stderr=subprocess.DEVNULL)
            bases.append(snapshot(folder))
        produced.keep("sweep/rebuilt", folder / "out", "https://e.org/")
        if bases[0] != bases[1]:
            sys.exit("without its catalog the feeds came out otherwise")
        print("ok: the same bytes after the catalog was deleted")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""How long a post takes from being written to standing in all its feeds over HTTP.

usage: drop.py PROGRAM POSTS [ROUNDS]     POSTS: a folder of posts, which is copied and left alone
Prints the median and the worst, in milliseconds.
"""
import http.client
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

POST = "\n---\ntitle: 'MARK-{n}'\ncategories: \n - bench\n - bench{n}\ndate: 2031-01-01 00:{m:02}:{s:02} +0000\n---\n\n<p>x</p>\n"


def main(program, posts, rounds=50):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        shutil.copytree(posts, folder / "posts")
        (folder / "c.yaml").write_text("output: out\nstate: state\nposts: [{path: posts, future: publish}]\n")
        log = open(folder / "log", "w")
        program = subprocess.Popen([program, "run", "-c", "c.yaml", "--listen", "127.0.0.1:0"], cwd=folder, stderr=log)
        try:
            while not (found := re.search(r" on 127\.0\.0\.1:(\d+)", (folder / "log").read_text())):
                time.sleep(0.01)
            client = http.client.HTTPConnection("127.0.0.1", int(found[1]))

            def get(path):
                client.request("GET", path)
                response = client.getresponse()
                return response.status, response.read()

            while get("/readyz")[0] != 200:
                time.sleep(0.01)
            took = []
            for n in range(rounds):
                mark = f"MARK-{n}<".encode()
                text = POST.format(n=n, m=n // 60, s=n % 60)
                start = time.perf_counter()
                (folder / "posts" / f"mark-{n}.md").write_text(text)
                for path in ("/rss.xml", "/categories/bench/rss.xml", f"/categories/bench/bench{n}/rss.xml"):
                    while mark not in get(path)[1]:
                        if time.perf_counter() - start > 30:
                            sys.exit(f"{path} never showed {mark}")
                took.append((time.perf_counter() - start) * 1000)
            print(f"{len(took)} posts: median {statistics.median(took):.1f} ms, worst {max(took):.1f} ms")
        finally:
            program.terminate()
            program.wait(10)
            log.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))

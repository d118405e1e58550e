#!/usr/bin/env python3
"""redbot, which knows HTTP by heart, looks at a feed of each format, a page, a redirect, a list and what is absent.

It exits with 0 whatever it finds, so its notes are judged here: a warning or a fault fails, and so does a good note
that is missing. That it finds faults at all is shown on a server that has some.
"""
import http.server
import json
import re
import subprocess
import sys
import tempfile
import threading

from http_site import Site, check, post

# Notes that are no reason to change anything: the note's name, and why.
ALLOWED = {
    # Pages show the pictures of posts from wherever they are; nothing else is loaded from there.
    "CSP_HTTP_URI",
}

# What redbot must have seen with its own eyes.
SOUND = {"CONTENT_TYPE_OPTIONS", "CONTENT_SECURITY_POLICY", "DATE_CORRECT", "CL_CORRECT"}
FRESH = SOUND | {"FRESHNESS_FRESH", "STORE_STORABLE"}
PAGE = FRESH | {"INM_304", "CONNEG_GZIP_GOOD"}
FEED = PAGE | {"IMS_304"}
# Too short to be worth a compression.
LIST = FEED - {"CONNEG_GZIP_GOOD"}
MISSING = SOUND | {"STORE_NO_STORE"}


def look(url):
    """The status that redbot sees, and its notes, with those of its further requests."""
    said = subprocess.run(["redbot", "-o", "har", url], capture_output=True, timeout=120, check=True).stdout
    entries = json.loads(said)["log"]["entries"]
    if not entries:
        sys.exit(f"{url}: redbot saw nothing: {said.decode()}")
    notes = [note for entry in entries for note in entry.get("_red_messages", [])]
    return entries[0]["response"]["status"], notes + [sub for note in notes for sub in note.get("subnotes", [])]


def bad(notes):
    return [note for note in notes if note["level"] in ("WARN", "BAD") and note["note_id"] not in ALLOWED]


class Careless(http.server.BaseHTTPRequestHandler):
    """Sends what redbot must complain about."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/rss+xml")
        self.send_header("Content-Length", "4")
        self.send_header("ETag", "unquoted")
        self.send_header("Last-Modified", "yesterday")
        self.send_header("Cache-Control", "max-age=soon")
        self.end_headers()
        self.wfile.write(b"<rss")

    def log_message(self, *_):
        pass


def main():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Careless) as careless:
        threading.Thread(target=careless.serve_forever, daemon=True).start()
        _, notes = look(f"http://127.0.0.1:{careless.server_port}/rss.xml")
        careless.shutdown()
        check("redbot finds faults where there are some", len(bad(notes)) >= 2, True)

    with tempfile.TemporaryDirectory() as folder:
        site = Site(folder)
        for number in range(1, 9):
            site.write(f"{number}.md", post(f"Post {number}", f"2022-02-0{number} 08:54:46", "[社交媒体, 知乎]"))
        with site:
            base = f"http://127.0.0.1:{site.port}/"
            category = "categories/%E7%A4%BE%E4%BA%A4%E5%AA%92%E4%BD%93"
            # Its address has a hash of what it holds.
            style = re.search(r'href="(assets/style[^"]+)"', site.get("").decode())[1]
            total = 0
            for path, status, expected in [
                ("rss.xml", 200, FEED),
                (f"{category}/atom.xml", 200, FEED),
                (f"{category}/feed.json", 200, FEED),
                ("opml.xml", 200, LIST),
                ("opml-all.xml", 200, LIST),
                ("", 200, PAGE),
                (f"{category}/", 200, PAGE),
                (style, 200, PAGE),
                (category, 301, FRESH),
                ("nothing.xml", 404, MISSING),
                ("healthz", 200, MISSING),
            ]:
                seen, notes = look(base + path)
                total += len(notes)
                names = {note["note_id"] for note in notes}
                check(f"/{path}: the status", seen, status)
                check(f"/{path}: no warning among {len(notes)} notes", bad(notes), [])
                check(f"/{path}: what is good is seen", expected - names, set())
            check("redbot had something to say", total > 80, True)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""nginx as a caching proxy in front: what it may keep it keeps apart, what it may not keep it does not, and a reader
behind it sees what a reader without it sees."""
import base64
import email.utils
import gzip
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from http_site import Site, check, until, free_port, post, request

# Where it is installed, or where 00-proxies.sh unpacks it.
UNPACKED = pathlib.Path(__file__).parents[2] / "target/nginx/usr/sbin"
NGINX = shutil.which("nginx", path=os.pathsep.join([os.environ["PATH"], "/usr/sbin", str(UNPACKED)]))

MAIN = """
daemon off;
{user}
worker_processes 1;
pid nginx.pid;
error_log stderr notice;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    proxy_cache_path cache keys_zone=feeds:1m;
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    add_header X-Cache $upstream_cache_status always;
    {servers}
}}
"""

CACHING = """
    server {{
        listen 127.0.0.1:{port};
        proxy_cache feeds;
        proxy_cache_revalidate on;
        location / {{ proxy_pass http://127.0.0.1:{upstream}; }}
    }}
"""

# Below a path, which is passed on in one server and taken off in the other; without a cache.
PREFIXED = """
    server {{
        listen 127.0.0.1:{port};
        location /feeds/ {{ proxy_pass http://127.0.0.1:{upstream}{rest}; }}
    }}
"""

GZIP, IDENTITY = {"accept_encoding": "gzip"}, {"accept_encoding": "identity"}


class Nginx:
    def __init__(self, folder, servers):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        # Its workers must reach a folder that is only for us.
        user = "user root;" if os.getuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(MAIN.format(user=user, servers="".join(servers)))

    def __enter__(self):
        command = [NGINX, "-e", "stderr", "-p", f"{self.folder}/", "-c", "nginx.conf"]
        self.log = open(self.folder / "log", "w+b")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=self.log)
        text = lambda: (self.folder / "log").read_text()
        until("nginx starts", text, lambda log: "start worker process " in log or self.process.poll() is not None)
        if self.process.poll() is not None:
            sys.exit(f"nginx did not start: {text()}")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        self.log.close()


def cache(response):
    return response.headers.get("x-cache")


def titles(response):
    body = gzip.decompress(response.body) if response.headers.get("content-encoding") == "gzip" else response.body
    return re.findall("<item>.*?<title>(.*?)</title>", body.decode(), re.DOTALL)


def hits_and_variants(port):
    # A browser comes first, and is sent to the page; nobody else is.
    browser = lambda: request(port, "/rss.xml", sec_fetch_dest="document", **GZIP)
    for visit in ("first", "second"):
        found = browser()
        check(f"the browser's {visit} visit", (found.status, found.headers["location"], cache(found)), (303, "/#subscribe", "MISS"))

    first = request(port, "/rss.xml", **GZIP)
    check("a reader after it", (first.status, cache(first), titles(first)), (200, "MISS", ["B", "A"]))
    again = request(port, "/rss.xml", **GZIP)
    check("the next reader", (again.status, cache(again), again.body == first.body), (200, "HIT", True))
    check("a browser in between", browser().status, 303)

    plain = request(port, "/rss.xml", **IDENTITY)
    check("one that takes no gzip", (cache(plain), plain.headers.get("content-encoding")), ("MISS", None))
    check("… reads the same", titles(plain), titles(first))
    plain = request(port, "/rss.xml", **IDENTITY)
    check("… from the cache", (cache(plain), plain.headers.get("content-encoding")), ("HIT", None))
    again = request(port, "/rss.xml", **GZIP)
    check("the gzip variant is kept apart", (cache(again), again.headers.get("content-encoding")), ("HIT", "gzip"))

    tag = {"if_none_match": again.headers["etag"]}
    check("a reader that has it", request(port, "/rss.xml", **GZIP, **tag).status, 304)
    weak = {"if_none_match": "W/" + again.headers["etag"]}
    check("… by a weak tag", request(port, "/rss.xml", **GZIP, **weak).status, 304)
    check("… of another variant", request(port, "/rss.xml", **IDENTITY, **tag).status, 200)
    since = {"if_modified_since": again.headers["last-modified"]}
    check("… by date", request(port, "/rss.xml", **GZIP, **since).status, 304)

    head = request(port, "/rss.xml", "HEAD", **GZIP)
    same = lambda response: {key: value for key, value in response.headers.items() if key not in ("date", "connection")}
    check("HEAD is GET", (head.status, head.body, same(head)), (200, b"", same(again)))
    check("links", 'rel="self"; type="application/rss+xml"' in again.headers["link"], True)
    check("CORS", again.headers["access-control-allow-origin"], "*")


def what_is_never_kept(port):
    for path, status, cache_control, headers in [
        ("/status.json", 200, "no-store", {}),
        ("/nothing.xml", 404, "no-store", {}),
        ("/healthz", 200, "no-store", {}),
        ("/rss.xml", 303, "no-store", {"sec_fetch_dest": "document"}),
    ]:
        for _ in range(2):
            found = request(port, path, **headers)
            check(f"{path} {status} is not kept", (found.status, cache(found)), (status, "MISS"))
            check("… and says so", found.headers["cache-control"], cache_control)


def what_is_private(port, token):
    credential = "Basic " + base64.b64encode(f"anyone:{token}".encode()).decode()
    feed = "/categories/Diary/rss.xml"
    for path, status, cache_control, headers in [
        (feed, 401, "no-store", {}),
        (feed, 200, "private, max-age=3600", {"authorization": credential}),
        (feed, 401, "no-store", {}),
        (f"/private/{token}{feed}", 200, "private, max-age=3600", {}),
    ]:
        for _ in range(2):
            found = request(port, path, **headers)
            check(f"{path} {status} is not kept", (found.status, cache(found)), (status, "MISS"))
            check("… and says so", found.headers["cache-control"], cache_control)


def make_token():
    """A token, and its lines for the configuration."""
    lines = subprocess.check_output([os.environ["FEEDWRIGHT"], "config", "token"], text=True)
    return re.search(r"^# ([0-9a-f]{32})$", lines, re.M)[1], lines


def redirects(port):
    for expected in ("MISS", "HIT"):
        found = request(port, "/categories/rust")
        check("a slash is added", (found.status, found.headers["location"]), (301, "/categories/rust/"))
        check("… and may be kept", cache(found), expected)
    check("the page is there", request(port, "/categories/rust/").status, 200)


def revalidation(site, port):
    """With a max-age of a second."""
    check("cold", cache(request(port, "/rss.xml", **GZIP)), "MISS")
    seen = []

    def comes(status):
        seen.append(cache(request(port, "/rss.xml", **GZIP)))
        return seen[-1] == status

    until("what is stale is asked for again", lambda: comes("REVALIDATED"))
    check("… by condition each time", set(seen) - {"HIT", "REVALIDATED"}, set())
    site.write("c.md", post("C", "2022-02-03 08:54:46"))
    edited = until(
        "a new post comes through", lambda: request(port, "/rss.xml", **GZIP), lambda found: titles(found) == ["C", "B", "A"]
    )
    print("ok: a new post comes through as", cache(edited))
    site.write("c.md", post("C, edited", "2022-02-03 08:54:46"))
    shows = lambda found: titles(found) == ["C, edited", "B", "A"]
    until("an edit comes through", lambda: request(port, "/rss.xml", **GZIP), shows)
    until("… in each variant", lambda: request(port, "/rss.xml", **IDENTITY), shows)
    direct, through = (request(one, "/rss.xml", **IDENTITY) for one in (site.port, port))
    check("validators come through", through.headers["etag"], direct.headers["etag"])
    date = lambda name: email.utils.parsedate_to_datetime(through.headers[name])
    check("Last-Modified is not ahead", date("last-modified") <= date("date"), True)


def below_a_path(port, base):
    ask = lambda path, **headers: request(port, path, source="127.0.0.9", **headers)
    moved = ask("/feeds/categories/rust")
    check(f"{base}: a slash is added", (moved.status, moved.headers["location"]), (301, "/feeds/categories/rust/"))
    check(f"{base}: the page is there", ask(moved.headers["location"]).status, 200)
    feed = ask("/feeds/categories/rust/rss.xml")
    own = f"{base}categories/rust/rss.xml"
    check(f"{base}: the feed knows its address", f'href="{own}"' in feed.body.decode(), True)
    check(f"{base}: … in its head too", feed.headers["link"].startswith(f'<{own}>; rel="self"'), True)
    browser = ask("/feeds/categories/rust/rss.xml", sec_fetch_dest="document")
    check(f"{base}: a browser sees the page", browser.headers["location"], "/feeds/categories/rust/#subscribe")
    check(f"{base}: the root", ask("/feeds/").status, 200)


def limits(port):
    """Clients are told apart by the address that nginx sees: here, other loopback addresses than its own."""
    ask = lambda source, **headers: request(port, "/feeds/rss.xml", source=source, **headers)
    check("a blind client", [ask("127.0.0.2").status for _ in range(3)], [200, 200, 429])
    refused = ask("127.0.0.2", x_forwarded_for="203.0.113.5")
    check("… under a false name", refused.status, 429)
    check("… is told when to come back", 0 < int(refused.headers["retry-after"]) <= 3600, True)
    check("another client", ask("127.0.0.3").status, 200)
    forged = [ask("127.0.0.4", forwarded=f"for=203.0.113.{number}").status for number in range(3)]
    check("one that forges the header that nginx passes on", forged, [200, 200, 429])
    tag = ask("127.0.0.3").headers["etag"]
    check("a polite client", [ask("127.0.0.3", if_none_match=tag).status for _ in range(4)], [304] * 4)


def main():
    if not NGINX:
        sys.exit("there is no nginx: run tests/run, or install it")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        slow, quick, kept, stripped = (free_port() for _ in range(4))
        base = lambda port: f"http://127.0.0.1:{port}/feeds/"
        token, private = make_token()
        private += "categories: {names: {Diary: {access: token}}}\n"
        prefixed = "poll_limit: {requests: 2, per: 1 h}\ntrusted_proxies: [127.0.0.1]\n"
        sites = {
            slow: Site(folder / "slow", f"base_url: http://127.0.0.1:{slow}/\nmax_age: 1 h\nadmin: public\n{private}"),
            quick: Site(folder / "quick", f"base_url: http://127.0.0.1:{quick}/\nmax_age: 1 s\n"),
            kept: Site(folder / "kept", f"base_url: {base(kept)}\n{prefixed}"),
            stripped: Site(folder / "stripped", f"base_url: {base(stripped)}\n"),
        }
        for site in sites.values():
            for number, title in enumerate("AB", 1):
                site.write(f"{title}.md", post(title, f"2022-02-0{number} 08:54:46", body="<p>text</p>" * 100))
        sites[slow].write("diary.md", post("Dear diary", "2022-01-01", "[Diary]"))
        with sites[slow], sites[quick], sites[kept], sites[stripped]:
            servers = [CACHING.format(port=port, upstream=sites[port].port) for port in (slow, quick)]
            for port, rest in ((kept, ""), (stripped, "/")):
                servers.append(PREFIXED.format(port=port, upstream=sites[port].port, rest=rest))
            with Nginx(folder / "nginx", servers):
                hits_and_variants(slow)
                what_is_never_kept(slow)
                what_is_private(slow, token)
                redirects(slow)
                revalidation(sites[quick], quick)
                below_a_path(kept, base(kept))
                below_a_path(stripped, base(stripped))
                limits(kept)


if __name__ == "__main__":
    main()

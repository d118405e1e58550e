#!/usr/bin/env python3
"""The configurations of nginx and Caddy in docs/running.md work as they stand there, but for the ports and certificates: feeds
come through, what is for the administrator does not, and each client is counted for itself."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

from http_site import check, free_port, request, until

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "support"))
from daemon import Daemon, Place, eventually  # noqa: E402

ROOT = HERE.parents[1]
POST = "---\ntitle: One\ndate: 2024-03-01\n---\ntext\n"
CONFIGURATION = "base_url: https://feeds.example.org/\ntrusted_proxies: [127.0.0.1]\npoll_limit: {requests: 4, per: 10 min}\n"


def program(name):
    unpacked = [str(ROOT / "target" / name / "usr" / folder) for folder in ("sbin", "bin")]
    return shutil.which(name, path=os.pathsep.join([os.environ["PATH"], "/usr/sbin", *unpacked]))


def block(language, upstream):
    """The configuration as the page has it, for another port of ours."""
    found = re.search(f"```{language}\n(.*?)```", (ROOT / "docs/running.md").read_text(), re.DOTALL)
    if "127.0.0.1:8080" not in found[1]:
        sys.exit(f"no {language} that passes requests on")
    return found[1].replace("127.0.0.1:8080", f"127.0.0.1:{upstream}")


def nginx(folder, port, upstream):
    server = block("nginx", upstream).replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    paths = "".join(f"{name}_temp_path {name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;\n" if os.getuid() == 0 else ""
    text = f"daemon off;\n{user}pid nginx.pid;\nevents {{}}\nhttp {{\naccess_log off;\n{paths}{server}}}\n"
    (folder / "nginx.conf").write_text(text)
    return [program("nginx"), "-e", "stderr", "-p", f"{folder}/", "-c", "nginx.conf"]


def caddy(folder, port, upstream):
    server = block("caddy", upstream).replace("feeds.example.org {", f"http://feeds.example.org:{port} {{")
    (folder / "Caddyfile").write_text("{\n    admin off\n}\n" + server)
    return [program("caddy"), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


def judge(name, port):
    ask = lambda path, **headers: request(port, path, host="feeds.example.org", **headers)
    until(f"{name} answers", lambda: not refused(port))
    feed = ask("/atom.xml")
    check(f"{name}: a feed", (feed.status, b"https://feeds.example.org/atom.xml" in feed.body), (200, True))
    again = ask("/atom.xml", if_none_match=feed.headers["etag"])
    check(f"{name}: the same again", again.status, 304)
    for path in ("/status/", "/status.json", "/metrics"):
        check(f"{name}: {path}", ask(path).status, 404)
    blindly = lambda client: request(port, "/rss.xml", source=client, host="feeds.example.org").status
    until("one client is told to wait", lambda: blindly("127.0.0.5"), lambda status: status == 429)
    check(f"{name}: another client", blindly("127.0.0.6"), 200)


def refused(port):
    try:
        request(port, "/healthz", host="feeds.example.org")
    except OSError:
        return True
    return False


def main():
    for make in (nginx, caddy):
        with Place() as place:
            daemon = Daemon(place.folder, CONFIGURATION)
            daemon.write("one.md", POST)
            with daemon:
                eventually("the feed is there", lambda: daemon.status("rss.xml"), 200)
                folder, port = place.folder / "proxy", free_port()
                folder.mkdir()
                environment = place.environment() | {"GODEBUG": "netdns=go"}
                server = subprocess.Popen(make(folder, port, daemon.port), env=environment, stderr=subprocess.DEVNULL)
                try:
                    judge(make.__name__, port)
                finally:
                    server.terminate()
                    server.wait(20)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Slow, greedy and wrong clients get what they may have, and not more: times, numbers and sizes as the program promises."""
import concurrent.futures
import pathlib
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
import ledger
from daemon import Daemon, Place, eventually, the_same
from figures import figure

#: The promise, in seconds, and what a busy machine may add.
HEAD, TAKE, SPARE = 10, 30, 4
EACH = 64
GET = b"GET /rss.xml HTTP/1.1\r\nHost: h\r\n"
LARGE = "window: {entries: 500, max_entries: 500, max_size: 64 MiB}\n"
#: More than a socket's buffers hold.
BODIES, BODY = 8, 900_000


def connect(source="127.0.0.1", buffer=None):
    stream = socket.socket()
    if buffer:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    stream.bind((source, 0))
    stream.settimeout(60)
    stream.connect(("127.0.0.1", site.port))
    return stream


def drain(stream):
    """All that comes until the server closes, or cuts."""
    answer = b""
    try:
        while part := stream.recv(1 << 20):
            answer += part
    except ConnectionError:
        pass
    return answer


def exchange(request):
    with connect() as stream:
        try:
            stream.sendall(request)
        except ConnectionError:
            pass
        return drain(stream)


def statuses(answer):
    return [part[:3].decode() for part in answer.split(b"HTTP/1.1 ")[1:]]


# What is cut, and when.

def trickle(first, more):
    """Sends a little every half second, and says when the server has had enough, and what it said."""
    with connect() as stream:
        began = time.monotonic()
        stream.sendall(first)
        answer = b""
        while time.monotonic() - began < HEAD + SPARE + 5:
            stream.settimeout(0.5)
            try:
                if not (part := stream.recv(65536)):
                    break
                answer += part
            except TimeoutError:
                if more:
                    try:
                        stream.sendall(more)
                    except ConnectionError:
                        break
            except ConnectionError:
                break
        return time.monotonic() - began, statuses(answer)


def never_reads():
    """Asks for what no buffer holds, reads nothing, and looks how long the server keeps it."""
    with connect(buffer=4096) as stream:
        port = stream.getsockname()[1]
        stream.sendall(GET + b"\r\n")
        began = time.monotonic()

        def is_held():
            ends = (f":{site.port:04X}", f":{port:04X}")
            rows = (line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines())
            return any(row[1].endswith(ends[0]) and row[2].endswith(ends[1]) and row[3] == "01" for row in rows if len(row) > 3)

        time.sleep(1)
        if not is_held():
            sys.exit("the large feed fits into the buffers: the test tests nothing")
        while is_held() and time.monotonic() - began < TAKE + SPARE + 5:
            time.sleep(0.1)
        return time.monotonic() - began, ["none"]


def in_time(what, look, earliest, latest, expected):
    took, said = look.result()
    if not earliest <= took <= latest or said != expected:
        sys.exit(f"{what}: {said} after {took:.1f} s instead of {expected} within {earliest} to {latest} s")
    return f"{what} {took:.1f} s"


def slow_clients():
    cases = [
        ("nothing sent", b"", b"", (HEAD - 1, HEAD + SPARE), []),
        ("half a line", b"GET /rss", b"", (HEAD - 1, HEAD + SPARE), []),
        ("a field every 0.5 s", GET, b"X: y\r\n", (HEAD - 1, HEAD + SPARE), []),
        ("idle after a reply", b"HEAD /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n", b"", (HEAD - 1, HEAD + SPARE), ["200"]),
        ("a body, a byte every 0.5 s", b"POST /rss.xml HTTP/1.1\r\nHost: h\r\nContent-Length: 9999\r\n\r\n", b"x", (0, SPARE), ["405"]),
        ("a body that never ends", b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", (0, SPARE), ["405"]),
    ]
    with concurrent.futures.ThreadPoolExecutor(len(cases) + 1) as pool:
        looks = [pool.submit(trickle, first, more) for _, first, more, _, _ in cases]
        reader = pool.submit(never_reads)
        seen = [in_time(what, look, *times, expected) for (what, _, _, times, expected), look in zip(cases, looks)]
        seen.append(in_time("nothing read", reader, TAKE - 2, TAKE + SPARE, ["none"]))
    figure("slow clients are cut", "one of each kind at once", "; ".join(seen) + f" (at most {HEAD} s, {TAKE} s for taking)")


# What is refused.

def wrong_requests():
    def fields(count):
        return GET + b"Connection: close\r\n" + b"X: y\r\n" * (count - 2) + b"\r\n"

    def target(path):
        return b"GET " + path + b" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

    cases = [
        ("64 fields", fields(64), ["200"]),
        ("65 fields", fields(65), ["431"]),
        ("200 fields", fields(200), ["431"]),
        ("16 KiB of head", GET + b"X: " + b"y" * 17_000 + b"\r\n\r\n", ["431"]),
        ("2 KiB of path", target(b"/" + b"x" * 2047), ["404"]),
        ("more of path", target(b"/" + b"x" * 2048), ["414"]),
        ("a long query", target(b"/rss.xml?" + b"x" * 2049), ["414"]),
        ("NUL", target(b"/a%00b"), ["404"]),
        ("bare NUL", target(b"/a\0b"), ["400"]),
        ("backslash", target(b"/a\\b"), ["404"]),
        ("encoded backslash", target(b"/a%5Cb"), ["404"]),
        ("up", target(b"/../rss.xml"), ["404"]),
        ("encoded up", target(b"/%2e%2e/rss.xml"), ["404"]),
        ("up, encoded twice", target(b"/%252e%252e/rss.xml"), ["404"]),
        ("half a character", target(b"/%E7%A4"), ["404"]),
        ("no UTF-8", target(b"/%FF"), ["404"]),
        ("too long a slash", target(b"/%C0%AFetc"), ["404"]),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0", []),
        ("an upgrade to HTTP/2", GET + b"Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n", ["200"]),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", ["400"]),
        ("two lengths", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", ["400"]),
        ("a hundred requests at once", b"HEAD /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n" * 99
         + b"HEAD /atom.xml HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", ["200"] * 100),
        ("more than a thousand", b"HEAD /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n" * 1100, ["200"] * 1000),
    ]
    for what, request, expected in cases:
        the_same(what, statuses(exchange(request)), expected)
    figure("wrong requests", f"{len(cases)} kinds", "each refused or answered as promised")


# Who may have how many connections.

def own_address():
    """An address of this machine that is not loopback; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return probe.getsockname()[0]


def crowds():
    stranger = own_address()
    if stranger.startswith("127."):
        sys.exit("this machine has no address but loopback, so nobody can be a stranger")
    slow = []
    for number in range(EACH + 10):
        slow.append(connect(stranger))
        slow[-1].sendall(GET)
        # One after the other, so that the first is the slowest.
        if number < 20:
            exchange(GET + b"Connection: close\r\n\r\n")
    the_same("the slowest of an address are cut", {drain(stream) for stream in slow[:10]}, {b""})
    for stream in slow[10:]:
        stream.sendall(b"Connection: close\r\nIf-None-Match: *\r\n\r\n")
    the_same("the others are answered", {str(statuses(drain(stream))) for stream in slow[10:]}, {"['304']"})
    local = [connect() for _ in range(3 * EACH)]
    for stream in local:
        stream.sendall(GET + b"If-None-Match: *\r\nConnection: close\r\n\r\n")
    the_same("a proxy on this machine holds more", {str(statuses(drain(stream))) for stream in local}, {"['304']"})
    figure("connections of one address", f"{EACH + 10} that send no whole request", f"the 10 slowest cut, {EACH} kept and answered")


# What is under way at the end.

def graceful_stop():
    with connect(buffer=65536) as download, connect() as idle:
        download.sendall(GET + b"Connection: close\r\n\r\n")
        answer = download.recv(65536)
        length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        stopping = threading.Thread(target=site.process.terminate)
        stopping.start()
        began = time.monotonic()
        answer += drain(download)
        took = time.monotonic() - began
        the_same("a download under way is finished", len(answer.split(b"\r\n\r\n", 1)[1]), length)
        the_same("an idle connection is closed", drain(idle), b"")
        stopping.join()
        site.process.wait(20)
        figure("graceful stop", f"during a download of {length / 1e6:.0f} MB", f"all of it came, {took:.2f} s after the stop")


with Place() as place:
    site = Daemon(place.folder, LARGE)
    for number in range(BODIES):
        site.write(f"{number}.md", f"---\ntitle: {number}\ndate: 2024-01-01\n---\n{'word ' * (BODY // 5)}\n")
    with site:
        eventually("the posts are there", lambda: ledger.published(site), BODIES)
        wrong_requests()
        crowds()
        slow_clients()
        graceful_stop()

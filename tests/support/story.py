"""One story, told to every feed reader: subscribe, a new post, edits, nothing new, a renamed category.

A client says what it shows, feed by feed, as a list of titles; each must be there once, whatever happened.
"""
import collections
import sys
import urllib.parse

from daemon import Daemon, Place, Proxy, eventually, the_same

PARENT, OLD, NEW = "社交媒体", "知乎", "知识"
MAIN, CATEGORY = "main", "category"


def post(title, date, words, categories=(PARENT, OLD)):
    names = "".join(f" - {name}\n" for name in categories)
    return f"\n---\ntitle: '{title}'\ncategories: \n{names}date: 2024-03-{date} 08:00:00\n---\n\n<div>{words}</div>\n"


class Client:
    """What a script tells of its reader. `home` is a folder of its own, `urls` the feeds' addresses by name."""

    #: The document that each feed is subscribed as.
    formats = {MAIN: "rss.xml", CATEGORY: "atom.xml"}
    #: How often an edit of words, and of a title, is shown as a line of its own, though under the same id.
    words_again, title_again = 0, 0
    #: Whether it keeps one copy of an entry that stands in two feeds.
    merges = False
    #: Polls until a condition is sent.
    polls = 1
    #: Whether it follows a redirect.
    follows = True

    def __init__(self, place, urls, proxy):
        self.place, self.home, self.urls, self.proxy = place, place.folder, urls, proxy

    def poll(self):
        """Fetches all feeds once."""
        raise NotImplementedError

    def shown(self, feed):
        """The titles shown for one feed; of all feeds together where it merges them."""
        raise NotImplementedError

    def subscribe_anew(self, feed, url):
        """Changes the address of a feed, for a reader that follows no redirect."""
        raise NotImplementedError

    def is_unmoved(self, asked):
        """Whether this request moved no feed, though there was nothing new."""
        return asked.conditional and asked.status == 304

    def close(self):
        """Ends what still runs."""


def first_words(titles):
    return sorted(collections.Counter(title.split()[0] for title in titles).items())


def address(*categories):
    return "".join(f"{urllib.parse.quote(name)}/" for name in ("categories", *categories))


def tell(kind):
    with Place() as place, Proxy() as proxy:
        daemon = Daemon(place.folder, f"base_url: {proxy.base}\n")
        daemon.write("知乎/甲.md", post("甲 C++ & Rust: Vec<T>", "01", "一"))
        daemon.write("知乎/乙.md", post("乙 it's \"quoted\"", "02", "二"))
        daemon.write("随笔/丙.md", post("丙 {braces} 😀", "03", "三", ["随笔"]))
        with daemon:
            proxy.target = daemon.port
            old = address(PARENT, OLD)
            eventually("the feeds are there", lambda: daemon.status(old + "atom.xml"), 200)
            urls = {MAIN: proxy.base + kind.formats[MAIN], CATEGORY: proxy.base + old + kind.formats[CATEGORY]}
            client = kind(place, urls, proxy)
            try:
                chapters(client, daemon, proxy, old)
            finally:
                client.close()


def chapters(client, daemon, proxy, old):
    counts = {"甲": 1, "乙": 1, "丙": 1}

    def shows(what):
        feeds = {MAIN: counts} if client.merges else {MAIN: counts, CATEGORY: {k: counts[k] for k in counts if k != "丙"}}
        for feed, expected in feeds.items():
            the_same(f"{what}, {feed}", first_words(client.shown(feed)), sorted(expected.items()))

    def served(words):
        documents = [client.formats[MAIN], old + client.formats[CATEGORY]]
        has = lambda: all(words in daemon.get(path).decode() for path in documents)
        eventually(f"`{words}` is served", has, True)

    client.poll()
    shows("every post is shown once")

    daemon.write("知乎/丁.md", post("丁 new", "04", "四"))
    served("丁")
    counts["丁"] = 1
    client.poll()
    shows("a new post is shown once")

    daemon.write("知乎/乙.md", post("乙 it's \"quoted\"", "02", "二, and edited words"))
    served("edited words")
    counts["乙"] += client.words_again
    client.poll()
    shows("an edit of words is no second entry")

    daemon.write("知乎/丁.md", post("丁 newer", "04", "四"))
    served("丁 newer")
    counts["丁"] += client.title_again
    client.poll()
    shows("an edit of a title is no second entry")

    for _ in range(client.polls):
        client.poll()
    before = len(proxy.asked)
    client.poll()
    unchanged(client, proxy.asked[before:])
    shows("nothing new is nothing shown")

    daemon.configure(f"base_url: {proxy.base}\ndefaults:\n  categories:\n    aliases: {{{PARENT}/{OLD}: {PARENT}/{NEW}}}\n")
    daemon.reload()
    eventually("the old address leads to the new one", lambda: daemon.status(old + "atom.xml"), 301)
    daemon.write("知乎/戊.md", post("戊 after the renaming", "05", "五"))
    new = address(PARENT, NEW)
    eventually("the new address has the new post", lambda: "戊" in daemon.get(new + "atom.xml").decode(), True)
    before = len(proxy.asked)
    counts["戊"] = 1
    client.poll()
    if client.follows:
        shows("a renamed category shows nothing twice, and what is new once")
        statuses = [asked.status for asked in proxy.asked[before:] if asked.path.startswith("/" + old)]
        the_same("the old address answered 301", set(statuses), {301})
    else:
        client.subscribe_anew(CATEGORY, proxy.base + new + client.formats[CATEGORY])
        client.poll()
        shows("a renamed category under its new address shows nothing twice, and what is new once")
    client.poll()
    shows("and no more at the next poll")


def unchanged(client, asked):
    """Judges the requests of one poll by what came over the wire."""
    paths = {urllib.parse.urlsplit(url).path for url in client.urls.values()}
    if {one.path for one in asked} != paths or not all(client.is_unmoved(one) for one in asked):
        sys.exit(f"a feed without anything new was sent again: {asked}")
    print("ok: what is unchanged is not sent again", flush=True)

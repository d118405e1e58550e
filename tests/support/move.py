"""A move from another generator: what a subscriber of the old feed would be shown by ours."""
import pathlib
import re
import urllib.parse

import feedparser

from daemon import FEEDWRIGHT, run, the_same


def write(root, files):
    for path, text in files.items():
        file = pathlib.Path(root) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def read(file):
    """Ids and links of a feed, newest first."""
    feed = feedparser.parse(str(file))
    if feed.bozo:
        raise SystemExit(f"{file}: {feed.bozo_exception}")
    return [(entry.id, entry.link) for entry in feed.entries]


def in_ascii(link):
    """The same address with an internationalised host as it is asked for."""
    host = urllib.parse.urlsplit(link).hostname
    return link.replace(host, host.encode("idna").decode(), 1)


def moved(place, name, blog, old_feeds, folder_settings=""):
    """Makes our feeds by the configuration that `config init` writes, and compares them with the old ones."""
    home = place.folder / f"moved {name}"
    home.mkdir()
    written = run([FEEDWRIGHT, "config", "init", str(blog)], env=place.environment())
    configuration = home / "feedwright.yaml"
    # The one item of `posts` is what the configuration ends with.
    configuration.write_text(written + folder_settings + "output: out\nstate: state\n")
    run([FEEDWRIGHT, "build", "--strict", "-c", str(configuration)], env=place.environment(), cwd=home)
    ours = {"rss": read(home / "out/rss.xml"), "atom": read(home / "out/atom.xml")}
    for feed in old_feeds:
        old = read(feed)
        for kind, entries in ours.items():
            known = {identity for identity, _ in old}
            what = f"{name}, {feed.name} against ours as {kind}"
            the_same(f"{what}: new entries", [new for new in entries if new[0] not in known], [])
            the_same(f"{what}: entries gone", [gone for gone in old if gone[0] not in dict(entries)], [])
            # The old links of titles with a `#` lead nowhere; ours lead to the page.
            same = lambda one: dict(entries)[one[0]] == in_ascii(one[1]) or "#" in one[1]
            the_same(f"{what}: other links", [(one, dict(entries)[one[0]]) for one in old if not same(one)], [])
        said = run([FEEDWRIGHT, "build", "--dry-run", "--against", str(feed), "-c", str(configuration)],
                   env=place.environment(), cwd=home)
        if folder_settings:
            proposed(place, configuration, written, feed, folder_settings.strip())
        found = re.search(r"^(\d+) new, (\d+) changed, (\d+) gone to a subscriber", said, re.M)
        the_same(f"{name}, --dry-run against {feed.name}", (found and (found[1], found[3]), len(old) > 0), (("0", "0"), True))
    return written


def proposed(place, configuration, written, feed, setting):
    """Without the setting, the rehearsal finds out that it is missing."""
    bare = configuration.with_name("bare.yaml")
    bare.write_text(written + "output: bare\nstate: bare-state\n")
    said = run([FEEDWRIGHT, "build", "--dry-run", "--against", str(feed), "-c", str(bare)], env=place.environment())
    line = f"with `{setting}` and a new state folder, 0 would be new"
    the_same(f"{feed.name}: the cure is named", line in said and not re.search("^0 new", said, re.M), True)

#!/usr/bin/env python3
"""The check "nothing lost" itself: it holds over a folder of all kinds of files, and notices each thing that can be wrong."""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import ledger  # noqa: E402
from daemon import Daemon, Place, eventually, the_same  # noqa: E402

POSTS = 250
FORMATS = ("atom.xml", "rss.xml", "feed.json")


def notices(what, site, words, spoil=None, expected=None):
    """The check fails, and with these words, when documents are spoilt or the folder is said to be another."""
    plain = ledger.Fetcher(site)
    fetch = (lambda path: spoil(path, plain(path).decode()).encode()) if spoil else plain
    try:
        ledger.nothing_lost(site, expected=expected, deadline=0, fetch=fetch)
    except ledger.Lost as error:
        the_same(f"noticed: {what}", bool(re.search(words, str(error))), True)
    else:
        sys.exit(f"not noticed: {what}")


def on(page, change):
    """A change to the current document, or to the newest archive page."""
    return lambda path, text: change(text) if re.fullmatch(page, path) else text


def main():
    with Place() as place:
        site = Daemon(place.folder)
        ledger.write(site.posts, range(POSTS), folder="社交媒体")
        site.write("draft.md", "---\ntitle: a draft\ndraft: true\n---\nwords\n")
        site.write("unclosed.md", "---\ntitle: [\n---\nwords\n")
        site.write("picture.png", "not a post")
        (site.posts / "nowhere.md").symlink_to("nothing")
        with site:
            ledger.nothing_lost(site, formats=FORMATS)

            archive = r"/archive-3/.*"
            entry = re.compile(r"<entry>.*?</entry>", re.S)
            whole = ledger.walk(site.posts)
            drop = lambda text: entry.sub("", text, count=1)
            double = lambda text: entry.sub(lambda found: found[0] * 2, text, count=1)
            for name, page in (("the current document", "/atom.xml"), ("an archive", archive)):
                notices(f"an id twice in {name}", site, "twice", on(page, double))
                notices(f"other words in {name}", site, "differs|other words",
                        on(page, lambda text: text.replace("the words of", "these words of")))
                notices(f"{name} is cut off", site, "torn", on(page, lambda text: text[:-20]))
                notices(f"{name} is empty", site, "torn", on(page, lambda text: ""))
            notices("a post is gone", site, "1 missing: urn:uuid:", lambda path, text: without_one(text))
            notices("a post on two pages", site, "is on .* and on ", second_page())
            notices("a post of another id", site, "1 missing(.|\n)*1 of no file", reid)
            notices("a file that no problem names", site, "nowhere.md",
                    on("/status.json", lambda text: text.replace("nowhere.md", "elsewhere.md")))
            notices("a problem without a reason", site, "nowhere.md",
                    on("/status.json", lambda text: text.replace('"message"', '"nothing"')))
            # The folder's side.
            lost = next(iter(whole.entries))
            kept = {id: one for id, one in whole.entries.items() if id != lost}
            notices("an entry without a file", site, "1 of no file", expected=whole._replace(entries=kept))
            (site.posts / "社交媒体/p3.md").unlink()
            eventually("the post is gone", lambda: site.json("status.json")["posts"]["published"], POSTS - 1)
            notices("a deleted post that should have been kept", site, "1 missing: .*p3.md", expected=whole)
            ledger.nothing_lost(site, formats=FORMATS)


def without_one(text):
    return re.sub(r"<entry>(?:(?!</entry>).)*Post 7:.*?</entry>", "", text, flags=re.S)


def reid(path, text):
    """Another id for one post, wherever it stands."""
    return text.replace(ledger.identity("社交媒体/p9.md"), "urn:uuid:0")


def second_page():
    """Shows an entry of the first page that is read on the next one, too."""
    entry = re.compile(r"<entry>.*?</entry>", re.S)
    first = []

    def spoil(path, text):
        if not path.startswith("/archive-"):
            return text
        if not first:
            first.append(entry.search(text)[0])
            return text
        return text.replace("<entry>", first[0] + "<entry>", 1)

    return spoil


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes so many posts in the form that crawlers leave: the same bytes for the same numbers.

    posts.py N FOLDER [SEED]

200 categories in 20 groups, drawn as Zipf has it; bodies of 4 KB on the whole, from a line to 40 KB; a thousand posts a folder.
"""
import datetime
import itertools
import pathlib
import random
import re
import sys
import time

GROUPS, EACH = 20, 10
#: The newest post is of this second; the others are up to seven years older.
NEWEST = 1_700_000_000
SPAN = 7 * 365 * 86_400
#: The category used most, and its group.
MOST = ("分类0", "栏目0-0")
WORDS = ("的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多然于心学么之都好看起发当没成只"
         "如事把还用第样道想作种开美总从无情己面最女但现前些所同日手又行意动方期它头经长儿回位分爱老因很给名法间斯知世什两次使身者被高已亲其进此话常"
         "与活正感见明问力理尔点文几定本公特做外孩相西果走将月十实向声车全信重三机工物气每并别真打太新比才便夫再书部水像眼等体却加电主界门利海受听表")


def categories(groups=GROUPS):
    """(group, category) of each, most used first."""
    pairs = [(f"分类{group}", f"栏目{group}-{one}") for one in range(EACH) for group in range(groups)]
    return pairs, list(itertools.accumulate(1 / rank for rank in range(1, len(pairs) + 1)))


def post(number, seed=1, of=None):
    """The bytes of a post, and when it was published, in seconds. `of` are other categories than usual: the first posts go through
    all of them, for drawn ones leave most without a post."""
    dice = random.Random(seed * 1_000_003 + number)
    pairs, weights = of or CATEGORIES
    drawn = dice.choices(pairs, cum_weights=weights)[0]
    group, category = pairs[number] if of and number < len(pairs) else drawn
    at = NEWEST - dice.randrange(SPAN)
    length = min(40_000, int(dice.lognormvariate(7.95, 0.85)))
    start = dice.randrange(len(TEXT) // 2)
    # Three bytes a sign.
    text = TEXT[start:start + length // 3]
    parts = [f'<p data-pid="{number:x}{at % 97:x}">{text[at:at + 180]}</p>' for at in range(0, len(text), 180)]
    image = f"https://pics.example/{number % 10}/{number:08x}_1440w.jpg"
    if number % 3 == 0:
        parts.insert(1, f'<figure><img src="{image}" referrerpolicy="no-referrer"></figure><br>')
    body = "".join(parts)
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(at))
    title = TEXT[start:start + 8 + number % 20]
    return (f"\n---\ntitle: '{title}'\ncategories: \n - {group}\n - {category}\nheadimg: '{image}'\nauthor: 某人{number % 50}\n"
            f"comments: false\ndate: {date}\nthumbnail: '{image}'\n---\n\n<div>   \n{body}<br>\n</div>\n            ").encode(), at


def marked(mark, hour, category=MOST[1], more=""):
    """The text of a post with this mark in its title, newer than all others, in a category of the group used most; `more` is what
    its front matter has besides."""
    text = post(0)[0].decode()
    text = re.sub(r"title: .*", f"title: '{mark}'", text)
    text = re.sub(r"categories: \n - .*\n - .*\n", f"categories: \n - {MOST[0]}\n - {category}\n{more}", text)
    date = datetime.datetime(2024, 1, 1) + datetime.timedelta(hours=hour)
    return re.sub(r"date: .*", f"date: {date} +0000", text)


def path(number):
    return f"{number // 1000:04}/{number:08x}.md"


def write(count, folder, seed=1, of=None):
    """Writes them; returns their bytes."""
    folder, total = pathlib.Path(folder), 0
    for number in range(count):
        if number % 1000 == 0:
            (folder / f"{number // 1000:04}").mkdir(parents=True, exist_ok=True)
        data, _ = post(number, seed, of)
        (folder / path(number)).write_bytes(data)
        total += len(data)
    return total


CATEGORIES = categories()
TEXT = "".join(random.Random(7).choices(WORDS, k=40_000))

if __name__ == "__main__":
    count, folder, *seed = sys.argv[1:]
    print(f"{write(int(count), folder, *map(int, seed)):,} bytes in {count} posts")

#!/usr/bin/env python3
# Needs jekyll: jekyll ruby-jekyll-feed
"""A move from Jekyll with jekyll-feed shows a subscriber nothing twice.

Real Jekyll makes each blog's feed; ours are made by the configuration that `config init` writes for it.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from daemon import Place, run  # noqa: E402
from move import moved, write  # noqa: E402

POSTS = {
    # `Document#id` ends in the slug as it is written, not in the slug of the address.
    "2024-03-01-你好，世界.md": "title: 你好，世界！\ncategories: [社交媒体, 知乎]",
    "2024-03-02-Hello World 1.0.0 (final)!.md": "title: 'Hello: World & <others>'\ncategories: News  Tech",
    # A time without a zone is in UTC to YAML: here this is the day after.
    "2024-03-03-plain.markdown": "title: \"It's plain\"\ncategory: one name\ndate: 2024-03-03 23:59:59",
    # A date in the front matter beats that of the name.
    "2024-03-04-redated.md": "title: Redated\ndate: 2024-03-09 08:00:00 +0800",
    # A permalink of its own: the id is the folder of that address, and the slug.
    "2024-03-05-own.md": "title: Own\npermalink: /about/我 的/page.html",
    "2024-03-06-own-folder.md": "title: Own folder\npermalink: about/me/",
    "2024-03-06-own-pattern.md": "title: Own pattern\npermalink: /x/:year/:title",
    "2024-03-07-with-slug.md": "title: With slug\nslug: Another Slug",
    "2024-3-8-short-date.md": "title: Short date",
    # A folder below `_posts` is no category and no part of the address.
    "sub/2024-03-10-below.md": "title: Below\ncategories: [C++, c++, 'Tips + Tricks']",
    "2024-03-11-C#-入门 [x].md": "title: C#",
    "2024-03-12-why?.md": "title: Why?",
    "2024-03-13-trailing-dots...md": "title: Dots",
    "2024-03-14-no-title.html": "layout: null",
    "2024-03-15-linked.md": "title: Linked\nid: 42\nguid_: x",
    "2024-03-16-drafted.md": "title: Not for the public\npublished: false",
    "2024-03-17-under_score~tilde.md": "title: Ünïcode\ncategories: Ünïcode ÀB",
}

#: The setting's name, its `_config.yml`, and the folder of its `_posts`.
BLOGS = {
    "defaults": ("url: https://e.example\n", ""),
    "pretty, below a path": ("url: https://例子.example\nbaseurl: /我的 blog/\npermalink: pretty\n", ""),
    "ordinal": ("url: http://e.example:4000\nbaseurl: blog\npermalink: ordinal\n", ""),
    "none": ("url: https://e.example\npermalink: none\n", ""),
    "weekdate": ("url: https://e.example\npermalink: weekdate\n", ""),
    "date": ("url: https://E.example\npermalink: date\n", ""),
    "by categories": ("url: https://e.example\npermalink: /:categories/:title/\n", ""),
    "by slugs": ("url: https://e.example\npermalink: /:slugified_categories/:slug.html\n", ""),
    "by name": ("url: https://e.example\npermalink: /:short_month/:short_day/:name\n", ""),
    "not ending in the title": ("url: https://e.example\npermalink: /:title/:year/:i_month/:i_day/\n", ""),
    "index.html": ("url: https://e.example\npermalink: /b/:year/:title/index.html\n", ""),
    "collections": ("url: https://e.example\ncollections_dir: all\ncollections:\n  posts:\n    permalink: /p/:title\n"
                    "permalink: pretty\n", "all/"),
    "front matter defaults": ("url: https://e.example\npermalink: pretty\ndefaults:\n  - scope: {path: docs}\n"
                              "    values: {permalink: /no/}\n  - scope:\n      path: ''\n      type: posts\n"
                              "    values:\n      permalink: /:year/:title:output_ext\n", ""),
    "few entries": ("url: https://e.example\nfeed:\n  posts_limit: 3\n", ""),
    "another source": ("url: https://e.example\nsource: src\n", "src/"),
}

#: Debian's Addressable is older than its 2.8.2, from which on it writes addresses in NFC instead of NFKC.
NFC = """
module Addressable::IDNA
  def self.unicode_normalize_kc(value)
    value.to_s.dup.force_encoding("UTF-8").unicode_normalize(:nfc)
  end
end
"""


def main():
    with Place() as place:
        for number, (name, (settings, folder)) in enumerate(BLOGS.items()):
            blog = place.folder / f"blog{number}"
            configuration = f"title: 我的博客\nauthor: {{name: 李雷}}\ntimezone: Asia/Shanghai\nplugins: [jekyll-feed]\n{settings}"
            if "feed:" not in settings:
                configuration += "feed:\n  posts_limit: 100\n"
            write(blog, {"_config.yml": configuration})
            source = blog / ("src" if folder == "src/" else "")
            write(source, {"_plugins/nfc.rb": NFC})
            write(blog, {"_plugins/nfc.rb": NFC})
            write(blog / folder / "_posts", {path: f"---\n{text}\n---\n正文 of {path}\n" for path, text in POSTS.items()})
            run(["jekyll", "build", "--quiet", "--disable-disk-cache"], env=place.environment(), cwd=blog)
            moved(place, name, blog, [blog / "_site/feed.xml"])


main()

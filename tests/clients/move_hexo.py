#!/usr/bin/env python3
# Needs npm
"""A move from Hexo with hexo-generator-feed shows a subscriber nothing twice.

Real Hexo makes each blog's feeds; ours are made by the configuration that `config init` writes for it.
"""
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "support"))
from daemon import Place, run  # noqa: E402
from move import moved, write  # noqa: E402

ROOT = HERE.parents[1]
HEXO = ROOT / "target" / "npm-hexo"

#: Every post is dated: a post without a date gets the time of a checkout from Hexo.
POSTS = {
    "你好，世界.md": "title: 你好，世界！\ndate: 2024-03-01 12:00:00\nupdated: 2024-03-05 10:00:00\ncategories: [社交媒体, 知乎]",
    "hello world.md": "title: 'Hello: World & <others>'\ndate: 2024-03-02 12:00:00\ntags: [a, b]\nid: 42\nabbrlink: 4a17b156",
    "2024-03-03-dated.md": "title: Dated\ndate: 2024-03-03 09:30:00\ncategories:\n  - [技术, C++ & C#]\n  - [生活 随笔]",
    "sub/folder/深 处.md": "title: 深处\ndate: 2024-03-04 23:59:59\ncategories: Plain",
    "own.md": "title: Own permalink\ndate: 2024-03-06 12:00:00\npermalink: about/我 的/page.html",
    "own-folder.md": "title: Own folder\ndate: 2024-03-07 12:00:00\npermalink: /about/folder/",
    "own-bare.md": "title: Own bare\ndate: 2024-03-07 13:00:00\npermalink: about/bare",
    "bundle/index.md": "title: Bundle\ndate: 2024-03-08 12:00:00",
    "C# & [brackets] {x}.md": "title: C#\ndate: 2024-03-09 12:00:00",
    "v1.0.0 (final)'s ~x!.md": "title: v1\ndate: 2024-03-10 12:00:00.250",
    "linked.md": "title: Linked\ndate: 2024-03-11 12:00:00\nslug: other\nlang: en\nguid_: x",
    "plain ascii.md": "title: Café Ünïcode 标题 -- x\ndate: 2024/3/12 8:05",
    "with-offset.md": "title: Offset\ndate: 2024-03-13T08:00:00+08:00",
    "category.md": "title: Singular\ndate: 2024-03-13 12:00:00\ncategory: 单一/斜杠",
    "drafted.md": "title: Not for the public\ndate: 2024-03-14 12:00:00\npublished: false",
}

#: The setting's name, its `_config.yml`.
BLOGS = {
    "as hexo init makes it": "url: http://example.com\nroot: /\npermalink: :year/:month/:day/:title/\n"
    "permalink_defaults:\npretty_urls:\n  trailing_index: true\n  trailing_html: true\nsource_dir: source\n"
    "new_post_name: :title.md\nlanguage: en\n",
    "below a path": "url: https://例子.example/blog\nroot: /blog/\npermalink: posts/:title.html\nlanguage: [zh-CN, en]\n"
    "pretty_urls:\n  trailing_html: false\n",
    "without index.html": "url: https://e.example/\npermalink: :year/:i_month/:title/index.html\n"
    "pretty_urls:\n  trailing_index: false\n",
    "by category": "url: https://e.example\npermalink: :category/:name/\nnew_post_name: :title.md\n",
    "by category, bare": "url: https://e.example\npermalink: :category/:title\n",
    "by time": "url: https://e.example\npermalink: :year/:hour-:minute-:second/:timestamp/:hash\n",
    "by post title": "url: https://e.example\npermalink: p/:post_title/\n",
    "asset folders": "url: https://e.example\npermalink: :year/:title\npost_asset_folder: true\n",
    "few entries": "url: https://e.example\nfeed:\n  type: [atom, rss2]\n  limit: 5\n",
    "dated names": "url: https://e.example\npermalink: :year/:title/\nnew_post_name: :year-:month-:day-:title.md\n",
}

#: What is not followed: what these settings do to a permalink of a post's own, and to a post called `index`; and that Hexo
#: does not heed the offset of a time, which shows in the address where it has the hour.
LOST = {"below a path": ["own.md", "bundle/index.md"], "asset folders": ["own-bare.md"], "by time": ["with-offset.md"]}

#: Built where another zone is set: Hexo writes addresses in that one.
ELSEWHERE = "built in UTC"
BLOGS[ELSEWHERE] = "url: https://e.example\n"
POSTS_ELSEWHERE = {"early.md": "title: early\ndate: 2024-03-01 07:59:59", "late.md": "title: late\ndate: 2024-03-01 08:00:00"}


def installed():
    """Installs Hexo below target/, once."""
    listed = (HERE / "hexo.json").read_text()
    if not (HEXO / "node_modules/hexo").is_dir() or (HEXO / "package.json").read_text() != listed:
        HEXO.mkdir(parents=True, exist_ok=True)
        (HEXO / "package.json").write_text(listed)
        command = ["npm", "install", "--prefix", HEXO, "--silent", "--no-audit", "--no-fund"]
        subprocess.run(command, check=True, timeout=600)


def main():
    installed()
    with Place() as place:
        for number, (name, settings) in enumerate(BLOGS.items()):
            blog = place.folder / f"blog{number}"
            blog.mkdir()
            (blog / "node_modules").symlink_to(HEXO / "node_modules")
            shutil.copy(HEXO / "package.json", blog)
            if "feed:" not in settings:
                settings += "feed:\n  type: [atom, rss2]\n  limit: 0\n"
            general = "title: 我的博客\nauthor: 李雷\ntimezone: Asia/Shanghai\ntheme: false\n"
            write(blog, {"_config.yml": general + settings})
            posts = POSTS_ELSEWHERE if name == ELSEWHERE else POSTS
            write(blog / "source/_posts", {path: f"---\n{text}\n---\n正文 of {path}\n" for path, text in posts.items()
                                           if path not in LOST.get(name, [])})
            environment = place.environment() | {"TZ": "UTC" if name == ELSEWHERE else "Asia/Shanghai"}
            run(["node", "node_modules/hexo/bin/hexo", "generate", "--silent"], env=environment, cwd=blog)
            zone = "    permalink_timezone: UTC\n" if name == ELSEWHERE else ""
            moved(place, name, blog, [blog / "public/atom.xml", blog / "public/rss2.xml"], zone)


main()

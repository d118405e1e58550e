#!/usr/bin/env python3
"""Validate every Atom document that tests produced against RFC 4287's own grammar, with libxml2.

The grammar is tests/schemas/atom.rnc. It is tried on broken documents first: a validator that finds nothing proves
nothing.
"""
import os
import pathlib
import sys

import rnc2rng
from lxml import etree

GRAMMAR = pathlib.Path(__file__).with_name("atom.rnc")

GOOD = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/" xml:lang="zh-CN">\
<title>t</title><id>urn:x</id><updated>2022-02-25T08:54:46Z</updated><author><name>n</name></author>\
<link href="https://e.org/" rel="self" type="application/atom+xml"/>\
<entry><title xml:lang="zh">t</title><id>urn:y</id><updated>2022-02-25T08:54:46+00:00</updated>\
<category term="a" scheme="https://e.org/" label="a"/><content type="html">&lt;p&gt;</content>\
<media:thumbnail url="https://e.org/i.png"/></entry></feed>"""

BROKEN = [
    ("<id>urn:y</id>", ""),
    ("<id>urn:y</id>", "<id>urn:y</id><id>urn:z</id>"),
    ("<title>t</title>", ""),
    ("<title>t</title>", "<title><b/></title>"),
    ("2022-02-25T08:54:46Z", "2022-02-25"),
    ("2022-02-25T08:54:46Z", "Fri, 25 Feb 2022 08:54:46 GMT"),
    ('xml:lang="zh"', 'xml:lang="zh_CN"'),
    ("<name>n</name>", ""),
    ('href="https://e.org/" ', ""),
    ("application/atom+xml", "atom"),
    ('term="a" ', ""),
    ('<content type="html">&lt;p&gt;', '<content type="html"><p/>'),
    ("<entry>", "<description/><entry>"),
    ("</entry>", "</entry><subtitle>s</subtitle>"),
    ('rel="self"', 'rel="self" name="x"'),
]


def schema():
    # The compact syntax is read by rnc2rng, which declares the empty namespace; XML cannot.
    grammar = rnc2rng.dumps(rnc2rng.load(str(GRAMMAR))).replace(' xmlns:local=""', "")
    return etree.RelaxNG(etree.fromstring(grammar.encode()))


def main():
    grammar = schema()
    if not grammar.validate(etree.fromstring(GOOD)):
        sys.exit(f"the grammar refuses a good document: {grammar.error_log.last_error}")
    for taken, put in BROKEN:
        broken = GOOD.replace(taken, put, 1)
        if broken == GOOD or grammar.validate(etree.fromstring(broken)):
            sys.exit(f"the grammar lets {put!r} pass instead of {taken!r}")
    print(f"ok: the grammar refuses {len(BROKEN)} broken documents")

    if not (root := os.environ.get("FEEDWRIGHT_PRODUCED")):
        sys.exit("FEEDWRIGHT_PRODUCED must name the folder in which tests left their documents: use tests/run")
    count, entries, refused = 0, 0, []
    for path in pathlib.Path(root).rglob("atom.xml"):
        document = etree.parse(path, etree.XMLParser(huge_tree=True, resolve_entities=False, no_network=True))
        count += 1
        entries += len(document.findall("{http://www.w3.org/2005/Atom}entry"))
        if not grammar.validate(document):
            refused.append(f"{path}: {grammar.error_log.last_error}")
    if refused:
        sys.exit("\n".join(refused[:20] + [f"{len(refused)} of {count} documents are no Atom"]))
    if not count:
        sys.exit(f"no Atom document below {root}")
    print(f"ok: {count} Atom documents with {entries} entries keep RFC 4287's grammar")


if __name__ == "__main__":
    main()

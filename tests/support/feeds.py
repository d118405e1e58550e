"""The feeds of an output folder, as a web server would read them off the disk."""
import os
import pathlib
import re

import ledger

#: What stands beside the feeds and is none.
LISTS = ("opml.xml", "opml-all.xml")


def documents(output):
    """The bytes of every document below an output folder, by path."""
    output = pathlib.Path(output)
    found = {}
    for path in sorted(output.rglob("*")):
        name = path.relative_to(output).as_posix()
        if path.is_file() and not path.name.startswith("."):
            found[name] = path.read_bytes()
    return found


def judge(output):
    """The entries of every feed, by path and id; `ledger.Lost` where a document is empty or torn, or has an id twice."""
    found = {}
    for name, data in documents(output).items():
        if name in LISTS:
            if not data.rstrip().endswith(b"</opml>"):
                raise ledger.Lost(f"{name} is torn: {data[-200:]!r}")
        else:
            found[name] = ledger.document(data, name).entries
    return found


def temporaries(*folders):
    """What an interrupted write left."""
    left = []
    for folder in folders:
        left += [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names
                 if re.fullmatch(r"\.feedwright-.*\.tmp", name)]
    return left

#!/usr/bin/env python3
"""The Containerfile, read as a builder would: its stages, what it copies, who it runs as, and that the program takes its command.

No image is pulled or built here: the base images lie in a registry.
"""
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))

from daemon import eventually, the_same  # noqa: E402

REPOSITORY = pathlib.Path(__file__).parents[2]


def instructions(text):
    """Each instruction and its words, comments out and lines joined."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#")).replace("\\\n", " ").splitlines()
    return [tuple(line.split(None, 1)) for line in lines if line.strip()]


def main():
    found = instructions((REPOSITORY / "packaging/Containerfile").read_text())
    known = {"FROM", "RUN", "WORKDIR", "COPY", "ENV", "VOLUME", "USER", "EXPOSE", "ENTRYPOINT", "CMD"}
    the_same("only instructions that there are", {name for name, _ in found} <= known, True)
    starts = [index for index, (name, _) in enumerate(found) if name == "FROM"]
    the_same("two stages", [" AS build" in found[index][1] for index in starts], [True, False])
    build, last = found[:starts[1]], found[starts[1]:]
    names = {words.split()[0] for name, words in found if name == "FROM"}
    the_same("images have a tag, and no registry", [name for name in names if ":" not in name or "/" in name], [])
    minimum = next(line for line in (REPOSITORY / "Cargo.toml").read_text().splitlines() if line.startswith("rust-version"))
    the_same("the compiler is the one that Cargo.toml asks for", minimum.split('"')[1] in build[0][1], True)

    user = dict(last)["USER"]
    the_same("no root", all(part.isdigit() and int(part) > 0 for part in user.split(":")), True)
    the_same("and nothing after it that root would do",
             {name for name, _ in last[[name for name, _ in last].index("USER"):]} & {"RUN", "COPY"}, set())
    for name, words in found:
        if name == "COPY" and not words.startswith("--from="):
            missing = [path for path in words.split()[:-1] if not (REPOSITORY / path).exists()]
            the_same(f"what is copied is there: {words}", missing, [])
    ignored = (REPOSITORY / ".containerignore").read_text().splitlines()
    the_same("neither target nor history is sent to the builder", {"target", ".git"} <= set(ignored), True)
    for name, words in found:
        if name == "RUN":
            subprocess.run(["bash", "-n", "-c", words], check=True)

    # The command, as the container would run it, but for the folders and the port.
    entry, arguments = (json.loads(dict(last)[name]) for name in ("ENTRYPOINT", "CMD"))
    the_same("the entry point is what was copied", entry, [words.split()[-1] for name, words in last if name == "COPY"][:1])
    with tempfile.TemporaryDirectory() as folder:
        posts = pathlib.Path(folder, "site/posts")
        posts.mkdir(parents=True)
        arguments = [str(posts) if word == "/srv/site/posts" else word.replace("0.0.0.0:8080", "127.0.0.1:0") for word in arguments]
        environment = {"PATH": os.environ["PATH"], "STATE_DIRECTORY": f"{folder}/state"}
        with subprocess.Popen([os.environ["FEEDWRIGHT"], *arguments], cwd=folder, env=environment, stderr=subprocess.DEVNULL) as process:
            try:
                eventually(f"`{shlex.join(arguments[:2])}` publishes", pathlib.Path(folder, "feeds/rss.xml").exists, True)
            finally:
                process.terminate()
    print("not built: the base images are in a registry")


main()

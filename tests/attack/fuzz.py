#!/usr/bin/env python3
# Needs g++
"""Runs every fuzz target of fuzz/ for a while, from samples: no crash, and each target's promises hold.

usage: fuzz.py [SECONDS]     a minute each without any

Built with fuzz/instrument, which shares the libraries that `cargo test --workspace` has built. What `cargo fuzz` finds is
found alike; CONTRIBUTING.md says how it is run.
"""
import concurrent.futures
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from figures import figure

ROOT = pathlib.Path(__file__).parents[2]
PLACE = ROOT / "target" / "fuzz"
SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 60
#: One input may take so many seconds: far more than a post, and enough on a busy machine.
ONE = 20
POSTS = 300


def seeds(name):
    """The lines of a list of samples, with their escapes undone."""
    lines = (ROOT / "fuzz" / "seeds" / f"{name}.txt").read_text().splitlines()
    undone = {"\\r": "\r", "\\n": "\n", "\\\\": "\\"}
    return [re.sub(r"\\[rn\\]", lambda found: undone[found[0]], line).encode() for line in lines]


def posts():
    """Post files: the examples, and real ones where there are any."""
    folders = [ROOT / "examples" / "posts"]
    if shared := os.environ.get("FEEDWRIGHT_SHARED"):
        folders.append(pathlib.Path(shared) / "corpus" / "posts")
    for folder in folders:
        found = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size < 8192)
        yield from (path.read_bytes() for path in found[:: max(1, len(found) // POSTS)])


def samples():
    """For each target what it starts from. The first byte of some chooses how the rest is read."""
    texts = [text for text in posts()]
    return {
        "front_matter": texts,
        "date": [bytes([choice]) + text for choice in (0, 133, 10) for text in seeds("date")],
        "body": [bytes([n % 2]) + text.split(b"\n---", 1)[-1] for n, text in enumerate(texts)],
        "segment": seeds("segment"),
        "request": [bytes([int(text[:1])]) + text[1:] for text in seeds("request")],
    }


def run(name, texts):
    corpus = PLACE / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    for text in texts:
        (corpus / hashlib.sha1(text).hexdigest()).write_bytes(text)
    command = [str(ROOT / "target" / "debug" / name), str(corpus), f"-max_total_time={SECONDS}", f"-timeout={ONE}", "-rss_limit_mb=2048",
               "-max_len=8192", "-print_final_stats=1", f"-artifact_prefix={PLACE}/{name}-", "-verbosity=1"]
    done = subprocess.run(command, capture_output=True, timeout=SECONDS + 600)
    said = done.stderr.decode(errors="replace")
    executed = re.search(r"stat::number_of_executed_units:\s+(\d+)", said)
    return name, done.returncode, said, int(executed[1]) if executed else 0


began = time.monotonic()
built = subprocess.run(["cargo", "build", "--locked", "-p", "feedwright-fuzz", "--bins"], cwd=ROOT,
                       env=os.environ | {"RUSTC_WORKSPACE_WRAPPER": str(ROOT / "fuzz" / "instrument")})
if built.returncode:
    sys.exit("the fuzz targets cannot be built")
print(f"built in {time.monotonic() - began:.0f} s", flush=True)
PLACE.mkdir(parents=True, exist_ok=True)
failures = []
with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
    for name, code, said, executed in pool.map(lambda sample: run(*sample), samples().items()):
        if code or not executed:
            failures.append((name, code, said))
        else:
            figure(f"fuzzing, {name.replace('_', ' ')}", f"{SECONDS} s", f"{executed} inputs, no failure")
for name, code, said in failures:
    print(f"{name} failed:\n{said[-4000:]}")
# Last, and in few lines, what is needed to see it again elsewhere: the input may be gone with the machine.
for name, code, said in failures:
    why = re.search(r"panicked at .*\n.*|ERROR: .*", said)
    print(f"{name} ended with {code}: {why[0] if why else 'it does not say why'}")
    if artifact := re.search(r"Test unit written to (\S+)", said):
        print(f"by {pathlib.Path(artifact[1]).read_bytes()!r}\n"
              f"to see it again: target/debug/{name} {artifact[1]}\n"
              f"or: cargo fuzz run -s none {name} {artifact[1]}")
sys.exit(bool(failures))

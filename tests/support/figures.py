"""Figures: what a test measured, for the table of docs/reliability.md.

A script says `figure("kill -9", "200 moments in 10,000 files", "0 torn, back within 0.8 s (at most 5 s)")`; it is printed, and
kept in the file that `FEEDWRIGHT_FIGURES` names. `python3 figures.py FILE` prints that file as a table, in the order of the
scripts' names. A figure of the short version that CI runs and one of the whole version differ in what they say was done:
`whole()` tells which is wanted.
"""
import json
import os
import pathlib
import sys


def whole():
    """Whether the test is to be run at its full size, and not at the one that fits into CI."""
    return os.environ.get("FEEDWRIGHT_WHOLE") == "1"


def at_most(what, took, seconds):
    """Ends the script where something took too long. At full size the promise counts; the short version may run on a busy
    machine, and only tells what happens by itself from what waits for a timer."""
    if took > (seconds if whole() else max(10, 10 * seconds)):
        sys.exit(f"{what}: {took:.2f} s instead of at most {seconds} s")


def figure(what, done, seen):
    """Notes what was seen when something was done."""
    print(f"figure: {what} | {done} | {seen}", flush=True)
    if path := os.environ.get("FEEDWRIGHT_FIGURES"):
        row = {"script": pathlib.Path(sys.argv[0]).stem, "what": what, "done": done, "seen": seen}
        with open(path, "a") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def table(path):
    """The figures of a file as a table in Markdown."""
    file = pathlib.Path(path)
    rows = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    lines = ["| what | done | seen | script |", "|---|---|---|---|"]
    for row in sorted(rows, key=lambda row: row["script"]):
        lines.append("| " + " | ".join(row[name].replace("|", "\\|") for name in ("what", "done", "seen", "script")) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(sys.argv[1]))

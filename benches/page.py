"""docs/performance.md, and its plots, from what benches/run measured: figures, and the goals that they meet or miss."""
import dataclasses
import typing
from math import inf
from statistics import median

from plot import plot

#: How many times the answers of a server are to be ours, at least.
AT_LEAST = {"nginx": {"304": 1, "gzip": 1, "identity": 1}, "lighttpd": {"304": 1, "gzip": 0.95, "identity": 1}}


class Goal(typing.NamedTuple):
    """What is wanted of a figure, and what was found; nothing was where `met` is None."""
    name: str
    wanted: str
    found: str
    met: bool | None

    def __str__(self):
        return self.wanted + {None: "", True: ": met", False: ": **missed**"}[self.met]


@dataclasses.dataclass
class Row:
    """A line of the table: a figure for each number of posts, and the most that it may be, for each or for some of these numbers.
    `name` is that of its goal, and `ours` are our figures beside those of a peer."""
    what: str
    values: dict
    most: float | dict = inf
    unit: str = ""
    name: str = ""
    ours: dict | None = None

    def limit(self, size):
        return self.most.get(size, inf) if isinstance(self.most, dict) else self.most

    def cell(self, size):
        value = self.values[size]
        if value is None:
            return "–"
        text = number(value) + self.unit
        if self.ours and self.ours[size]:
            text += f" ({number(value / self.ours[size])} × ours)"
        return f"**{text}**" if value > self.limit(size) else text

    def goal(self):
        """None where it has none."""
        if self.most == inf:
            return None
        limits = self.most if isinstance(self.most, dict) else {None: self.most}
        wanted = ", ".join(f"≤ {most:g}{self.unit}" + (f" at {size:,}" if size else "") for size, most in limits.items())
        judged = [size for size, value in self.values.items() if value is not None and self.limit(size) < inf]
        missed = [size for size in judged if self.values[size] > self.limit(size)]
        found = ", ".join(f"{number(self.values[size])}{self.unit} at {size:,} posts" for size in missed or judged)
        return Goal(self.name, wanted, found, not missed if judged else None)


def rows(sizes):
    """What the table says of all that was measured, by number of posts."""
    first = sizes.get(1_000, {}).get("change")
    feeds = max(found.get("feeds_many", 0) for found in sizes.values())
    of = lambda key: {size: found.get(key) for size, found in sizes.items()}
    by = lambda key, other: {size: ratio(found.get(key), found.get(other)) for size, found in sizes.items()}
    flat = lambda key: {size: ratio(found.get(key), first) for size, found in sizes.items()}
    all_rows = [
        Row("cold build, s", of("cold")),
        Row("&nbsp; floor: reading the files, two threads", of("read")),
        Row("&nbsp; ratio", by("cold", "read"), {100_000: 3}, " ×", "a cold build beside reading the files"),
        Row("&nbsp; floor: reading its documents and writing them by rename", of("write")),
        Row("&nbsp; floor: what no cold build can do without", of("least")),
        Row("&nbsp; that beside reading the files", by("least", "read"), unit=" ×"),
        Row("&nbsp; a cold build beside that", by("cold", "least"), unit=" ×"),
        Row("&nbsp; entries rendered", of("entries")),
        Row("&nbsp; documents written", of("documents")),
        Row("&nbsp; its memory, MiB at most", of("peak"), {100_000: 100, 1_000_000: 150}, name="MiB of a cold build"),
        Row("a Node script (gray-matter, feed), s", of("node"), ours=of("cold")),
        Row("&nbsp; its memory, MiB", of("node_peak"), ours=of("peak")),
        Row("Hugo, RSS alone, s", of("hugo"), ours=of("cold")),
        Row("&nbsp; its memory, MiB", of("hugo_peak"), ours=of("peak")),
        Row("restart, nothing changed, s", of("warm")),
        Row("&nbsp; floor: walking the folder", of("walk")),
        Row("&nbsp; ratio", by("warm", "walk"), {100_000: 3}, " ×", "a restart beside walking the folder"),
        Row("one post → served, median ms", of("change"), 3, name="median ms until a post is served"),
        Row("&nbsp; beside 1,000 posts", flat("change"), {100_000: 1.2}, " ×", "a post in 100,000 beside one in 1,000"),
        Row("&nbsp; floor: event, a durable line, the same files by rename", of("change_floor")),
        Row("&nbsp; ratio", by("change", "change_floor"), 2, " ×", "a post beside its floor"),
        Row("&nbsp; 99th percentile, ms", of("change99")),
        Row("&nbsp; floor of it", of("change_floor99")),
        Row("&nbsp; processor time, its files included, ms", of("change_cpu")),
        Row("&nbsp; the same while another post is missing, ms", of("missing_cpu")),
        Row("Hugo's server: one post → in its main feed, median ms", of("hugo_change"), ours=of("change")),
        Row("posts of a folder with many categories", of("posts_many")),
        Row(f"one post in it → served, {feeds:,} feeds, median ms", of("change_many"), 3,
            name=f"median ms until a post is served among {feeds:,} feeds"),
        Row("&nbsp; beside 1,000 posts", flat("change_many"), 1.2, " ×", f"a post among {feeds:,} feeds beside one in 1,000 posts"),
        Row("&nbsp; 99th percentile, ms", of("change_many99")),
        Row("one post in a new category with a new tag → served, median ms", of("change_new"), 3,
            name="median ms until a post in a new category is served"),
        Row("&nbsp; 99th percentile, ms", of("change_new99")),
        Row("1,000 posts at once → published, s", of("burst")),
        Row("new settings that mean every post and document, s", of("reload")),
        Row("&nbsp; the slowest post that comes meanwhile, ms", of("reload_wait")),
        Row("a folder of so many posts that a reload adds beside 1,000, s", of("added")),
        Row("&nbsp; the slowest post that comes meanwhile, ms", of("added_wait")),
        Row("the same folder taken away again, s", of("removed")),
        Row("&nbsp; the slowest post that comes meanwhile, ms", of("removed_wait")),
        Row("&nbsp; memory of the daemon meanwhile, MiB at most", of("added_peak"), {100_000: 100, 1_000_000: 150},
            name="MiB while a folder is added"),
        Row("memory of a daemon at rest, MiB", of("idle"), {10_000: 20}, name="MiB at rest"),
        Row("&nbsp; what it does, ms of a processor a minute", of("idle_ms")),
        Row("&nbsp; wake-ups a minute, those of timers included", of("idle_woken")),
        Row("KiB that an idle connection takes", of("connection"), 5, name="KiB of an idle connection"),
        Row("&nbsp; of so many that are open", of("connections")),
    ]
    return [row for row in all_rows if any(value is not None for value in row.values.values())]


def ratio(value, other):
    return value / other if value and other else None


def number(value):
    for least, digits in ((100, 0), (10, 1), (1, 2)):
        if value >= least:
            return f"{value:,.{digits}f}"
    return f"{value:.3f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def page(facts, docs):
    """Writes the part of performance.md that is measured; what was tried stands below it and stays. Returns what it wrote."""
    sizes = {int(size): facts["sizes"][size] for size in sorted(facts["sizes"], key=int)}
    lines, goals, text = [], [], ""
    for row in rows(sizes):
        goal = row.goal()
        lines.append([row.what, *map(row.cell, sizes), str(goal or "")])
        goals += [goal] if goal else []
    for found in sizes.values():
        more, its_goals = http(found)
        text, goals = text + more, goals + its_goals
    heads = ["", *(f"{size:,} posts" for size in sizes), "goal"]
    measured = (f"# What it costs\n\n{summary(goals)}\n\n"
                "`benches/run` measures all of this beside its floor and its peers, in one run, and writes it here.\n\n"
                f"Measured {facts['date']} at {facts['commit']}, {facts['machine']}; the program has {facts['binary']}, and a clean "
                f"build takes {facts['build']}.\n\n{table(heads, lines)}{text}\n")
    if len(sizes) > 1:
        plot(panels(sizes), docs / "performance.svg")
        measured += "![Seconds and memory against posts](performance.svg)\n\n"
    file, tried = docs / "performance.md", "## What was tried\n"
    before = file.read_text() if file.exists() else ""
    file.write_text(measured + (before[before.index(tried):] if tried in before else tried))
    return measured


def summary(goals):
    """What is met and what is not, for who reads no further."""
    missed = [f"- {goal.name}: {goal.found}, where {goal.wanted} is wanted" for goal in goals if goal.met is False]
    met = [goal.name for goal in goals if goal.met]
    absent = [goal.name for goal in goals if goal.met is None]
    parts = [f"{len(met)} of {len(met) + len(missed)} goals are met{': ' if met else ''}{'; '.join(met)}."]
    parts += ["Missed are:\n\n" + "\n".join(missed)] if missed else []
    parts += [f"Not measured: {'; '.join(absent)}."] if absent else []
    return "\n\n".join(parts)


def http(found):
    """What is said of servers, and the goals beside them; neither where none was measured."""
    servers = [name for kind, name in (key.rpartition(" ")[::-2] for key in found) if kind == "304"]
    if not servers:
        return "", []
    lines, goals = [], []
    for kind in ("304", "gzip", "identity"):
        for name in servers:
            answers, slowest, busy = map(median, zip(*found[f"{name} {kind}"]))
            ratio = "" if name == "feedwright" else f"{beside(found, kind, name):.3g} ×"
            goal = http_goal(found, kind, name)
            lines.append([kind, name, f"{answers:.1f}", f"{slowest:.2f}", f"{busy:.0%}", ratio, str(goal or "")])
            goals += [goal] if goal else []
    text = (f"\nHTTP, a feed of {found['feed_bytes']:,} bytes, 64 connections, one core each. Where a server took less than all of "
            "its core, that of wrk was full; ours looks for the next requests of a crowd before it rests. All have the same file at the same address. A server with the same heads was told to "
            "say in them what ours does, as feeds need it (CORS, caching, links, what browsers must not do). Each figure is the "
            f"median of {len(found['feedwright 304'])} rounds in which all had their turn; so is each ratio, taken within a round.\n\n")
    head = ["", "", "thousands of answers a second", "99th percentile, ms", "of its core", "ours beside it", "goal for ours"]
    return text + table(head, lines), goals


def http_goal(found, kind, name):
    """What is wanted beside a peer as it comes: as many answers. In our own line: none slower than the best peer's."""
    peers = [peer for peer in AT_LEAST if f"{peer} {kind}" in found]
    if name == "feedwright" and peers:
        slowest, *others = (median(slowest for _, slowest, _ in found[f"{one} {kind}"]) for one in (name, *peers))
        most = min(others)
        return Goal(f"99th percentile of {kind}", f"99th percentile ≤ {most:.2f} ms", f"{slowest:.2f} ms", slowest <= most)
    if name in peers:
        least, reached = AT_LEAST[name][kind], beside(found, kind, name)
        return Goal(f"{kind} beside {name}", f"≥ {least:g} ×", f"{reached:.3g} ×", reached >= least)
    return None


def beside(found, kind, name):
    """Our answers for one of another server, in the middle of the rounds."""
    rounds = zip(found[f"feedwright {kind}"], found[f"{name} {kind}"])
    return median(ours / theirs for (ours, *_), (theirs, *_) in rounds)


def panels(sizes):
    """What the plots show: seconds, and memory."""
    of = lambda key, scale=1: {size: found[key] / scale if key in found else None for size, found in sizes.items()}
    seconds = [("cold build", "#0b62a4", of("cold")), ("Node", "#b8860b", of("node")), ("Hugo", "#a33", of("hugo")),
               ("floor: read", "#888", of("read")), ("restart", "#2a7", of("warm")), ("one change", "#639", of("change", 1000))]
    memory = [("cold build", "#0b62a4", of("peak")), ("Node", "#b8860b", of("node_peak")), ("Hugo", "#a33", of("hugo_peak")),
              ("daemon at rest", "#2a7", of("idle"))]
    return [("s", 300, seconds), ("MiB", 200, memory)]

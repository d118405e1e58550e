"""docs/performance.md, and its plot, from what benches/run measured."""

#: (key of ours, what it is, key of the floor, what that is, goal)
ROWS = (
    ("cold", "cold build, s", "read", "reading the files, two threads", "3 ×"),
    ("warm", "restart, nothing changed, s", "walk", "walking the folder", "3 ×"),
    ("change", "one post → served, median ms", "change_floor", "event, a durable line, the same files by rename", "2 ×"),
    ("change99", "the same, 99th percentile ms", "change_floor99", "the same", ""),
)
ALONE = (
    ("peak", "memory of a cold build, MiB at most", "100 at 100,000, 150 at 1,000,000"),
    ("change_cpu", "processor time of one post, its files included, ms", ""),
    ("missing_cpu", "the same while another post is missing, ms", ""),
    ("change_many", "one post → served in 11,000 feeds, median ms", ""),
    ("change_many99", "the same, 99th percentile ms", ""),
    ("burst", "1,000 posts at once → published, s", ""),
    ("reload", "new settings that mean every post and document, s", ""),
    ("reload_wait", "the slowest post that comes meanwhile, ms", ""),
    ("idle", "memory of a daemon at rest, MiB", "20 at 10,000"),
    ("idle_ms", "what it does at rest, ms of a processor a minute", ""),
    ("idle_woken", "wake-ups a minute at rest", ""),
    ("documents", "documents written", ""),
)
PEERS = (("node", "a Node script (gray-matter, feed), s"), ("node_peak", "its memory, MiB"),
         ("hugo", "Hugo, RSS alone, s"), ("hugo_peak", "its memory, MiB"))


def number(value):
    if value is None:
        return "–"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def page(facts, docs):
    """Writes the part of performance.md that is measured; what was tried stands below it and stays."""
    sizes = {int(size): found for size, found in facts["sizes"].items()}
    heads = [f"{size:,} posts" for size in sizes]
    rows = []
    for key, what, floor, of, goal in ROWS:
        rows.append([what] + [number(found.get(key)) for found in sizes.values()] + [""])
        rows.append([f"&nbsp; floor: {of}"] + [number(found.get(floor)) for found in sizes.values()] + [""])
        ratios = [f"{found[key] / found[floor]:.1f} ×" if found.get(floor) else "–" for found in sizes.values()]
        rows.append(["&nbsp; ratio"] + ratios + [goal])
    for key, what, goal in ALONE:
        rows.append([what] + [number(found.get(key)) for found in sizes.values()] + [goal])
    for key, what in PEERS:
        if any(key in found for found in sizes.values()):
            rows.append([what] + [number(found.get(key)) for found in sizes.values()] + [""])
    text = table(["", *heads, "goal"], rows)
    for found in sizes.values():
        text += http(found)
    plot(sizes, docs / "performance.svg")
    measured = (f"Measured {facts['date']} at {facts['commit']}, {facts['machine']}; the program has {facts['binary']}, and a clean build takes "
                f"{facts['build']}.\n\n"
                f"{text}\n![Seconds against posts](performance.svg)\n\n")
    file = docs / "performance.md"
    head = "# What it costs\n\n`benches/run` measures all of this beside its floor and its peers, in one run, and writes it here.\n\n"
    tried = "## What was tried\n"
    before = file.read_text() if file.exists() else ""
    log = before[before.index(tried):] if tried in before else tried
    file.write_text(head + measured + log)


def http(found):
    servers = [name for kind, name in (key.rpartition(" ")[::-2] for key in found) if kind == "304"]
    if not servers:
        return ""
    rows = []
    for kind in ("304", "gzip", "identity"):
        answers = lambda name: found[f"{name} {kind}"][0]
        of_core = lambda name: answers(name) / found[f"{name} {kind}"][2]
        ratios = lambda rate: ", ".join(f"{rate('feedwright') / rate(name):.2f} × {name}" for name in servers[1:])
        rows.append([kind] + ["{:.1f} ({:.1f} ms, {:.0%})".format(*found[f"{name} {kind}"]) for name in servers]
                    + [ratios(answers), ratios(of_core)])
    text = (f"\nHTTP, a feed of {found['feed_bytes']:,} bytes, 64 connections, one core each: thousands of answers a second "
            "(99th percentile, and how much of its core the server took: that of wrk is full where it is not all). All have the "
            "same file at the same address. A server with the same heads was told to say in them what ours does, as feeds need it "
            "(CORS, caching, links, what browsers must not do).\n\n"
            + table(["", *servers, "ratio", "ratio by a second of the server's core"], rows))
    if found.get("connection"):
        text += f"\nAn idle connection takes {found['connection']:.1f} KiB ({found['connections']:,} open; at most 5).\n"
    return text


def plot(sizes, file):
    """Cost against number of posts, both axes logarithmic."""
    from math import log10
    width, height, left, bottom = 560, 300, 60, 40
    lines = (("cold", "cold build", "#0b62a4"), ("node", "Node", "#b8860b"), ("hugo", "Hugo", "#a33"),
             ("read", "floor: read", "#888"), ("warm", "restart", "#2a7"))
    values = [found[key] for found in sizes.values() for key, _, _ in lines if found.get(key)]
    change = [found["change"] / 1000 for found in sizes.values() if found.get("change")]
    if not values or len(sizes) < 2:
        return
    low, high = log10(min(values + change)), log10(max(values + change))
    first, last = log10(min(sizes)), log10(max(sizes))
    x = lambda size: left + (log10(size) - first) / (last - first) * (width - left - 110)
    y = lambda seconds: 15 + (high - log10(seconds)) / (high - low) * (height - bottom - 15)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
             f'<rect width="{width}" height="{height}" fill="white"/>']
    for power in range(int(low) - 1, int(high) + 2):
        if low <= power <= high:
            parts.append(f'<path d="M{left} {y(10 ** power):.0f}H{width - 110}" stroke="#ddd"/>'
                         f'<text x="{left - 6}" y="{y(10 ** power) + 4:.0f}" text-anchor="end">{10.0 ** power:g} s</text>')
    for size in sizes:
        parts.append(f'<text x="{x(size):.0f}" y="{height - 18}" text-anchor="middle">{size:,}</text>')
    for key, name, colour in (*lines, ("change", "one change", "#639")):
        scale = 1000 if key == "change" else 1
        points = [(x(size), y(found[key] / scale)) for size, found in sizes.items() if found.get(key)]
        if points:
            path = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
            parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
                         f'<text x="{points[-1][0] + 6:.0f}" y="{points[-1][1] + 4:.0f}" fill="{colour}">{name}</text>')
    file.write_text("\n".join([*parts, "</svg>"]) + "\n")

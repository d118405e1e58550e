"""Pictures of what things cost against the number of posts, both axes logarithmic."""
from math import ceil, floor, log10

#: The width of a picture, what is left of a panel for its figures, right of it for names, above and below it, and between lines
#: of text.
WIDTH, LEFT, RIGHT, ABOVE, BELOW, LINE = 560, 66, 110, 15, 46, 13


def plot(panels, file):
    """Writes panels, one below the other: (unit, height, lines). A line is (name, colour, its figures by number of posts)."""
    parts, top = [], 0
    for unit, height, lines in panels:
        parts += [f'<g transform="translate(0 {top})">', *panel(unit, height, lines), "</g>"]
        top += height
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" font-family="sans-serif" font-size="11">'
    file.write_text("\n".join([head, f'<rect width="{WIDTH}" height="{top}" fill="white"/>', *parts, "</svg>"]) + "\n")


def panel(unit, height, lines):
    sizes = sorted(lines[0][2])
    values = [value for _, _, figures in lines for value in figures.values() if value]
    low, high = log10(min(values)), log10(max(values))
    first, last = log10(sizes[0]), log10(sizes[-1])
    right, bottom = WIDTH - RIGHT, height - BELOW
    x = lambda size: LEFT + (log10(size) - first) / (last - first) * (right - LEFT)
    y = lambda value: ABOVE + (high - log10(value)) / (high - low) * (bottom - ABOVE)
    parts, names = [], []
    for power in range(ceil(low), floor(high) + 1):
        parts.append(f'<path d="M{LEFT} {y(10 ** power):.0f}H{right}" stroke="#ddd"/>'
                     f'<text x="{LEFT - 6}" y="{y(10 ** power) + 4:.0f}" text-anchor="end">{10.0 ** power:g} {unit}</text>')
    for size in sizes:
        parts.append(f'<text x="{x(size):.0f}" y="{height - 10}" text-anchor="middle">{size:,}</text>')
    for name, colour, figures in lines:
        points = [(x(size), y(figures[size])) for size in sizes if figures[size]]
        if points:
            path = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
            parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
            names.append((*points[-1], name, colour))
    # With a white edge, for a line may go on beneath.
    return parts + [f'<text x="{a + 6:.0f}" y="{b + 4:.0f}" fill="{colour}" stroke="white" stroke-width="3" paint-order="stroke">'
                    f'{name}</text>' for a, b, name, colour in apart(names)]


def apart(names):
    """The names (x, y, …) of an x, moved down where they would overprint each other."""
    placed = []
    for x, y, *rest in sorted(names):
        if placed and placed[-1][0] == x:
            y = max(y, placed[-1][1] + LINE)
        placed.append((x, y, *rest))
    return placed

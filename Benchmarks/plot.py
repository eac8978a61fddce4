"""Draws lines over a logarithmic x as SVG: the median of each point, and a bar over what was measured."""

import html
import math
import statistics

WIDTH, HEIGHT = 640, 320
LEFT, RIGHT, TOP, BOTTOM = 70, 110, 40, 50
# Told apart without colour, too: by the label at the line's end and by the dashes.
STYLES = [("#1f5fa8", ""), ("#b3541e", "6 4"), ("#3d7a3d", "2 3")]


def ceiling(value):
    """The next round number."""
    if value <= 0:
        return 1
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * power >= value)


def svg(title, x_name, y_name, lines):
    """`lines`: name to {x: [measurements]}. The y axis begins at zero, so that flat looks flat."""
    xs = sorted({x for line in lines.values() for x in line})
    top = ceiling(max(value for line in lines.values() for values in line.values() for value in values))
    low, high = math.log10(xs[0]), math.log10(xs[-1])

    def place(x, y):
        across = (math.log10(x) - low) / (high - low) if high > low else 0.5
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - y / top * (HEIGHT - TOP - BOTTOM)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="sans-serif" font-size="12">',
        f"<title>{html.escape(title)}: {html.escape(y_name)} by {html.escape(x_name)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="20" font-size="14" fill="#222">{html.escape(title)}: {html.escape(y_name)}</text>',
    ]
    for step in range(5):
        value = top * step / 4
        _, y = place(xs[0], value)
        out.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>')
        out.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#444">{value:,.4g}</text>')
    for x in xs:
        across, _ = place(x, 0)
        out.append(f'<text x="{across:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" fill="#444">{x:,}</text>')
    out.append(
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle" fill="#444">{html.escape(x_name)}</text>')
    labels = []
    for (name, line), (colour, dashes) in zip(lines.items(), STYLES):
        points = [(x, statistics.median(values), min(values), max(values)) for x, values in sorted(line.items())]
        path = " ".join("%.1f,%.1f" % place(x, middle) for x, middle, _, _ in points)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/>')
        for x, middle, least, most in points:
            across, y = place(x, middle)
            _, lowest = place(x, least)
            _, highest = place(x, most)
            out.append(f'<line x1="{across:.1f}" y1="{lowest:.1f}" x2="{across:.1f}" y2="{highest:.1f}" stroke="{colour}"/>')
            out.append(f'<circle cx="{across:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>')
        labels.append([place(*points[-1][:2])[1], f"{name} {points[-1][1]:,.4g}", colour])
    labels.sort()
    for number, label in enumerate(labels):
        if number and label[0] < labels[number - 1][0] + 14:
            label[0] = labels[number - 1][0] + 14
        out.append(f'<text x="{WIDTH - RIGHT + 8}" y="{label[0] + 4:.1f}" fill="{label[2]}">{label[1]}</text>')
    return "\n".join(out + ["</svg>", ""])

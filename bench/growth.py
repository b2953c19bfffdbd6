"""Draw how the cost of a call grows with the rows, both axes by powers of ten."""

from __future__ import annotations

from math import log10
from pathlib import Path

WIDTH, HEIGHT, MARGIN, LINE = 680, 360, 64, 15
CPU_MS_FROM, CPU_MS_TO = 0.1, 10.0
COLOURS = ("#0b6e6e", "#b4552d", "#5b4b9a", "#6b7280")


def draw(pages: dict[int, dict[str, float]], path: Path) -> None:
    """Write the chart; `pages` are milliseconds of CPU by rows and by name."""
    sizes = sorted(pages)
    names = list(pages[sizes[0]])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        "<style>text { font: 13px sans-serif }</style>",
        "<title>CPU per page, by rows of the table</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    ]
    for size in sizes:
        x = _x(size, sizes)
        parts.append(f'<text x="{x:.0f}" y="{HEIGHT - 40}" text-anchor="middle">{size:,}</text>')
    for tick in (0.1, 1.0, 10.0):
        y = _y(tick)
        parts.append(f'<path d="M{MARGIN} {y:.0f}H{WIDTH - 170}" stroke="#d1d5db"/>')
        parts.append(f'<text x="{MARGIN - 8}" y="{y + 4:.0f}" text-anchor="end">{tick:g} ms</text>')
    for name, colour in zip(names, COLOURS, strict=False):
        places = [(_x(size, sizes), _y(pages[size][name])) for size in sizes]
        line = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        parts.append(f'<path d="M{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in places]
    labels = sorted((_y(pages[sizes[-1]][name]), name) for name in names)
    below = 0.0
    for y, name in labels:
        # Names of lines that end close together stand below one another.
        below = max(y + 4, below + LINE)
        colour, x = COLOURS[names.index(name)], _x(sizes[-1], sizes) + 10
        parts.append(f'<text x="{x:.0f}" y="{below:.0f}" fill="{colour}">{name}</text>')
    parts.append("</svg>\n")
    path.write_text("\n".join(parts))


def _x(size: int, sizes: list[int]) -> float:
    span = log10(sizes[-1]) - log10(sizes[0]) or 1.0
    return MARGIN + 20 + (log10(size) - log10(sizes[0])) / span * (WIDTH - MARGIN - 220)


def _y(cpu_ms: float) -> float:
    bounded = min(max(cpu_ms, CPU_MS_FROM), CPU_MS_TO)
    share = (log10(bounded) - log10(CPU_MS_FROM)) / (log10(CPU_MS_TO) - log10(CPU_MS_FROM))
    return HEIGHT - 64 - share * (HEIGHT - 110)

"""Small SVG drawings for the page: curves with axes, and strips of colour. No script, no files."""

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10

import numpy as np

# From little to much; readable in grey too.
RAMP = (
    "#f7fbff", "#deebf7", "#c6dbef", "#9ecae1", "#6baed6", "#4292c6", "#2171b5", "#08519c",
    "#08306b",
)  # fmt: skip
LINES = ("#1f4e9c", "#c0392b", "#7f8c8d")
LEFT, RIGHT, TOP, BOTTOM = 56, 30, 24, 34


def colour(value: float, low: float, high: float) -> str:
    """The ramp's colour of a value, the ends beyond low and high."""
    share = (value - low) / (high - low) if high > low else 0.0
    return RAMP[min(max(int(share * len(RAMP)), 0), len(RAMP) - 1)]


def strip(values: np.ndarray, low: float, high: float, width: int = 220) -> str:
    """A row of coloured cells, one for each value; neighbours of one colour are one cell."""
    each = width / max(len(values), 1)
    cells, begin = [], 0
    colours = [colour(value, low, high) for value in values]
    for i in range(1, len(colours) + 1):
        if i == len(colours) or colours[i] != colours[begin]:
            cells.append(
                f'<rect x="{begin * each:.1f}" width="{(i - begin) * each:.1f}" height="14" '
                f'fill="{colours[begin]}"/>'
            )
            begin = i
    return f'<svg class="strip" width="{width}" height="14" role="img">{"".join(cells)}</svg>'


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About `count` round numbers from low to high."""
    if high <= low:
        return [low]
    raw = (high - low) / count
    power = 10.0 ** floor(log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    first = ceil(low / step - 1e-9)
    found = []
    while first * step <= high * (1 + 1e-9):
        found.append(first * step)
        first += 1
    return found


def curves(
    xs: np.ndarray, series: Sequence[tuple[str, np.ndarray]], x_label: str, y_label: str,
    width: int = 960, height: int = 240, zero: bool = True,
) -> str:  # fmt: skip
    """Lines over a common x axis, with ticks and a legend.

    Parameters
    ----------
    xs : float[n]
    series : (name, float[n]) of each line
    zero : whether the y axis begins at 0
    """
    values = np.concatenate([ys for _, ys in series])
    low, high = float(values.min()), float(values.max())
    low = min(0.0, low) if zero else low
    high = high if high > low else low + 1
    first, last = float(xs[0]), float(xs[-1]) if xs[-1] > xs[0] else float(xs[0]) + 1

    def place(x: float, y: float) -> tuple[float, float]:
        across = LEFT + (x - first) / (last - first) * (width - LEFT - RIGHT)
        return across, TOP + (high - y) / (high - low) * (height - TOP - BOTTOM)

    parts = []
    for y in ticks(low, high):
        _, at = place(first, y)
        parts.append(f'<line x1="{LEFT}" x2="{width - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{y:g}</text>')
    for x in ticks(first, last, 8):
        at, _ = place(x, low)
        parts.append(f'<text x="{at:.1f}" y="{height - 18}" text-anchor="middle">{x:,g}</text>')
    for i, (name, ys) in enumerate(series):
        line = " ".join(
            "{:.1f},{:.1f}".format(*place(float(x), float(y))) for x, y in zip(xs, ys, strict=True)
        )
        parts.append(f'<polyline points="{line}" stroke="{LINES[i]}"/>')
        parts.append(
            f'<text class="name" x="{LEFT + 190 * i}" y="12" '
            f'style="fill:{LINES[i]}">{escape(name)}</text>'
        )
    parts.append(
        f'<text x="{(width + LEFT) / 2}" y="{height - 3}" text-anchor="middle">'
        f"{escape(x_label)}</text>"
    )
    parts.append(
        f'<text transform="translate(12 {height / 2:.0f}) rotate(-90)" text-anchor="middle">'
        f"{escape(y_label)}</text>"
    )
    return (
        f'<svg class="chart" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img"><title>{escape(y_label)} against {escape(x_label)}</title>'
        f"{''.join(parts)}</svg>"
    )

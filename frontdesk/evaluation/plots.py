"""Line plots as small SVG files, written by hand: no plotting library is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

Points = Sequence[tuple[float, float]]

WIDTH, HEIGHT = 520, 380
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 40, 48
LINE_HEIGHT = 18
COLOURS = ("#0b6e99", "#c2410c", "#3f7d20", "#7c3aed", "#b91c5c", "#57534e")


def recall_plot(title: str, curves: Mapping[str, Sequence[float]]) -> str:
    """An SVG of recall@1, recall@2 ... of each named curve."""
    series = {
        name: [(float(k), value) for k, value in enumerate(curve, 1)]
        for name, curve in curves.items()
    }
    last = max((len(curve) for curve in curves.values()), default=1)
    ticks = [float(k) for k in range(1, last + 1)]
    return _plot(title, "documents looked at (k)", "recall@k", series, ticks)


def reliability_plot(title: str, x_label: str, y_label: str, bins: Points) -> str:
    """An SVG of observed shares over predicted probabilities, with the diagonal."""
    diagonal = [(0.0, 0.0), (1.0, 1.0)]
    series = {"perfectly calibrated": diagonal, "measured": list(bins)}
    return _plot(title, x_label, y_label, series, [k / 5 for k in range(6)])


def _plot(
    title: str,
    x_label: str,
    y_label: str,
    series: Mapping[str, Points],
    x_ticks: Sequence[float],
) -> str:
    """The y axis runs from 0 to 1, the x axis over its ticks."""
    low, high = x_ticks[0], max(x_ticks[-1], x_ticks[0] + 1e-9)
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT

    def x(value: float) -> float:
        return round(LEFT + (value - low) / (high - low) * (right - LEFT), 1)

    def y(value: float) -> float:
        return round(bottom - value * (bottom - TOP), 1)

    parts = [_text(LEFT, 22, title, "start", bold=True)]
    for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        parts.append(
            f'<path d="M{LEFT} {y(share)}H{right}" stroke="#ddd" fill="none"/>'
        )
        parts.append(_text(LEFT - 8, y(share) + 4, f"{share:.1f}", "end"))
    for tick in x_ticks:
        parts.append(_text(x(tick), bottom + 18, f"{tick:g}", "middle"))
    parts.append(_text((LEFT + right) / 2, HEIGHT - 10, x_label, "middle"))
    parts.append(
        f'<g transform="rotate(-90 16 {(TOP + bottom) / 2})">'
        f"{_text(16, (TOP + bottom) / 2, y_label, 'middle')}</g>"
    )
    for number, (name, points) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = "L".join(f"{x(px)} {y(py)}" for px, py in points)
        if path:
            parts.append(
                f'<path d="M{path}" stroke="{colour}" stroke-width="2" fill="none"/>'
            )
        parts += [
            f'<circle cx="{x(px)}" cy="{y(py)}" r="3" fill="{colour}"/>'
            for px, py in points
        ]
        place = bottom - 10 - LINE_HEIGHT * (len(series) - 1 - number)
        parts.append(_text(right - 4, place, name, "end", colour))
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="12">\n<title>{escape(title)}</title>\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>\n{body}\n</svg>\n'
    )


def _text(
    x: float, y: float, text: str, anchor: str, colour: str = "#222", bold: bool = False
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{colour}"{weight}>'
        f"{escape(text)}</text>"
    )

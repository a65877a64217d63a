"""A bar chart as SVG, without a library."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

WIDTH, ROW, LABEL, RIGHT = 900, 30, 240, 70


def bars(title: str, rows: Sequence[tuple[str, float]]) -> str:
    """Horizontal bars of `rows` (label, value), longest full width."""
    longest = max(value for _, value in rows) or 1.0
    scale = (WIDTH - LABEL - RIGHT) / longest
    drawn = []
    for place, (label, value) in enumerate(rows):
        y = 50 + place * ROW
        drawn.append(
            f'<text x="{LABEL - 10}" y="{y + 15}" text-anchor="end">{escape(label)}</text>'
            f'<rect x="{LABEL}" y="{y}" width="{value * scale:.1f}" height="{ROW - 10}" rx="3" fill="#0f6b5c"/>'
            f'<text x="{LABEL + value * scale + 8:.1f}" y="{y + 15}">{value:g}</text>'
        )
    height = 60 + len(rows) * ROW
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
        f'font-size="14"><rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="20" y="28" font-size="17" font-weight="bold">{escape(title)}</text>{"".join(drawn)}</svg>\n'
    )

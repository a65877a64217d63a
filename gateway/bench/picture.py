"""Latencies as a picture: one bar a row, hand-written SVG that needs no library, script or font to be read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, TOP, ROW, LEFT, RIGHT, BELOW = 1000, 132, 58, 240, 256, 92
BAR, SERIF = 22, 9

_STYLE = """
  text { font-family: ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
         fill: #1d2422; font-size: 14px; }
  .title { font-size: 22px; font-weight: 650; letter-spacing: -.01em; }
  .soft { fill: #5c6663; font-size: 13px; }
  .label { font-weight: 600; font-size: 15px; }
  .figure { font-variant-numeric: tabular-nums; }
  .grid { stroke: #e8e5dd; } .axis { stroke: #b9b5a9; }
  .first { fill: #0f5f57; } .rest { fill: #9cc9c1; } .tail { stroke: #0f5f57; stroke-width: 1.5; }
  .limit { stroke: #b3541e; stroke-width: 1.5; stroke-dasharray: 5 4; } .limit-text { fill: #9a4515; font-size: 13px; }
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: latencies in milliseconds, `note` below its label, `result` at its right."""

    label: str
    note: str
    p50_ms: float
    p95_ms: float
    p99_ms: float
    result: str


@dataclass(frozen=True, slots=True)
class Length:
    """One row of one figure: `note` below its label, `result` at its right."""

    label: str
    note: str
    value: float
    result: str


def lengths(title: str, subtitle: str, rows: Sequence[Length], unit: str, footer: str) -> str:
    """The rows from top to bottom, as long as their values. Raises ValueError when there are no rows."""
    most = max(row.value for row in rows)
    step = tick_step(most)
    end = step * math.ceil(most * 1.02 / step)
    drawn = _axis(end, step, TOP + len(rows) * ROW, unit)
    for place, row in enumerate(rows):
        drawn += _length(row, place, end)
    return _sheet(title, subtitle, drawn, len(rows), footer)


def bars(title: str, subtitle: str, rows: Sequence[Bar], limit: tuple[float, str] | None, footer: str) -> str:
    """The rows from top to bottom: dark to p50, light to p95, a line to p99.

    `limit` is a mark on the axis in milliseconds, and what it says. Raises ValueError when there are no rows.
    """
    most = max(*(row.p99_ms for row in rows), limit[0] if limit else 0.0)
    step = tick_step(most)
    end = step * math.ceil(most * 1.02 / step)
    foot = TOP + len(rows) * ROW
    drawn = [*_axis(end, step, foot, "ms"), *_legend()]
    drawn += [line for place, row in enumerate(rows) for line in _row(row, place, end)]
    if limit is not None:
        drawn += _limit(limit[0], limit[1], end, foot)
    return _sheet(title, subtitle, drawn, len(rows), footer)


def _sheet(title: str, subtitle: str, drawn: Sequence[str], rows: int, footer: str) -> str:
    height = TOP + rows * ROW + BELOW
    head = [
        f'<text class="title" x="32" y="46">{escape(title)}</text>',
        f'<text class="soft" x="32" y="70">{escape(subtitle)}</text>',
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>{_STYLE}</style>",
            f'<rect width="{WIDTH}" height="{height}" rx="12" fill="#fbfaf7"/>',
            *head,
            *drawn,
            f'<text class="soft" x="32" y="{height - 22}">{escape(footer)}</text>',
            "</svg>\n",
        ]
    )


def tick_step(most: float) -> float:
    """The distance of ticks, 1, 2 or 5 times a power of ten, that makes four to ten of them up to `most`."""
    raw = max(most, 1e-6) / 8
    power = 10.0 ** math.floor(math.log10(raw))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= raw)


def _x(value: float, end: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * value / end


def _axis(end: float, step: float, foot: int, unit: str) -> list[str]:
    lines = []
    last = round(end / step)
    for number in range(last + 1):
        x = _x(number * step, end)
        kind, text = "axis" if number == 0 else "grid", f"{number * step:g}" + (f" {unit}" if number == last else "")
        lines.append(f'<line class="{kind}" x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{foot}"/>')
        lines.append(f'<text class="soft" x="{x:.1f}" y="{foot + 20}" text-anchor="middle">{text}</text>')
    return lines


def _legend() -> list[str]:
    y, drawn, x = 98, [], LEFT
    for kind, text in (("first", "half of the answers (p50)"), ("rest", "19 of 20 (p95)")):
        drawn.append(f'<rect class="{kind}" x="{x}" y="{y - 10}" width="12" height="12" rx="2"/>')
        drawn.append(f'<text class="soft" x="{x + 18}" y="{y}">{text}</text>')
        x += 44 + len(text) * 7
    drawn.append(f'<path class="tail" d="M{x} {y - 4}h22m0 -5v10"/>')
    drawn.append(f'<text class="soft" x="{x + 30}" y="{y}">99 of 100 (p99)</text>')
    return drawn


def _row(row: Bar, place: int, end: float) -> list[str]:
    y = TOP + place * ROW + (ROW - BAR) / 2
    middle = y + BAR / 2
    zero, p50, p95, p99 = (_x(value, end) for value in (0, row.p50_ms, row.p95_ms, row.p99_ms))
    figures = f"{row.p50_ms:.0f} / {row.p95_ms:.0f} / {row.p99_ms:.0f} ms"
    return [
        *_labelled(row.label, row.note, middle),
        f'<rect class="rest" x="{zero:.1f}" y="{y:.1f}" width="{p95 - zero:.1f}" height="{BAR}" rx="3"/>',
        f'<rect class="first" x="{zero:.1f}" y="{y:.1f}" width="{p50 - zero:.1f}" height="{BAR}" rx="3"/>',
        f'<path class="tail" d="M{p95:.1f} {middle:.1f}H{p99:.1f}m0 -{SERIF / 2}v{SERIF}" fill="none"/>',
        f'<text class="figure" x="{WIDTH - RIGHT + 24}" y="{middle - 1:.1f}">{figures}</text>',
        f'<text class="soft" x="{WIDTH - RIGHT + 24}" y="{middle + 16:.1f}">{escape(row.result)}</text>',
    ]


def _length(row: Length, place: int, end: float) -> list[str]:
    y = TOP + place * ROW + (ROW - BAR) / 2
    middle, zero, reach = y + BAR / 2, _x(0, end), _x(row.value, end)
    return [
        *_labelled(row.label, row.note, middle),
        f'<rect class="first" x="{zero:.1f}" y="{y:.1f}" width="{reach - zero:.1f}" height="{BAR}" rx="3"/>',
        f'<text class="figure" x="{WIDTH - RIGHT + 24}" y="{middle + 5:.1f}">{escape(row.result)}</text>',
    ]


def _labelled(label: str, note: str, middle: float) -> list[str]:
    return [
        f'<text class="label" x="{LEFT - 18}" y="{middle - 1:.1f}" text-anchor="end">{escape(label)}</text>',
        f'<text class="soft" x="{LEFT - 18}" y="{middle + 16:.1f}" text-anchor="end">{escape(note)}</text>',
    ]


def _limit(at: float, says: str, end: float, foot: int) -> list[str]:
    x = _x(at, end)
    return [
        f'<line class="limit" x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{foot + 28}"/>',
        f'<text class="limit-text" x="{x:.1f}" y="{foot + 44}" text-anchor="middle">{escape(says)}</text>',
    ]

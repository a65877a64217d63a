"""Answers of more and more leaves, executed where all data is at hand: whether a leaf costs more in a large answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from gateway.audiences import read_audiences
from gateway.bench.inside import CALLERS, Inside, become
from gateway.bench.micro import Piece
from gateway.bench.report import Claim
from gateway.engine import Answer, Engine
from gateway.http.encoding import encoded
from gateway.limits import DocumentLimits
from gateway.permits import held_by
from gateway.schema import RULES, build_schema, priced, served
from gateway.trouble import CannotStart
from gateway.views import view_of

PER_LEAVES = "1,000 leaves"
LEAVES_OF_A_PRODUCT = 20
AT_ONCE = 100
"""As many products as one field takes; more are asked for by the same field under other aliases."""

GROWTH_MAX = 1.15
"""A leaf of the largest answer, times one of a smaller one: as much as two runs of the same may differ."""

_PART = "sku{n}: sku name{n}: name category{n}: category tax{n}: taxCode unit{n}: unit"
# Larger than a caller may send: what is measured is how cost grows.
_LIMITS = DocumentLimits(aliases=1_000, fields=10_000)


@dataclass(frozen=True, slots=True)
class Sized:
    """`fields` times a list of so many `products`, each with 20 leaves."""

    fields: int
    products: int

    @property
    def leaves(self) -> int:
        return self.fields * self.products * LEAVES_OF_A_PRODUCT

    @property
    def name(self) -> str:
        return f"{self.leaves:,} leaves"

    @property
    def document(self) -> str:
        parts = " ".join(_PART.format(n=number) for number in range(LEAVES_OF_A_PRODUCT // 5))
        fields = " ".join(f"list{number}: products(skus: $skus) {{ ...Shown }}" for number in range(self.fields))
        return f"query Leaves($skus: [String!]!) {{ {fields} }} fragment Shown on Product {{ {parts} }}"

    @property
    def variables(self) -> dict[str, Any]:
        return {"skus": [f"SKU-{number:05}" for number in range(1, self.products + 1)]}


SIZES = (Sized(1, 24), Sized(1, AT_ONCE), Sized(10, AT_ONCE))
"""480, 2,000 and 20,000 leaves."""


async def leaf_pieces(inside: Inside) -> list[Piece]:
    """Executing and encoding each size, for a thousand leaves. Raises CannotStart for one that is not whole."""
    schema = build_schema()
    audience = read_audiences().of("associate")
    view = view_of(schema._schema, audience.tags, audience.masks)  # noqa: SLF001 - Strawberry has no other way to its GraphQL schema
    engine = Engine(schema, _LIMITS, view=view, rules=RULES, declared=served(schema), priced=priced(schema))
    pieces = []
    for sized in SIZES:
        work = partial(_executed, engine, inside, sized)
        for _ in range(2):  # what comes again is compiled
            body = await work()
        if (found := counted(body)) != sized.leaves:
            raise CannotStart(f"{sized.name}: {found} are answered")
        pieces.append(Piece(sized.name, PER_LEAVES, work, share=sized.leaves / 1_000))
    return pieces


async def _executed(engine: Engine, inside: Inside, sized: Sized) -> bytes:
    become("associate")
    context = inside.context("associate")
    held = held_by(CALLERS["associate"])
    try:
        answer = await engine.run(sized.document, sized.variables, None, context, held=held, comes_again=True)
        return _whole(sized, answer)
    finally:
        context.loaders.close()


def _whole(sized: Sized, answer: Answer) -> bytes:
    if answer.errors:
        raise CannotStart(f"{sized.name} are not answered: {answer.errors[0]['message']}")
    return encoded(answer, {})[1]


def counted(body: bytes) -> int:
    """The leaves of an answer: its values that hold no others."""
    return _leaves(orjson.loads(body)["data"])


def _leaves(value: Any) -> int:
    if isinstance(value, Mapping):
        return sum(map(_leaves, value.values()))
    if isinstance(value, list):
        return sum(map(_leaves, value))
    return 1


def leaf_claims(rows: Sequence[Mapping[str, Any]]) -> tuple[Claim, ...]:
    """The verdict: a leaf of the largest answer costs no more than one of any smaller answer."""
    *smaller, large = (row for row in rows if row["stage"] == PER_LEAVES)
    least = min(smaller, key=lambda row: float(row["cpu_us"]))
    grown = large["cpu_us"] / least["cpu_us"]
    limit = GROWTH_MAX + least["noise"] + large["noise"]
    return (
        Claim(
            "a leaf of a large answer costs no more than one of a smaller one",
            f"{large['cpu_us']:,.0f} us per 1,000 of {large['page']}, {least['cpu_us']:,.0f} of {least['page']}: "
            f"x {grown:.2f}",
            f"x {limit:.2f}, of which {limit - GROWTH_MAX:.2f} is the noise of both",
            grown <= limit,
        ),
    )

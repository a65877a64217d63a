"""When operations are compiled, how many plans are kept, and what is left to graphql-core."""

from __future__ import annotations

import gc
import linecache
import traceback
from typing import Any

import pytest
import strawberry
from graphql import ExecutionResult, parse

from domains.vocabulary import SystemRole, UpstreamTimeout
from gateway.engine import CacheSizes, Engine
from gateway.engine.compiled import Plans
from gateway.engine.compiled.operation import VARIANTS_MAX
from gateway.schema import RULES, build_schema
from resolvers.context import Context
from tests.gateway.engine.compiled.both import Both
from tests.gateway.engine.compiled.toys import SCHEMA
from tests.resolvers.goods import NOW
from tests.resolvers.world import ASSOCIATE, World

BOTH = Both(SCHEMA)


@strawberry.interface
class Pet:
    @classmethod
    async def resolve_type(cls, *_: Any) -> str:
        return "Cat"

    name: str


@strawberry.type
class Cat(Pet):
    pass


@strawberry.type
class Pets:
    @strawberry.field
    def pet(self) -> Pet:
        return Cat(name="Tom")


def plans(text: str, grown: list[int] | None = None) -> Plans:
    return Plans(BOTH.ground, parse(text), lambda: grown.append(1) if grown is not None else None)


async def run(of: Plans, comes_again: bool = False, **variables: Any) -> ExecutionResult | None:
    return await of.run(None, variables, None, None, comes_again=comes_again)


async def test_compiled_on_the_second_use() -> None:
    """A text that is sent once costs no compilation."""
    grown: list[int] = []
    of = plans("{ bag { id } }", grown)
    assert await run(of) is None
    assert (of.bytes, grown) == (0, [])
    for _ in range(2):
        result = await run(of)
        assert result == ExecutionResult({"bag": {"id": 1}}, None)
    assert of.bytes > 0
    assert grown == [1]


async def test_compiled_at_once_where_it_comes_again() -> None:
    """Trusted documents need no second use to prove themselves."""
    assert await run(plans("{ bag { id } }"), comes_again=True) is not None


async def test_variants_are_bounded() -> None:
    """Each outcome of the conditions has a plan, up to a bound; what is beyond it is graphql-core's."""
    names = [f"c{number}" for number in range(5)]
    declared = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: id @include(if: ${name})" for name in names)
    of = plans(f"query ({declared}) {{ bag {{ {fields} }} }}")
    answered = 0
    for outcome in range(2 ** len(names)):
        variables = {name: bool(outcome >> number & 1) for number, name in enumerate(names)}
        result = await run(of, comes_again=True, **variables)
        if result is not None:
            answered += 1
            assert result.data == {"bag": {name: 1 for name in names if variables[name]}}
    assert answered == VARIANTS_MAX


@pytest.mark.parametrize(
    "text",
    [
        "{ __schema { queryType { name } } }",
        '{ __type(name: "Box") { name } }',
        "query @experimental_disableErrorPropagation { bag { id } }",
        "{ bag { ... @defer { id } } }",
        "{ bag { boxes @stream { id } } }",
    ],
)
async def test_left_to_graphql_core(text: str) -> None:
    """What plans cannot do is not begun by one."""
    assert await run(plans(text), comes_again=True) is None


async def test_small_documents_of_large_plans_are_left() -> None:
    """Fragments that spread each other twice are written out 2^n times: that is noticed, and graphql-core answers."""
    depth = 14
    fragments = " ".join(
        f"fragment F{n} on Box {{ a: must {{ ...F{n + 1} }} b: must {{ ...F{n + 1} }} }}" for n in range(depth)
    )
    of = plans(f"{{ box {{ ...F0 }} }} {fragments} fragment F{depth} on Box {{ id }}")
    assert await run(of, comes_again=True) is None


async def test_async_type_checks_are_left() -> None:
    """A schema that has to wait to know a type is graphql-core's."""

    both = Both(strawberry.Schema(Pets, types=[Cat]))
    of = Plans(both.ground, parse("{ pet { name } }"), lambda: None)
    assert await of.run(None, {}, None, None, comes_again=True) is None


async def test_the_switch() -> None:
    """An engine that shall not compile has no plans, and answers the same."""
    for compiled in (True, False):
        engine = Engine(SCHEMA, compiled=compiled)
        for _ in range(3):
            assert (await engine.run("{ bag { id } }", None, None, None)).data == {"bag": {"id": 1}}
        assert (engine.operations.prepare("{ bag { id } }").plans is not None) is compiled


async def test_plans_are_counted_with_their_documents() -> None:
    """What is compiled takes room from other documents."""
    sizes = CacheSizes(operations_max=1000, bytes_max=200_000)
    engine = Engine(SCHEMA, sizes=sizes)
    texts = [f"{{ a{number}: bag {{ id name code boxes {{ id label }} }} }}" for number in range(20)]
    for text in texts:
        await engine.run(text, None, None, None)
    uncompiled = len(engine.operations)
    for text in texts:
        await engine.run(text, None, None, None, comes_again=True)
    assert uncompiled == len(texts)
    assert 0 < len(engine.operations) < uncompiled


async def test_tracebacks_show_the_generated_lines() -> None:
    """An error's traceback shows the line that raised it, for as long as the plan is kept and no longer."""
    of = plans("{ bag(id: 19) { boxes { must { short } } } }")
    result = await run(of, comes_again=True)
    assert result is not None
    assert result.errors
    cause = result.errors[0].original_error
    assert cause is not None
    shown = "".join(traceback.format_exception(cause))
    assert "<operation query " in shown
    assert "call" in shown
    names = [name for name in linecache.cache if name.startswith("<operation query ")]
    assert names
    filename = next(frame.filename for frame in traceback.extract_tb(cause.__traceback__) if frame.filename in names)
    del of, result, cause, shown
    gc.collect()
    assert filename not in linecache.cache


@pytest.mark.parametrize("failing", ["", "inventory"])
async def test_an_answer_leaves_no_garbage(failing: str) -> None:
    """What a run makes is freed when it ends, also when systems fail: the collector, for which all wait, is idle."""
    world, engine = World(), Engine(build_schema(), rules=RULES)
    if failing:
        world.fail(UpstreamTimeout(SystemRole.OMS, "stock"), failing)
    text = '{ products(skus: ["SKU-1", "SKU-2"]) { id name availability { status location { name } } } }'

    async def once() -> int:
        context = Context.open(ASSOCIATE, world.retail(), NOW)
        answer = await engine.run(text, None, None, context, comes_again=True)
        context.loaders.close()
        return len(answer.errors)

    await once()
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            assert await once() == 2 * bool(failing)
        garbage = gc.collect()
    finally:
        gc.enable()
    assert garbage < 20


async def test_plans_need_no_arguments_of_others() -> None:
    """Each operation of a document has plans of its own."""
    of = plans("query A { bag { id } } query B { bag { name } }")
    for name, data in (("A", {"id": 1}), ("B", {"name": "g1"})):
        result = await of.run(name, {}, None, None, comes_again=True)
        assert result is not None
        assert result.data == {"bag": data}

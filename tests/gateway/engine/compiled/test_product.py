"""Random operations on the product's own schema: a plan answers what graphql-core answers, with the same freshness."""

from __future__ import annotations

import pytest
from graphql import NoUnusedVariablesRule, parse, specified_rules, validate
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from gateway.engine.compiled import Plans
from gateway.schema import RULES, build_schema
from tests.gateway.engine.compiled.asking import VARIABLES, operations
from tests.gateway.engine.compiled.both import CORE_LEAKS, Both, NotCompiledError, seen, unpropagated
from tests.gateway.engine.compiled.moody import calls, context, heard, unchanging
from tests.resolvers.world import ADA, ASSOCIATE, GUEST, OPERATIONS, World

pytestmark = pytest.mark.filterwarnings(CORE_LEAKS)

BOTH = Both(build_schema())
KEPT_TO = [*(rule for rule in specified_rules if rule is not NoUnusedVariablesRule), *RULES]
CALLERS = {caller.subject: caller for caller in (ASSOCIATE, ADA, GUEST, OPERATIONS)}


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(operations(BOTH.graphql), st.integers(0, 50), st.sampled_from(sorted(CALLERS)))
async def test_random_operations(text: str, mood: int, subject: str) -> None:
    """Data, its order, nulls, faults and freshness are the same, whatever is slow, missing or failing.

    No system is asked more often.
    """
    document = parse(text)
    assume(not validate(BOTH.graphql, document, KEPT_TO))
    caller = CALLERS[subject]
    contexts = context(mood, caller), context(mood, caller)
    expected = seen(await BOTH.interpreted(document, VARIABLES, contexts[0]))
    try:
        found = seen(await BOTH.compiled(document, VARIABLES, contexts[1]))
    except NotCompiledError:
        reject()
    assert found.text == expected.text
    assert found.places == expected.places
    if not expected.spread:
        assert found.errors == expected.errors
        assert heard(contexts[1]) == heard(contexts[0])
        before = calls(contexts[0])
        assert all(number <= before[name] for name, number in calls(contexts[1]).items())
    elif found.errors != expected.errors:
        # Of several errors for one null any may be told, and what was read for the others need not have been.
        assert set(found.errors) <= await unpropagated(BOTH, text, VARIABLES, context(mood, caller))


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(operations(BOTH.graphql), st.integers(0, 50), st.sampled_from(sorted(CALLERS)))
async def test_random_operations_that_come_again(text: str, mood: int, subject: str) -> None:
    """What was written of a record before is what graphql-core writes of it, and nobody changes it for the next."""
    document = parse(text)
    assume(not validate(BOTH.graphql, document, KEPT_TO))
    caller, world = CALLERS[subject], unchanging(World())
    expected = seen(await BOTH.interpreted(document, VARIABLES, context(mood, caller, world)))
    plans = Plans(BOTH.ground, document, lambda: None)
    for _ in range(4):
        result = await plans.run(None, VARIABLES, context(mood, caller, world), None, comes_again=True)
        if result is None:
            reject()
        found = seen(result)
        assert found.text == expected.text
        assert found.places == expected.places

"""A pytest plugin that runs the suites of graphql-core and Strawberry on plans.

In a checkout of either: `PYTHONPATH=$HERE:$HERE/tests/gateway/engine/compiled pytest -p suites tests`, HERE being this
repository. Run it once with PLANS=0 to see what fails without plans, as when the checkout is of another release.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from typing import Any

import graphql.execution.execute  # noqa: F401 - its module is changed below
import strawberry.schema.schema
from graphql import default_field_resolver, default_type_resolver
from graphql.execution.executor import Executor
from graphql.execution.incremental import IncrementalExecutor

from gateway.engine.compiled.asked import Ground
from gateway.engine.compiled.operation import compilable

counts: Counter[str] = Counter()


def _planned(executor: Any) -> Any:
    """What a plan answers, None if there is none."""
    counts["executions"] += 1
    plain = (
        executor.error_propagation
        and not (executor.middleware_manager and executor.middleware_manager.middlewares)
        and not (executor.hooks or executor.abort_signal)
        and executor.field_resolver is default_field_resolver
        and executor.type_resolver is default_type_resolver
    )
    if not plain or any(one.variable_signatures for one in executor.fragments.values()):
        return None
    authored: Any = getattr(executor.schema, "_strawberry_schema", None)
    converter: Any = None if authored is None else authored.schema_converter
    ground = Ground(executor.schema, converter, executor, executor.hide_suggestions, 50)
    operation = compilable(ground, executor.operation, executor.fragment_definitions)
    plan = None if operation is None else operation.plan(executor.variable_values)
    if plan is None:
        return None
    counts["compiled"] += 1
    return plan.start(executor.root_value, executor.context_value, executor.variable_values)


def _with_plans(executor_class: type[Executor[Any]]) -> type[Executor[Any]]:
    class WithPlans(executor_class):  # type: ignore[valid-type,misc]  # a class that is only known here
        def execute_operation(self, serially: bool | None = None) -> Any:
            planned = None if serially is not None else _planned(self)
            return super().execute_operation(serially) if planned is None else planned

    return WithPlans


if os.environ.get("PLANS") != "0":
    core: Any = sys.modules["graphql.execution.execute"]
    core.IncrementalExecutor = _with_plans(IncrementalExecutor)
    written: Any = strawberry.schema.schema
    written.StrawberryGraphQLCoreExecutionContext = _with_plans(written.StrawberryGraphQLCoreExecutionContext)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    terminalreporter.write_line(str(dict(counts)))

"""One attempt at a step, from asking what became of the last one to a bug of our own: it always ends, and one way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any, TypeVar

import structlog

from domains.durable import Done, NeedsPerson, Outcome, Refused, RetryAfter, Step, outcome_of
from domains.upstream import correlation_id, deadline_scope, path_scope
from domains.vocabulary import ServingPath, UpstreamError
from gateway.durable.progress import Case, Ended, NotDone, Skipped, Standing

T = TypeVar("T")

_GRACE_S = 1.0
"""The Wire answers in time by itself; a step that waits for something else is cut off this much later."""

_log = structlog.get_logger(__name__)


async def attempt(case: Case, standing: Standing, *, correlation: str, now: float, timeout_s: float) -> Ended:
    """Do, look for or undo the step at which the flow stands."""
    step = case.step(standing.at)
    # Who broke off going on may have done it; the undo is repeated under its own key anyway.
    unheard = standing.mark(standing.at).unheard or not standing.back
    if step is None:
        return Ended(NeedsPerson(f"This program has no step {standing.at} any more."), unheard)
    token = correlation_id.set(correlation)
    try:
        with path_scope(ServingPath.BACKOFFICE), deadline_scope(timeout_s):
            async with asyncio.timeout(timeout_s + _GRACE_S):
                return _writable(await (_undo if standing.back else _do)(case, step, standing, now))
    except TimeoutError:
        return Ended(RetryAfter(f"{step.system.value} did not answer in time", unheard=True), unheard)
    except Exception:  # noqa: BLE001 - a bug in a step stops its flow, and not the worker with all the others
        _log.exception("a step failed", flow=case.flow_id, kind=case.workflow.kind, step=step.name)
        return Ended(NeedsPerson(f"A fault of our own; the log says more under {correlation}."), unheard)
    finally:
        correlation_id.reset(token)


async def _do(case: Case, step: Step[Any], standing: Standing, now: float) -> Ended:
    task = case.task(step, standing, now)
    unheard = standing.mark(step.name).unheard
    if not step.when(task):
        return Ended(Skipped())
    if unheard and step.find is not None:
        found = await _heard(step.find(task))
        if found is not None:
            return _looked(found)
        unheard = False
    how = _checked(await _heard(step.do(task)), step)
    if isinstance(how, RetryAfter):
        return Ended(how, how.unheard or unheard)
    return Ended(how, unheard and isinstance(how, NeedsPerson))


async def _undo(case: Case, step: Step[Any], standing: Standing, now: float) -> Ended:
    task = case.task(step, standing, now)
    if standing.mark(step.name).unheard:
        if step.find is None:
            unknown = f"Nobody knows whether {step.system.value} did this ({step.name}), and it cannot be asked."
            return Ended(NeedsPerson(unknown), unheard=True)
        found = await _heard(step.find(task))
        return Ended(NotDone()) if found is None else _looked(found)
    if step.undo is None:
        return Ended(NotDone())
    return Ended(_checked(await _heard(step.undo(task)), step))


async def _heard(answer: Awaitable[T]) -> T | RetryAfter | Refused | NeedsPerson:
    try:
        return await answer
    except UpstreamError as error:
        return outcome_of(error)


def _looked(found: Outcome) -> Ended:
    """What looking came to, other than that there is nothing."""
    if isinstance(found, Done):
        return Ended(found)
    if isinstance(found, Refused):  # of the question, not of the step
        return Ended(NeedsPerson(f"It cannot be looked up whether this was done: {found.why}"), unheard=True)
    return Ended(found, unheard=True)


def _checked(how: object, step: Step[Any]) -> Outcome:
    if not isinstance(how, Done | RetryAfter | Refused | NeedsPerson):
        raise TypeError(f"{step.name} answered {type(how).__name__}, which is no outcome")
    return how


def _writable(ended: Ended) -> Ended:
    """Without null characters, which Postgres keeps in no text (its manual, "Character Types"): else what came of the
    step could never be written, and its system would be asked without end."""
    how = ended.how
    if isinstance(how, Done) and how.reference is not None:
        return replace(ended, how=replace(how, reference=how.reference.replace("\0", "\ufffd")))
    if isinstance(how, RetryAfter | Refused | NeedsPerson):
        return replace(ended, how=replace(how, why=how.why.replace("\0", "\ufffd")))
    return ended

"""What becomes of a flow, against a small model of the world outside: what was done there, and what was taken back."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import msgspec
import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from domains.durable import (
    BECOMES,
    OVER,
    Done,
    FlowState,
    IfRefused,
    NeedsPerson,
    Outcome,
    Refused,
    RetryAfter,
    Step,
    StepState,
    Task,
    Workflow,
)
from domains.vocabulary import SystemRole, UpstreamTimeout
from gateway.durable.attempt import attempt
from gateway.durable.policy import JournalPolicy
from gateway.durable.progress import (
    Case,
    Ended,
    Standing,
    after,
    begun,
    parked,
    resolved,
    retried,
    retried_from,
    sent_back,
)
from tests.gateway.durable.shop import START, Sale

MOVES = 40

DO = [
    "done",
    "done unheard",
    "lost",
    "not now",
    "refused",
    "ask",
    "bug before",
    "bug after",
    "died before",
    "died after",
]
UNDO = ["done", "done unheard", "lost", "not now", "refused", "ask", "died before", "died after"]
FIND = ["true", "unheard"]
PERSON = ["retry", "cancel", "resolve"]
PERSON_ON_THE_WAY_BACK = ["resolve", "retry"]  # what cannot be asked for is never undone by trying again


class Died(BaseException):
    """The process was killed here."""


class Bug(Exception):
    """A mistake in a step."""


@dataclass(frozen=True)
class Shape:
    """One step of a workflow of chance."""

    find: bool
    undo: bool
    when: bool
    asks: bool


@dataclass
class World:
    """The systems outside. `stands` are the effects there; a repeated key changes nothing and is answered alike."""

    fate: Any  # draws what happens next
    stands: set[str] = field(default_factory=set)
    by_hand: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)  # what no step should ever be asked
    canceled: bool = False
    left: int = MOVES

    def next(self, of: Sequence[str]) -> str:
        """What happens; when the story has been long enough, the best."""
        self.left -= 1
        return self.fate.draw(st.sampled_from(of)) if self.left > 0 else of[0]

    def act(self, what: str, name: str, *, undo: bool) -> Outcome:
        change = self.stands.discard if undo else self.stands.add
        if what in ("done", "done unheard", "bug after", "died after"):
            change(name)
        if what.startswith("died"):
            raise Died
        if what.startswith("bug"):
            raise Bug
        answers: dict[str, Outcome] = {
            "done": Done(),
            "done unheard": RetryAfter("silence", unheard=True),
            "lost": RetryAfter("silence", unheard=True),
            "not now": RetryAfter("busy"),
            "refused": Refused("NO", "no"),
            "ask": NeedsPerson("odd"),
        }
        return answers[what]

    def step(self, name: str, shapes: Sequence[Shape]) -> Step[Sale]:
        shape = shapes[int(name)]

        async def do(task: Task[Sale]) -> Outcome:
            if name in self.stands and shape.find is False:  # it must repeat its answer for a repeated key
                return self.act(self.next(["done", "done unheard", "not now", "ask"]), name, undo=False)
            if name in self.stands:
                self.complaints.append(f"{name} was done again without a look")
            return self.act(self.next(DO), name, undo=False)

        async def find(task: Task[Sale]) -> Done | None:
            if self.next(FIND) == "unheard":
                raise UpstreamTimeout(SystemRole.ERP, "find")
            return Done() if name in self.stands else None

        async def undo(task: Task[Sale]) -> Outcome:
            later = [str(place) for place, other in enumerate(shapes) if other.undo and place > int(name)]
            if any(each in self.stands - self.by_hand for each in later):
                self.complaints.append(f"{name} was undone before a later one")
            if not task.key.endswith(f":{name}:undo") or not task.refused:
                self.complaints.append(f"{name} was undone under {task.key}")
            return self.act(self.next(UNDO), name, undo=True)

        return Step(
            name=name,
            system=SystemRole.ERP,
            wants=name,
            do=do,
            find=find if shape.find else None,
            undo=undo if shape.undo else None,
            when=lambda _: shape.when,
            if_refused=IfRefused.ASK_PERSON if shape.asks else IfRefused.COMPENSATE,
        )


def case_of(world: World, shapes: Sequence[Shape]) -> Case:
    workflow = Workflow(
        kind="story",
        command=Sale,
        steps=tuple(world.step(str(place), shapes) for place in range(len(shapes))),
        subject=lambda sale: sale.id,
        title=lambda sale: sale.id,
    )
    return Case(workflow, "flow-1", msgspec.json.encode(Sale(id="1")).decode(), START)


async def told(world: World, case: Case, standing: Standing, trail: list[Standing]) -> Standing:
    """One move of the story: an attempt, or a person's order."""

    def went(to: Standing) -> Standing:
        trail.append(to)
        return to

    if standing.state is FlowState.NEEDS_PERSON:
        order = world.next(PERSON_ON_THE_WAY_BACK if standing.back else PERSON)
        if order == "cancel":
            world.canceled = True
            return went(sent_back(case, standing, START))
        if order == "resolve":
            world.by_hand.add(standing.at)
            return went(resolved(case, standing, "settled", START))
        return went(retried(standing, START))
    standing = went(begun(standing, START))
    try:
        ended = await attempt(case, standing, correlation="c", now=START, timeout_s=5)
    except Died:
        return standing  # and whoever comes next finds it RUNNING
    standing = went(after(case, standing, ended, START, 1.0))
    if standing.state is FlowState.RUNNING and world.next(["go on", "no room"]) == "no room":
        standing = went(parked(standing, START))
    return standing


async def told_to_the_end(world: World, case: Case, standing: Standing, trail: list[Standing]) -> Standing:
    """Where the story ends, or stands after so many moves that it never will."""
    for _ in range(40 * MOVES):
        if standing.state in OVER:
            break
        standing = await told(world, case, standing, trail)
    return standing


async def story(world: World, shapes: Sequence[Shape], *, again: bool) -> None:
    case = case_of(world, shapes)
    standing = Standing(FlowState.ACCEPTED, "0", due_at=START, waits_since=START)
    trail = [standing]
    standing = await told_to_the_end(world, case, standing, trail)
    if standing.state is FlowState.COMPLETED and again:
        names = sorted(name for name in standing.marks if name not in world.by_hand)
        if names:
            standing = retried_from(case, standing, names[0], START)
            trail.append(standing)
            standing = await told_to_the_end(world, case, standing, trail)
    check(world, shapes, standing, trail)


def check(world: World, shapes: Sequence[Shape], standing: Standing, trail: list[Standing]) -> None:
    assert not world.complaints
    assert standing.state in OVER, "it never ends"
    assert (standing.state is FlowState.CANCELED) is world.canceled
    for before, now in pairwise(trail):
        assert now.state in BECOMES[before.state], f"{before.state} became {now.state}"
        assert (now.step is None) == (now.state in OVER) == (now.finished_at is not None)
        assert now.state is not FlowState.WAITING or (now.due_at is not None and now.waits_since is not None)
    for place, shape in enumerate(shapes):
        name = str(place)
        if name in world.by_hand:
            continue
        mark = standing.mark(name)
        if standing.state is FlowState.COMPLETED:
            assert mark.state is (StepState.DONE if shape.when else StepState.SKIPPED)
            assert (name in world.stands) is shape.when
        elif shape.undo:
            assert name not in world.stands, f"{name} still stands in a flow that is {standing.state}"


mostly, seldom = st.sampled_from([True, True, True, False]), st.sampled_from([False, False, False, True])
shapes = st.lists(st.builds(Shape, find=mostly, undo=mostly, when=mostly, asks=seldom), min_size=1, max_size=4)


@given(fate=st.data(), shapes=shapes, again=st.booleans())
@settings(max_examples=400)
def test_what_is_told_is_what_stands(fate: st.DataObject, shapes: list[Shape], again: bool) -> None:
    """However often steps are lost, unheard, refused, killed, stuck and sent on or back by people, a flow changes only
    as BECOMES allows, COMPLETED means that all was done, and any other end that nothing stands."""
    with structlog.testing.capture_logs():  # bugs are told with their traces, which take time to draw
        asyncio.run(story(World(fate), shapes, again=again))


def test_a_pause_doubles_up_to_its_limit() -> None:
    """Pauses double with a spread of one half, end at five minutes, and give way to what the system asked for."""
    policy = JournalPolicy()
    assert [policy.pause_s(tries, None, 1.0) for tries in (1, 2, 3, 10, 2000)] == [1, 2, 4, 300, 300]
    assert policy.pause_s(3, None, 0.0) == 2
    assert policy.pause_s(9, 7.0, 0.3) == 7
    assert policy.pause_s(1, 1e9, 0.3) == policy.pause_asked_max_s


def test_an_attempt_ends_only_where_one_began() -> None:
    """A flow that is not RUNNING has no attempt that could end."""
    case = case_of(World(None), [Shape(find=True, undo=True, when=True, asks=False)])
    with pytest.raises(ValueError, match="ACCEPTED"):
        after(case, Standing(FlowState.ACCEPTED, "0"), Ended(Done()), START, 0.0)

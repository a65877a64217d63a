"""One execution of a plan: what it was asked with, what it has answered so far, and what went wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, VariableValues, located_error

from gateway.engine.compiled.places import WHOLE, Keys, Place, Scope

if TYPE_CHECKING:
    from gateway.engine.compiled.plan import Plan

Entry = tuple[Any, dict[str, Any], tuple[int, ...]]
"""A parent, the object of the answer that is made of it, and the list indices of its place."""


class Waiting:
    """Something that a task waits for on behalf of `entries`."""

    __slots__ = ("entries", "is_let_go", "place", "task")

    def __init__(self, task: asyncio.Task[None], place: Place, entries: Sequence[Entry]) -> None:
        self.task = task
        self.place = place
        self.entries = entries
        self.is_let_go = False

    def let_go(self) -> None:
        self.is_let_go = True
        self.task.cancel()


class Run:
    """One execution. `data` is None before the root is made, and after a failure that is the whole answer's."""

    __slots__ = (
        "began",
        "context",
        "data",
        "errors",
        "nulled",
        "plan",
        "queues",
        "root",
        "variables",
        "waiting",
    )

    def __init__(self, plan: Plan, root: object, context: Any, variables: VariableValues) -> None:
        self.plan = plan
        self.root = root
        self.context = context
        self.variables = variables
        self.data: dict[str, Any] | None = None
        self.errors: list[GraphQLError] = []
        self.queues: list[list[Any]] = [[] for _ in plan.stages]
        """By the stages' numbers, their parents: each an Entry, or a Level of them."""
        self.nulled: set[Keys] = set()
        self.waiting: list[Waiting] = []
        self.began: dict[int, float] = {}
        """When the stages began, by their numbers, if they are traced."""

    def is_nulled(self, path: Keys) -> bool:
        """Whether an error has turned this or something around it to null already."""
        nulled = self.nulled
        return bool(nulled) and any(path[:length] in nulled for length in range(len(path) + 1))

    def lives(self, place: Place, entry: Entry) -> bool:
        """Whether anybody will see what comes of `entry`."""
        return not self.is_nulled(place.at({"x": entry[2]})[:-1])

    def located(self, error: Exception, scope: Scope) -> GraphQLError:
        """`error` at its position: each line of the generated text belongs to one, so the line that raised tells it."""
        # An exception that is being handled has a traceback, and the generated function is its outermost frame.
        line = error.__traceback__.tb_lineno  # type: ignore[union-attr]
        place = self.plan.places[line]
        return located_error(error, place.nodes, place.at(scope))

    def fail(self, error: Exception, scope: Scope, place: Place) -> None:
        """A nullable position that is just being made becomes null."""
        self._add(self.located(error, scope), place.at(scope))

    def broken(self, error: Exception, scope: Scope, place: Place) -> None:
        """A field of an object that is made already failed: what has to be null becomes null."""
        path: Keys = () if place.keep == WHOLE else place.at(scope)[: place.keep]
        if not self._add(self.located(error, scope), path):
            return
        if not path or self.data is None:
            self.data = None
        else:
            container: Any = self.data
            for key in path[:-1]:
                container = container[key]
            container[path[-1]] = None
        if place.keep != len(place.path) and self.waiting:
            self._let_go()

    def _add(self, error: GraphQLError, path: Keys) -> bool:
        """Record an error that turns `path` to null, unless it is within something that is null by another."""
        if self.is_nulled(path):
            return False
        self.nulled.add(path)
        self.errors.append(error)
        return True

    def _let_go(self) -> None:
        """Cancel what works for nobody, because an error around it has decided the answer."""
        running = asyncio.current_task()
        for one in self.waiting:
            if one.is_let_go or any(self.lives(one.place, entry) for entry in one.entries):
                continue
            if one.task is not running:  # that finds nothing more to do by itself
                one.let_go()

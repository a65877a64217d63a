"""An operation explained: each field that asks a system, what that is expected to cost, and what speaks against it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import strawberry
from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode

from domains.vocabulary import ServingPath, ServingTier, SystemRole
from gateway.audiences import Audience
from gateway.engine import INTROSPECTION_FORBIDDEN, Ground, Operations, Prepared, code_of
from gateway.explaining.stages import NOT_COMPILED, Run, run_of
from gateway.limits import Batch, DocumentGuard, Gate, Payer, Places, batches, items_of, lists_of
from gateway.paths import Touch, document_path, instead, offences
from gateway.paths import code_of as off_path_code
from gateway.permits import Held, lacking
from gateway.schema import RULES, priced, served
from gateway.views import view_of


@dataclass(frozen=True, slots=True)
class Terms:
    """For whom an operation is explained: an audience, or None for nobody in particular on `path`."""

    audience: Audience | None
    path: ServingPath

    def path_of(self, said: ServingPath | None) -> ServingPath:
        """The path an operation is on whose document says that it is on `said`."""
        return (said or self.path) if self.audience is None else document_path(self.path, said) or self.path


@dataclass(frozen=True, slots=True)
class Objection:
    """Why an operation would be refused; `field` is the place in the response where that is one."""

    code: str
    message: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One field that asks systems, at one place: once for all its `parents`, with all their `keys`.

    `calls` are those expected of each system when nothing is remembered; none for tiers that are near.
    """

    path: tuple[str, ...]
    coordinate: str
    line: int | None
    systems: tuple[SystemRole, ...]
    tier: ServingTier
    parents: int
    keys: int
    calls: Mapping[SystemRole, int]
    objection: Objection | None

    def as_json(self) -> dict[str, Any]:
        """For machines: stable keys, systems by name."""
        return {
            "field": ".".join(self.path),
            "coordinate": self.coordinate,
            "line": self.line,
            "systems": [system.value for system in self.systems],
            "tier": self.tier.value,
            "parents": self.parents,
            "keys": self.keys,
            "calls": {system.value: calls for system, calls in self.calls.items()},
            "allowed": self.objection is None,
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """One operation. `items` are those of all lists of the answer, `lists` how many each one has, by its place."""

    operation: str
    path: ServingPath
    audience: str | None
    steps: tuple[Step, ...]
    lists: Mapping[tuple[str, ...], int]
    calls: Mapping[SystemRole, int]
    items: int
    objections: tuple[Objection, ...]
    on_request: tuple[str, ...]
    run: Run = NOT_COMPILED

    @property
    def runs(self) -> bool:
        return not self.objections

    def as_json(self) -> dict[str, Any]:
        """For machines: stable keys, systems by name."""
        return {
            "operation": self.operation,
            "path": self.path.value,
            "audience": self.audience,
            "runs": self.runs,
            "steps": [step.as_json() for step in self.steps],
            "stages": [stage.as_json() for stage in self.run.stages],
            "calls": dict(sorted((system.value, calls) for system, calls in self.calls.items())),
            "items": self.items,
            "objections": [
                {"code": one.code, "message": one.message} | ({"field": one.field} if one.field else {})
                for one in self.objections
            ],
            "scopesOnRequest": list(self.on_request),
        }


class _Explainer:
    """Explains on one set of terms, by the view, the limits and the paths that a request would meet."""

    def __init__(self, schema: strawberry.Schema, terms: Terms) -> None:
        whole: GraphQLSchema = schema._schema  # noqa: SLF001 - Strawberry has no other way to its GraphQL schema
        audience = terms.audience
        self._terms = terms
        self._view = whole if audience is None else view_of(whole, audience.tags, audience.masks)
        self._priced = priced(schema)
        self._operations = Operations(
            self._view,
            DocumentGuard(),
            suggestions=True,
            rules=RULES,
            declared=served(schema),
            priced=self._priced,
            ground=Ground.of(schema, self._view, hide_suggestions=False, coercion_errors_max=1),
        )

    async def explained(
        self, text: str, variables: Mapping[str, object], said: ServingPath | None
    ) -> tuple[Explanation, ...]:
        """Every operation of a document that says it is on the path `said`; for what is no document, why."""
        prepared = self._operations.prepare(text)
        path = self._terms.path_of(said)
        if prepared.document is None:
            told = tuple(Objection(code_of(one), str(one["message"])) for one in prepared.faults)
            return (Explanation("(document)", path, self._name, (), {}, {}, 0, told, ()),)
        document = prepared.document
        operations = (one for one in document.definitions if isinstance(one, OperationDefinitionNode))
        return tuple([await self._operation(prepared, document, one, path, variables) for one in operations])

    @property
    def _name(self) -> str | None:
        return None if self._terms.audience is None else self._terms.audience.name

    async def _operation(
        self,
        prepared: Prepared,
        document: DocumentNode,
        node: OperationDefinitionNode,
        path: ServingPath,
        variables: Mapping[str, object],
    ) -> Explanation:
        name = node.name.value if node.name else None
        touched = prepared.touched[name]
        cost = prepared.estimates[name].of(variables)
        places = lists_of(self._view, document, node, self._priced.assumed)
        counted = batches(places, touched, self._priced)
        shut = {touch: _off_path(touch, path) for touch in offences(touched, path)}
        refused, on_request = self._permits(prepared, name)
        return Explanation(
            name or f"({node.operation.value})",
            path,
            self._name,
            tuple(_step(touch, places, counted, variables, shut.get(touch)) for touch in touched),
            {
                at: max([one.of(variables) for one in items])
                for at, place in places.items()
                if (items := items_of(place))
            },
            {system: calls for system, calls in cost.calls.items() if calls},
            cost.items,
            (*shut.values(), *refused, *await self._dear(prepared, name, variables)),
            on_request,
            run_of(prepared, name, variables),
        )

    def _permits(self, prepared: Prepared, name: str | None) -> tuple[list[Objection], tuple[str, ...]]:
        """What no caller of the audience is let do, and the scopes that one has to be given for the rest."""
        audience = self._terms.audience
        if audience is None:
            return [], ()
        asked = prepared.needed.get(name, ())
        most = lacking(asked, Held(identified=True, scopes=audience.scopes | audience.scopes_on_request))
        refused = [Objection(one.code, one.message, ".".join(one.at.path)) for one in most]
        if prepared.schema_field and not audience.introspection:
            refused.append(Objection(INTROSPECTION_FORBIDDEN, f"{prepared.schema_field} is not open to this caller."))
        usual = lacking(asked, Held(identified=True, scopes=audience.scopes))
        missing = {scope for one in usual for scope in one.scopes} - {scope for one in most for scope in one.scopes}
        return refused, tuple(sorted(missing))

    async def _dear(
        self, prepared: Prepared, name: str | None, variables: Mapping[str, object]
    ) -> tuple[Objection, ...]:
        """What the gate says of the cost: of a request that runs nothing it looks at no more."""
        audience = self._terms.audience
        if audience is None:
            return ()
        gate = Gate(lambda _: audience.limits)
        async with gate.turn(Payer("explained", audience.name), 0) as toll:
            refusal = await toll(prepared.estimates[name], variables)
        return () if refusal is None else (Objection(refusal.code, refusal.message),)


async def explained(
    schema: strawberry.Schema,
    terms: Terms,
    text: str,
    variables: Mapping[str, object],
    said: ServingPath | None = None,
) -> tuple[Explanation, ...]:
    """Every operation of a document on these terms. Raises NothingToSee for an audience that sees nothing."""
    return await _Explainer(schema, terms).explained(text, variables, said)


def _step(
    touch: Touch,
    places: Places,
    counted: Iterable[Batch],
    variables: Mapping[str, object],
    objection: Objection | None,
) -> Step:
    calls: dict[SystemRole, int] = {}
    for batch in counted:
        if batch.touch == touch:
            calls[batch.system] = calls.get(batch.system, 0) + batch.of(variables)
    place = {(one.parents, one.keys) for one in places.get(touch.path, ()) if touch.coordinate in one.coordinates}
    return Step(
        touch.path,
        touch.coordinate,
        touch.line,
        tuple(sorted(touch.served.systems, key=lambda role: role.value)),
        touch.served.tier,
        max((parents.of(variables) for parents, _ in place), default=1),
        sum(keys.of(variables) for _, keys in place) or 1,
        calls,
        objection,
    )


def _off_path(touch: Touch, path: ServingPath) -> Objection:
    systems = ", ".join(sorted(system.value for system in touch.served.systems))
    told = f"{touch.coordinate} asks {systems} LIVE, which the {path.value} path must not wait for: {instead(touch)}."
    return Objection(off_path_code(touch, path), told, ".".join(touch.path))

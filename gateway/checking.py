"""`retailgraph check`: prints a proof per operation or the counter-example, and which audiences see more than was
accepted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from graphql import GraphQLSchema
from rich.console import Console
from rich.markup import escape

from domains.vocabulary import ServingPath
from gateway.contracts import kept_in, print_kept
from gateway.documents import MANIFEST, read_manifest
from gateway.paths import Declared, Proof, UnreadableDocuments, instead, prove, prove_texts
from gateway.schema import build_schema, served
from gateway.trouble import CannotStart


def check(places: Sequence[Path], path: str, audiences: Path | None, as_json: bool) -> bool:
    """Whether every operation of the documents holds on its path, and no audience is wider than its contract; prints
    why. Raises CannotStart for what cannot be used."""
    schema = build_schema()
    try:
        judged_on = ServingPath(path.upper())
    except ValueError:
        paths = ", ".join(one.value for one in ServingPath)
        raise CannotStart(f"--path is {path!r}; allowed: {paths}.") from None
    try:
        proofs = _proofs(schema._schema, served(schema), places, judged_on)  # noqa: SLF001 - no public way to it
    except UnreadableDocuments as exc:
        raise CannotStart("The documents cannot be checked.\n  " + "\n  ".join(exc.problems)) from exc
    contracts = kept_in(audiences)
    holds = all(proof.holds for proof in proofs) and not any(kept.change.opened for kept in contracts)
    console = Console(highlight=False, soft_wrap=True)
    if as_json:
        changes = {kept.audience.name: kept.change.as_json() for kept in contracts}
        report = {"holds": holds, "operations": [proof.as_json() for proof in proofs], "audiences": changes}
        console.print_json(json.dumps(report)) if console.is_terminal else console.print(
            json.dumps(report), markup=False
        )
        return holds
    for proof in proofs:
        _print(proof, console)
    if places:
        broken = sum(not proof.holds for proof in proofs)
        console.print(f"{len(proofs)} operations: {len(proofs) - broken} proven, {broken} refused.")
    print_kept(contracts, console)
    return holds


def _proofs(schema: GraphQLSchema, declared: Declared, places: Sequence[Path], path: ServingPath) -> tuple[Proof, ...]:
    """Of files and folders, whose fragments are one set, and of manifests, where each document is complete."""
    manifests = [place for place in places if place.suffix == MANIFEST and not place.is_dir()]
    written = [place for place in places if place not in manifests]
    proofs = prove(schema, declared, written, path) if written else ()
    for manifest in manifests:
        for document in read_manifest(manifest):
            origin = Path(document.origin)
            # As the gateway reads it: what a manifest says stands above what is written in the text.
            proofs += prove_texts(schema, declared, {origin: document.text}, {origin: document.path or path})
    return proofs


def _print(proof: Proof, console: Console) -> None:
    verdict = "[green]proven[/green]" if proof.holds else "[bold red]refused[/bold red]"
    console.print(f"{verdict} {escape(proof.operation)} on {proof.path.value}  [dim]{escape(proof.file)}[/dim]")
    for system, tier in sorted(proof.tiers.items(), key=lambda item: item[0].value):
        calls = proof.calls_max.get(system, 0)
        console.print(f"    {system.value:8}{tier.value:11}" + (f"at most {calls} batches" if calls else "never asked"))
    for touch in proof.offences:
        systems = ", ".join(sorted(system.value for system in touch.served.systems))
        console.print(
            f"    [red]{escape(touch.place)}[/red], line {touch.line}: {touch.coordinate} asks {systems} LIVE"
        )
        console.print(f"        instead: {instead(touch)}")

"""Documents by name: guessed names, false digests, and texts that others are to be made to run."""

from __future__ import annotations

import hashlib
import json

from tests.attacks.house import ADA, HOME, KIOSK
from tests.attacks.row import Attack, Family
from tests.attacks.wire import ask, get, said

named, hashed, trusted = Family("document id"), Family("automatic"), Family("trusted")
OTHER = "{ __typename }"
NOT_THERE, BAD = "PERSISTED_DOCUMENT_NOT_FOUND", "BAD_REQUEST"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _extension(digest: object, version: object = 1) -> dict[str, object]:
    return {"persistedQuery": {"version": version, "sha256Hash": digest}}


def _named(name: object, **beside: object) -> bytes:
    return said(json.dumps({"documentId": name, **beside}))


def _by(extensions: object, token: str | None = None, **beside: object) -> bytes:
    return said(json.dumps({"extensions": extensions, **beside}), token=token)


ROWS: tuple[Attack, ...] = (
    named("out of the folder", _named("../../../../etc/passwd"), 404, NOT_THERE),
    named("out of the folder, with a null byte", _named("home\u0000.graphql"), 404, NOT_THERE),
    named("an address", _named("//169.254.169.254/latest"), 404, NOT_THERE),
    named("of a file of the settings", _named("../retailgraph"), 404, NOT_THERE),
    named("of 500,000 letters", _named("a" * 500_000), 404, NOT_THERE),
    named("of nothing", _named(""), 400, BAD),
    named("a list", _named(["home"]), 400, BAD),
    named("an object", _named({"$ne": ""}), 400, BAD),
    named("beside a text", _named("home", query=OTHER), 400, BAD),
    named("a digest that is none", _named("sha256:zz"), 404, NOT_THERE),
    named("a digest in large letters", _named("sha256:" + _digest(HOME).upper()), 404, NOT_THERE),
    named("a key of the store", _named("retailgraph:1:document:*"), 404, NOT_THERE),
    named("by GET", get([("documentId", "../home")]), 404, NOT_THERE),

    hashed("the digest of another text", ask(OTHER, extensions=_extension(_digest(HOME))), 400,
           "PERSISTED_QUERY_HASH_MISMATCH"),
    hashed("the digest of nothing", ask(OTHER, extensions=_extension(_digest(""))), 400,
              "PERSISTED_QUERY_HASH_MISMATCH"),
    hashed("an empty digest", ask(OTHER, extensions=_extension("")), 400, "PERSISTED_QUERY_HASH_MISMATCH"),
    hashed("a digest of 500,000 letters", ask(OTHER, extensions=_extension("a" * 500_000)), 400,
           "PERSISTED_QUERY_HASH_MISMATCH"),
    hashed("a digest that is a list", ask(OTHER, extensions=_extension([_digest(OTHER)])), 400, BAD),
    hashed("no digest", ask(OTHER, extensions={"persistedQuery": {"version": 1}}), 400, BAD),
    hashed("version 2", ask(OTHER, extensions=_extension(_digest(OTHER), 2)), 400, BAD),
    hashed("version true", ask(OTHER, extensions=_extension(_digest(OTHER), True)), 200, None),
    hashed("an extension that is a text", ask(OTHER, extensions={"persistedQuery": "x"}), 400, BAD),
    hashed("of a text that nobody sent", _by(_extension(_digest("{ nobody }"))), 404, "PERSISTED_QUERY_NOT_FOUND"),
    hashed("a broken text to be kept", ask("{ nobody", extensions=_extension(_digest("{ nobody"))), 400,
           "GRAPHQL_PARSE_FAILED"),
    hashed("and it was not kept", _by(_extension(_digest("{ nobody"))), 404, "PERSISTED_QUERY_NOT_FOUND"),
    hashed("a mutation by its digest and GET",
           get([("extensions", json.dumps(_extension(_digest("mutation { x }"))))]), 404, "PERSISTED_QUERY_NOT_FOUND"),

    trusted("a text of one's own", ask(OTHER, token=KIOSK), 403, "DOCUMENT_NOT_TRUSTED"),
    trusted("a space more than the trusted one", ask(HOME + " ", token=KIOSK), 403, "DOCUMENT_NOT_TRUSTED"),
    trusted("a comment more", ask(HOME + "#", token=KIOSK), 403, "DOCUMENT_NOT_TRUSTED"),
    trusted("by the digest of the trusted one", ask(OTHER, token=KIOSK, extensions=_extension(_digest(HOME))), 400,
            "PERSISTED_QUERY_HASH_MISMATCH"),
    trusted("a text that somebody else had kept", ask(OTHER, token=ADA, extensions=_extension(_digest(OTHER))), 200,
              None),
    trusted("which is no trust", _by(_extension(_digest(OTHER)), KIOSK), 403, "DOCUMENT_NOT_TRUSTED"),
    trusted("not by documentId either", said(json.dumps({"documentId": f"sha256:{_digest(OTHER)}"}), token=KIOSK), 403,
            "DOCUMENT_NOT_TRUSTED"),
    trusted("another operation of the trusted one", said(json.dumps({"documentId": "home", "operationName": "Away"}),
                                                         token=KIOSK), 400, "OPERATION_RESOLUTION_FAILURE"),
    trusted("introspection in a text of one's own", ask("{ __schema { types { name } } }", token=KIOSK), 403,
            "DOCUMENT_NOT_TRUSTED"),
)  # fmt: skip

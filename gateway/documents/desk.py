"""The desk: a client names a document, and its text is found."""

from __future__ import annotations

import re
from typing import Final

from msgspec.structs import replace

from gateway.documents.automatic import Remembered
from gateway.documents.trusted import SHA256, TrustedDocuments, digest_of
from gateway.http import GraphQLRequest, HttpFault, persisted_queries_not_supported

_EXTENSION: Final = "persistedQuery"
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Desk:
    """Finds texts among the trusted documents, and then among those that were sent before; `automatic` None: only
    among the trusted.

    Names come as `documentId` (GraphQL over HTTP, appendix "Persisted Documents") or as `sha256Hash` in the extension
    `persistedQuery` (Apollo's protocol of automatic persisted queries, version 1).
    """

    def __init__(self, trusted: TrustedDocuments, automatic: Remembered | None, characters_max: int) -> None:
        self._trusted = trusted
        self._automatic = automatic
        self._characters_max = characters_max

    async def find(self, asked: GraphQLRequest) -> GraphQLRequest:
        """`asked` with its text, and what is known of it. Raises HttpFault."""
        digest = _digest(asked)
        if asked.query:
            return self._sent(asked, digest)
        name = asked.document_id or digest or ""
        found = self._trusted.named(name)
        if found is not None:
            document = found.document
            operation = asked.operation_name or found.operation
            return replace(asked, query=document.text, operation_name=operation, trusted=True, path=document.path)
        text = await self._remembered(name)
        if text is not None:
            return replace(asked, query=text)
        if asked.document_id is not None:
            told = f"There is no document {asked.document_id[:100]!r} here."
            raise HttpFault(404, "PERSISTED_DOCUMENT_NOT_FOUND", told)
        if self._automatic is None:
            raise persisted_queries_not_supported()
        # The code and the text by which Apollo's and urql's clients know to send it once with its digest.
        raise HttpFault(404, "PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")

    async def ran(self, asked: GraphQLRequest) -> None:
        """Remember the text of `asked` under its digest: it has run, so it is no rubbish."""
        if self._automatic is not None and asked.digest is not None:
            await self._automatic.put(asked.digest, asked.query)

    def _sent(self, asked: GraphQLRequest, digest: str | None) -> GraphQLRequest:
        """A request with its text, and perhaps the digest of it."""
        if digest is not None and digest_of(asked.query) != digest:
            told = "The sha256Hash in extensions.persistedQuery is not the SHA-256 of the query."
            raise HttpFault(400, "PERSISTED_QUERY_HASH_MISMATCH", told)
        document = self._trusted.written(asked.query)
        if document is not None:
            return replace(asked, query=document.text, trusted=True, path=document.path)
        keeps = self._automatic is not None and len(asked.query) <= self._characters_max
        return replace(asked, digest=digest) if keeps and digest is not None else asked

    async def _remembered(self, name: str) -> str | None:
        digest = name.removeprefix(SHA256)
        if self._automatic is None or not _DIGEST.fullmatch(digest):
            return None
        return await self._automatic.get(digest)


def _digest(asked: GraphQLRequest) -> str | None:
    """The digest that Apollo's extension names; None without the extension. Raises HttpFault (400)."""
    said = asked.extensions.get(_EXTENSION)
    if said is None:
        return None
    version, digest = (said.get("version"), said.get("sha256Hash")) if isinstance(said, dict) else (None, None)
    if version != 1 or not isinstance(digest, str):
        told = 'extensions.persistedQuery is an object {"version": 1, "sha256Hash": "..."}.'
        raise HttpFault(400, "BAD_REQUEST", told)
    return digest

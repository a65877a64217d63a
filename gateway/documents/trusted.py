"""The documents that the house knows and trusts, by every name a client may call them by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from domains.vocabulary import ServingPath
from gateway.trouble import CannotStart

SHA256: Final = "sha256:"
"""The prefix of an id that is the digest of its text (GraphQL over HTTP, appendix "Persisted Documents")."""
DOCUMENTS_MAX: Final = 20_000
"""Some 40 MiB of texts: every release of every client for years. More is a mistake in the path of a manifest."""


class UnusableDocuments(CannotStart):
    """Documents cannot be trusted as they stand; `problems` says why, a sentence each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(["The trusted documents cannot be used.", *(f"  {one}" for one in self.problems)]))


@dataclass(frozen=True, slots=True)
class TrustedDocument:
    """One text. `names` is every id under which its source has it; `path` is what it says of itself, if it does.

    `operations` are the names that find one of its operations, so that the request need not name it once more.
    """

    text: str
    origin: str
    names: tuple[str, ...] = ()
    path: ServingPath | None = None
    operations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What a name leads to: a document, and which operation of it when the name says that too."""

    document: TrustedDocument
    operation: str | None = None


class TrustedDocuments:
    """A fixed set, read at the start. Raises UnusableDocuments when a name means two texts, or a digest is no digest.

    Every document is found by `sha256:<hex>` and `<hex>` of its text, whatever else it is called.
    """

    def __init__(self, documents: Iterable[TrustedDocument] = ()) -> None:
        self._by_name: dict[str, Found] = {}
        self._by_text: dict[str, TrustedDocument] = {}
        problems: list[str] = []
        for document in documents:
            self._add(document, problems)
        if len(self._by_text) > DOCUMENTS_MAX:
            problems.append(f"there are {len(self._by_text)} of them; at most {DOCUMENTS_MAX} are kept")
        if problems:
            raise UnusableDocuments(problems)

    def named(self, name: str) -> Found | None:
        """The document of that name."""
        return self._by_name.get(name)

    def written(self, text: str) -> TrustedDocument | None:
        """The document with that very text: who sends a trusted document whole has sent a trusted document."""
        return self._by_text.get(text)

    def __iter__(self) -> Iterator[TrustedDocument]:
        return iter(self._by_text.values())

    def __len__(self) -> int:
        return len(self._by_text)

    def _add(self, document: TrustedDocument, problems: list[str]) -> None:
        first = self._by_text.setdefault(document.text, document)
        if first.path is not document.path:
            problems.append(f"{document.origin} is on path {_said(document)}, and {first.origin} with its text is not")
        digest = digest_of(document.text)
        for name in (SHA256 + digest, digest, *document.names):
            self._name(name, Found(first), digest, problems)
        for operation in document.operations:
            self._name(operation, Found(first, operation), digest, problems)

    def _name(self, name: str, found: Found, digest: str, problems: list[str]) -> None:
        if name.startswith(SHA256) and name != SHA256 + digest:
            problems.append(f"{found.document.origin}: the id {name} is not the digest of its text, {digest}")
        before = self._by_name.setdefault(name, found)
        if before.document is not found.document:
            problems.append(
                f"{name!r} is in {before.document.origin} and, with another text, in {found.document.origin}"
            )


def digest_of(text: str) -> str:
    """The SHA-256 of a text in UTF-8, in lower-case hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _said(document: TrustedDocument) -> str:
    return "none" if document.path is None else document.path.value

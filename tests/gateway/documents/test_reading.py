"""Trusted documents, as folders and as the manifests of common build tools."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from domains.vocabulary import ServingPath
from gateway.documents import (
    TrustedDocument,
    TrustedDocuments,
    UnusableDocuments,
    digest_of,
    read_all,
    read_folder,
    read_manifest,
)

PAGE = "query Page { product(sku: 1) { name } }"


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.graphql").write_text(text)
    return folder


def manifest(folder: Path, content: object) -> Path:
    file = folder / "manifest.json"
    file.write_text(json.dumps(content))
    return file


def test_a_file_is_known_by_its_digest_its_place_and_its_operations(tmp_path: Path) -> None:
    """The text is the file's to the letter; the path is what a comment says."""
    (tmp_path / "shop").mkdir()
    text = f"# path: BROWSE\n{PAGE}\n"
    (tmp_path / "shop" / "page.graphql").write_text(text)
    documents = TrustedDocuments(read_folder(tmp_path))
    assert len(documents) == 1
    for name in (f"sha256:{digest_of(text)}", digest_of(text), "shop/page", "Page"):
        found = documents.named(name)
        assert found is not None
        assert (found.document.text, found.document.path) == (text, ServingPath.BROWSE)
    assert documents.written(text) is not None
    assert documents.written(text.strip()) is None
    assert documents.named("page") is None


def test_fragments_of_other_files_are_brought_along(tmp_path: Path) -> None:
    """What a file needs follows its text, each fragment once however deep; a library alone is no document."""
    written(
        tmp_path,
        page="query Page { product(sku: 1) { ...B ...A } }\n",
        parts="fragment A on Product { name ...C }\nfragment B on Product { name ...C }",
        more="fragment C on Product { sku }\nfragment Unused on Product { sku }",
    )
    (document,) = read_folder(tmp_path)
    assert document.text == (
        "query Page { product(sku: 1) { ...B ...A } }\n"
        "\n\nfragment A on Product { name ...C }"
        "\n\nfragment B on Product { name ...C }"
        "\n\nfragment C on Product { sku }"
    )


def test_a_name_of_an_operation_chooses_it(tmp_path: Path) -> None:
    """Of a file with two operations each is found by its name, and the file by the file's."""
    written(tmp_path, both="query One { a }\nquery Two { b }")
    documents = TrustedDocuments(read_folder(tmp_path))
    one, two, both = documents.named("One"), documents.named("Two"), documents.named("both")
    assert one is not None
    assert two is not None
    assert both is not None
    assert (one.operation, two.operation, both.operation) == ("One", "Two", None)
    assert one.document is two.document is both.document


def test_apollos_manifest(tmp_path: Path) -> None:
    """`persisted-query-manifest.json`, version 1; a path may stand beside the body."""
    rows = [
        {"id": digest_of(PAGE), "name": "Page", "type": "query", "body": PAGE},
        {"id": "desk-7", "name": "Desk", "type": "query", "body": "query Desk { me { id } }", "path": "SERVICE"},
    ]
    file = manifest(tmp_path, {"format": "apollo-persisted-query-manifest", "version": 1, "operations": rows})
    documents = TrustedDocuments(read_manifest(file))
    desk, page = documents.named("desk-7"), documents.named(digest_of(PAGE))
    assert desk is not None
    assert page is not None
    assert (desk.document.path, page.document.path) == (ServingPath.SERVICE, None)
    assert desk.document.origin.endswith("#Desk")


@pytest.mark.parametrize("id_", ["b1946ac92492d2347c6235b4d2611184", digest_of(PAGE), f"sha256:{digest_of(PAGE)}"])
def test_relays_and_code_generators_manifests(tmp_path: Path, id_: str) -> None:
    """`persisted_queries.json` and `persisted-documents.json`: texts by whatever digest the tool was told to use."""
    documents = TrustedDocuments(read_manifest(manifest(tmp_path, {id_: PAGE})))
    for name in (id_, digest_of(PAGE)):
        found = documents.named(name)
        assert found is not None
        assert found.document.text == PAGE


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([PAGE], "is no manifest"),
        ({"format": "something-else", "operations": []}, "is not of the format apollo-persisted-query-manifest"),
        ({"format": "apollo-persisted-query-manifest", "version": 2, "operations": []}, "version 1"),
        ({"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{"id": "a"}]}, "both the texts"),
        (
            {
                "format": "apollo-persisted-query-manifest",
                "version": 1,
                "operations": [{"id": "a", "body": PAGE, "path": "DESK"}],
            },
            "there is no path 'DESK'; there are CHECKOUT, BROWSE",
        ),
        ({"a": {"text": PAGE}}, "manifest.json#a is no text"),
        ({"a": f"# path: DESK\n{PAGE}"}, "there is no path DESK"),
    ],
)
def test_a_manifest_that_is_none_is_told_why(tmp_path: Path, content: object, told: str) -> None:
    """With the file, the operation and what is wrong."""
    with pytest.raises(UnusableDocuments, match=told):
        read_manifest(manifest(tmp_path, content))


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    """A file that does not parse, one that is not there, and a manifest that is no JSON."""
    written(tmp_path, wrong="query {")
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    with pytest.raises(UnusableDocuments) as refused:
        read_all(tmp_path, [broken, tmp_path / "absent.json"])
    assert len(refused.value.problems) == 3
    with pytest.raises(UnusableDocuments, match="is no folder"):
        read_all(tmp_path / "absent", [])
    assert read_all(None, []) == ()


@pytest.mark.parametrize(
    ("documents", "told"),
    [
        (
            [TrustedDocument("{ a }", "x", ("A",)), TrustedDocument("{ b }", "y", ("A",))],
            "'A' is in x and, with another",
        ),
        ([TrustedDocument("{ a }", "x", (f"sha256:{digest_of('{ b }')}",))], "is not the digest of its text"),
        (
            [TrustedDocument("{ a }", "x"), TrustedDocument("{ a }", "y", path=ServingPath.BROWSE)],
            "y is on path BROWSE, and x with its text is not",
        ),
    ],
)
def test_names_that_mean_two_things_are_refused(documents: list[TrustedDocument], told: str) -> None:
    """One name, one text; one text, one path; and a digest is a digest."""
    with pytest.raises(UnusableDocuments, match=told):
        TrustedDocuments(documents)


def test_the_same_document_may_come_twice() -> None:
    """Two releases of an app have most documents in common."""
    documents = TrustedDocuments([TrustedDocument("{ a }", "x", ("A",)), TrustedDocument("{ a }", "y", ("A", "B"))])
    assert len(documents) == 1
    assert documents.named("B") == documents.named("A")

"""Who is asking: header in, caller out."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domains.vocabulary import LocationId
from gateway.identity import ANONYMOUS, Callers, Unauthenticated
from resolvers.context import Caller

ASSOCIATE = Caller(subject="till-17", audience="associate", store_id=LocationId("store-017"))
CALLERS = Callers({hashlib.sha256(b"s3cret-token").hexdigest(): ASSOCIATE})


def test_a_known_token_is_its_caller() -> None:
    """The bearer of a known token is whom the table says."""
    assert CALLERS.caller("Bearer s3cret-token") == ASSOCIATE


def test_nobody_is_a_visitor_of_the_storefront() -> None:
    """No header at all is an anonymous storefront caller without a customer."""
    assert CALLERS.caller(None) == ANONYMOUS
    assert (ANONYMOUS.audience, ANONYMOUS.customer_id, ANONYMOUS.scopes) == ("storefront", None, frozenset())


@pytest.mark.parametrize("header", ["bearer s3cret-token", "BEARER   s3cret-token", " Bearer s3cret-token\t"])
def test_the_scheme_is_read_as_http_defines_it(header: str) -> None:
    """The scheme's case, the number of spaces after it and white space around the value do not matter."""
    assert CALLERS.caller(header) == ASSOCIATE


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "s3cret-token",
        "Basic s3cret-token",
        "Bearer s3cret-token extra",
        "Bearer s3cret-token, Bearer s3cret-token",
        "Bearer s3cret-token\n",
        "Bearer s3cret-tokeñ",
        "Bearer unknown",
        "Bearer " + hashlib.sha256(b"s3cret-token").hexdigest(),
    ],
)
def test_a_wrong_header_is_an_error_and_not_a_visitor(header: str) -> None:
    """Malformed headers, unknown tokens and the digest itself are refused, without repeating what was sent."""
    with pytest.raises(Unauthenticated) as refused:
        CALLERS.caller(header)
    assert refused.value.code == "UNAUTHENTICATED"
    assert "s3cret" not in str(refused.value)


@settings(max_examples=200)
@given(st.text())
def test_no_text_but_the_token_lets_anyone_in(text: str) -> None:
    """Whatever stands in the header is either refused or carries the one token there is."""
    try:
        caller = CALLERS.caller(text)
    except Unauthenticated:
        return
    assert caller == ASSOCIATE
    assert text.strip(" \t").split()[-1] == "s3cret-token"

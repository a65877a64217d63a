"""A promise is known again exactly as it was given, and nothing else passes for one."""

import base64
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domains.inventory import (
    Availability,
    AvailabilitySemantics,
    ItemAvailability,
    PromiseClaims,
    PromiseKeys,
    Promises,
    SigningKey,
    TokenFault,
)
from domains.inventory.promise_token import TOKEN_MAX, sign_promise, verify_promise
from domains.inventory.reservation_id import bare_reservation, seal_reservation, unseal_reservation
from domains.vocabulary import FreshnessTier, LocationId, Reading, Sku

OLD, NEW, OTHER = (SigningKey(name, bytes([number]) * 32) for number, name in enumerate(("old", "new", "other")))
KEYS = PromiseKeys(NEW, previous=OLD)
NOW_S = 1_772_446_530.0

TEXT = st.text(max_size=60)
CLAIMS = st.builds(
    PromiseClaims,
    sku=TEXT.map(Sku),
    location_id=st.none() | TEXT.map(LocationId),
    quantity=st.decimals(min_value="0.001", max_value=10**13, places=3),
    semantics=st.sampled_from(AvailabilitySemantics),
    observed_at=st.floats(0, 2e9),
    expires_at=st.floats(NOW_S + 1, 2e9),
    audience=TEXT,
)
ONE = PromiseClaims(
    sku=Sku("SKU-00001"),
    location_id=LocationId("store-001"),
    quantity=Decimal(7),
    semantics=AvailabilitySemantics.SELLABLE,
    observed_at=NOW_S - 3,
    expires_at=NOW_S + 600,
    audience="storefront",
)


@given(CLAIMS, st.booleans())
def test_a_token_says_what_was_signed(claims: PromiseClaims, rotated: bool) -> None:
    """What was signed comes back whole, also after the key has been changed once."""
    token = sign_promise(claims, PromiseKeys(OLD if rotated else NEW))
    assert verify_promise(token, KEYS, NOW_S) == claims


@settings(max_examples=300)
@given(st.data())
def test_any_bit_flipped_is_refused(data: st.DataObject) -> None:
    """A token with one bit changed, wherever it is, says nothing: there is one spelling of it."""
    token = bytearray(sign_promise(ONE, KEYS), "ascii")
    place = data.draw(st.integers(0, len(token) - 1))
    token[place] ^= 1 << data.draw(st.integers(0, 6))
    assert isinstance(verify_promise(token.decode("ascii"), KEYS, NOW_S), TokenFault)


@given(st.text(max_size=200) | st.text("abc.-_0=~", max_size=60))
@example("..")
@example("x.new.")
@example("x.new.\ud800")
@example("\ud800.new.x")
def test_junk_is_a_fault_and_no_exception(token: str) -> None:
    """Whatever a client sends, the answer is a value."""
    assert isinstance(verify_promise(token, KEYS, NOW_S), TokenFault)


@pytest.mark.parametrize("tier", FreshnessTier)
def test_nothing_is_promised_while_whoever_keeps_promises_fails(tier: FreshnessTier) -> None:
    """An answer that stands in for a failing source comes without a token; an old one that is being renewed has one."""
    there = Availability(
        sku=ONE.sku,
        status=ItemAvailability.LIMITED_AVAILABILITY,
        semantics=AvailabilitySemantics.SELLABLE,
        available_to_promise=Decimal(7),
    )
    reading = Reading(there, "erp:projection", tier, NOW_S - 3, 30.0)
    token = Promises(KEYS).sign(reading, "storefront", datetime.fromtimestamp(NOW_S, UTC))
    assert (token is None) is (tier is FreshnessTier.STALE_DEGRADED)


def test_each_fault_has_its_name() -> None:
    """Too old, of another key, altered, and shapeless are told apart."""
    token = sign_promise(ONE, KEYS)
    assert verify_promise(token, KEYS, ONE.expires_at - 0.001) == ONE
    assert verify_promise(token, KEYS, ONE.expires_at) is TokenFault.EXPIRED
    assert verify_promise(sign_promise(ONE, PromiseKeys(OTHER)), KEYS, NOW_S) is TokenFault.FOREIGN
    assert verify_promise(token[:-1] + ("A" if token[-1] != "A" else "B"), KEYS, NOW_S) is TokenFault.FORGED
    assert verify_promise(token.replace(".", ""), KEYS, NOW_S) is TokenFault.MALFORMED
    assert verify_promise(token + "x" * TOKEN_MAX, KEYS, NOW_S) is TokenFault.MALFORMED


def test_the_key_of_another_house_does_not_sign_under_our_name() -> None:
    """A token of a key with the same id and another secret is forged."""
    token = sign_promise(ONE, PromiseKeys(SigningKey("new", b"x" * 32)))
    assert verify_promise(token, KEYS, NOW_S) is TokenFault.FORGED


def test_signed_claims_of_another_shape_are_malformed() -> None:
    """Genuine words that are no claims, as a later release may sign them, say nothing."""
    text = base64.urlsafe_b64encode(b"\x91\x01").rstrip(b"=").decode()
    assert verify_promise(f"{text}.{KEYS.sign('promise.1', text)}", KEYS, NOW_S) is TokenFault.MALFORMED


def test_tokens_are_compact() -> None:
    """A token fits in a basket line: under 200 characters for an everyday SKU."""
    assert len(sign_promise(ONE, KEYS)) < 200


def test_weak_keys_are_refused_and_secrets_are_not_shown() -> None:
    """Short secrets, odd ids and two keys of one id are ValueErrors; no repr shows a secret."""
    for id_, secret in (("k", b"x" * 31), ("", b"x" * 32), ("a.b", b"x" * 32), ("k" * 17, b"x" * 32)):
        with pytest.raises(ValueError, match="signing key"):
            SigningKey(id_, secret)
    with pytest.raises(ValueError, match="two ids"):
        PromiseKeys(NEW, SigningKey("new", b"y" * 32))
    assert "secret" not in repr(KEYS)


@given(st.text(min_size=1, max_size=40), TEXT, TEXT)
@example("rsv~1~k.0123456789abcdefABCDEF", "ada", "bob")
@example("\ud800", "ada", "bob")
def test_a_reservation_is_known_by_its_owner_only(id_: str, owner: str, other: str) -> None:
    """A public id leads back to the OMS's own for its owner, and to nothing for anybody else."""
    public = seal_reservation(id_, owner, KEYS)
    assert unseal_reservation(public, owner, KEYS) == id_
    assert bare_reservation(public) == id_
    if other != owner:
        assert unseal_reservation(public, other, KEYS) is None
    assert unseal_reservation(id_, owner, KEYS) is None


@settings(max_examples=200)
@given(st.data())
def test_a_public_id_with_any_bit_flipped_is_nobodys(data: st.DataObject) -> None:
    """Nobody comes from their own reservation to the next one by counting up, nor by guessing at the signature."""
    public = bytearray(seal_reservation("rsv-000041", "ada", KEYS), "ascii")
    place = data.draw(st.integers(0, len(public) - 1))
    public[place] ^= 1 << data.draw(st.integers(0, 6))
    assert unseal_reservation(public.decode("ascii"), "ada", KEYS) is None


def test_owner_and_id_do_not_run_together() -> None:
    """Two pairs of owner and id that read the same when put together have two signatures; nor does a token's pass."""
    public = seal_reservation("1rsv", "ada", KEYS)
    signature = public.partition("~")[2]
    assert unseal_reservation(f"rsv~{signature}", "ada1", KEYS) is None
    token = sign_promise(ONE, KEYS)
    text, _, of_token = token.partition(".")
    assert unseal_reservation(f"{text}~{of_token}", "", KEYS) is None


def test_bare_ids_stay_as_they_are() -> None:
    """An id without a seal, even one with its marks in it, is the OMS's own."""
    for id_ in ("rsv-1", "a~b", "a~b.c", "~k.0123456789abcdefABCDEF"):
        assert bare_reservation(id_) == id_

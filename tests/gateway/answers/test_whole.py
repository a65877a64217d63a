"""One answer, as it is handed out again and again."""

from __future__ import annotations

import orjson

from domains.vocabulary import FreshnessTier, Reading
from gateway.answers import Whole
from gateway.engine import Answer
from gateway.http.encoding import encoded
from resolvers.provenance import Lifetime, Provenance
from tests.gateway.answers.kitchen import NOW, Life, whole

LIVE, FRESH = FreshnessTier.LIVE, FreshnessTier.FRESH


def read(age_s: float = 0.0, max_age_s: float = 60.0, tier: FreshnessTier = LIVE) -> Reading[str]:
    return Reading("value", "oms:test", tier, NOW - age_s, max_age_s)


def lifetime(*readings: Reading[str], within_s: int | None = None, says_age: bool = False) -> Lifetime:
    provenance = Provenance(NOW)
    provenance.says_age = says_age
    provenance.tell("place", readings, within_s=within_s, whole=True)
    found = provenance.lifetime()
    assert found is not None
    return found


def test_the_body_says_its_age_of_the_moment() -> None:
    """The data as it was made, beside the age of now; LIVE has become FRESH, for nobody asked just now."""
    data = {"product": {"name": "Shirt"}}
    life = lifetime(read(1.5))
    _, body = encoded(Answer(data), life.told())
    kept = Whole.of(body, life)
    assert kept is not None
    ages = []
    for seconds in (0.0, 0.4, 0.5, 7.0):
        said, shown = kept.again(NOW + seconds)
        response = orjson.loads(said)
        assert response["data"] == data
        freshness = response["extensions"]["freshness"]
        assert (freshness["tier"], freshness["paths"], freshness["maxAgeSeconds"]) == ("FRESH", {"place": "FRESH"}, 60)
        assert freshness["ageSeconds"] == shown.age_s
        ages.append(shown.age_s)
    assert ages == [1, 1, 2, 8]


def test_a_tag_is_of_the_data_and_not_of_its_age() -> None:
    """The same data at another time has the same tag, and it is a weak one; other data has another."""
    one, later = whole(), whole(life=Life(observed_at=NOW + 5))
    one.again(NOW + 9)
    assert one.etag == later.etag
    assert one.etag.startswith('W/"')
    assert one.etag != whole(b'{"data":{"name":"Hat"}').etag


def test_an_answer_with_more_to_say_is_not_taken_apart() -> None:
    """What has other extensions than its lifetime cannot be given again with another age."""
    life = lifetime(read())
    _, body = encoded(Answer({"a": 1}), {**life.told(), "replayed": ["a"]})
    assert Whole.of(body, life) is None


def test_it_is_good_while_its_first_part_is_fresh() -> None:
    """The smallest time inside, to the fraction of a second."""
    assert lifetime(read(2.25, 5.0), read(0, 60)).good_until == NOW + 2.75


def test_it_is_good_while_it_is_as_young_as_was_asked() -> None:
    """@maxStale in the document binds who is given the same later, as it bound whoever asked first."""
    assert lifetime(read(1, 60), within_s=3).good_until == NOW + 2
    assert lifetime(read(1, 2), within_s=3).good_until == NOW + 1


def test_an_answer_whose_data_says_its_age_is_good_for_a_second() -> None:
    """Ages are told in whole seconds, so that they are not off by more than that."""
    assert lifetime(read(1, 60), says_age=True).good_until == NOW + 1


def test_what_is_stale_is_not_good() -> None:
    """Past its time, or standing in for a system that fails: given once, to whoever asked."""
    assert lifetime(read(9, 5)).good_until < NOW
    assert lifetime(read(4, 5, FreshnessTier.STALE_OK)).good_until == NOW  # the jitter had it refreshed sooner
    assert lifetime(read(), read(0, 5, FreshnessTier.STALE_DEGRADED)).good_until == NOW

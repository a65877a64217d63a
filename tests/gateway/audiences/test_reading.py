"""Audience files: what is read of them, and what is told when they are wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from domains.vocabulary import ServingPath
from gateway.audiences import SHIPPED, UnusableAudiences, read_audience, read_audiences
from gateway.identity.settings import AUDIENCES
from resolvers.marks import PiiKind

WHOLE = """
name = "partner/acme"
tags = ["catalog", "stock"]
scopes = ["finance:read"]
scopes_on_request = ["pii:read"]
path = "BROWSE"
introspection = false
max_stale_s = 600
[limits]
burst = 3
budget_per_min = { oms = 9 }
documents = "trusted"
[pii]
masks = ["EMAIL", "PHONE"]
[cors]
origins = ["https://shop.example", "http://localhost:3000"]
"""


def written(folder: Path, text: str, name: str = "acme.toml") -> Path:
    file = folder / name
    file.write_text(text)
    return file


def test_everything_a_file_may_say_is_read(tmp_path: Path) -> None:
    """Each key reaches its place; numbers that are not given are those that every audience has."""
    acme = read_audience(written(tmp_path, WHOLE))
    assert (acme.name, acme.path) == ("partner/acme", ServingPath.BROWSE)
    assert acme.tags == {"catalog", "stock"}
    assert (acme.introspection, acme.max_stale_s, acme.trusted_only) == (False, 600, True)
    assert (acme.limits.burst, acme.limits.budget_per_min.oms, acme.limits.budget_per_min.erp) == (3, 9, 60)
    assert acme.masks == {PiiKind.EMAIL, PiiKind.PHONE}
    assert acme.cors_origins == ("https://shop.example", "http://localhost:3000")


def test_scopes_are_worth_what_the_audience_says(tmp_path: Path) -> None:
    """A caller has the audience's own, and of those their credential names the ones that it may name."""
    acme = read_audience(written(tmp_path, WHOLE))
    assert acme.scopes_of(frozenset()) == {"finance:read"}
    assert acme.scopes_of(frozenset({"pii:read", "operations:write"})) == {"finance:read", "pii:read"}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('tag = ["catalog"]', "unknown key `tag`; did you mean `tags`?"),
        ('tags = ["catlog"]', "`tags[0]` is 'catlog'; allowed: catalog, stock, checkout"),
        ("tags = []", "`tags` cannot be used; allowed: a list of tags"),
        ('name = "tourist"', "`name` is 'tourist'; allowed: one of storefront, mobile"),
        ('path = "TILL"', "`path` is 'TILL'; allowed: CHECKOUT, BROWSE, SERVICE, BACKOFFICE"),
        ('scopes = ["two words"]', "`scopes[0]` is 'two words'; allowed: a name of printable characters"),
        ("max_stale_s = -1", "`max_stale_s` is -1; allowed: a whole number, at least 0"),
        ('introspection = "perhaps"', "`introspection` is 'perhaps'; allowed: true or false"),
        ('pii = { masks = ["SHOE_SIZE"] }', "`pii.masks[0]` is 'SHOE_SIZE'; allowed: NAME, EMAIL"),
        ('cors = { origins = ["shop.example/"] }', "`cors.origins[0]` is 'shop.example/'; allowed: an origin"),
        ("limits = { bursts = 5 }", "unknown key `limits.bursts`; did you mean `burst`?"),
        ('limits = { documents = "some" }', '`limits.documents` is \'some\'; allowed: "any" or "trusted"'),
    ],
)
def test_what_is_wrong_is_told_with_its_file_key_and_value(tmp_path: Path, line: str, told: str) -> None:
    """As for the settings of a deployment."""
    given = {"name": 'name = "partner/acme"', "tags": 'tags = ["catalog"]'}
    given.pop(line.split(" ", maxsplit=1)[0], None)
    file = written(tmp_path, "\n".join([line, *given.values()]))
    with pytest.raises(UnusableAudiences) as refused:
        read_audience(file)
    assert len(refused.value.problems) == 1
    assert f"{file}: {told}" in str(refused.value)


def test_every_kind_is_always_there(tmp_path: Path) -> None:
    """A folder without one of them is refused, and so are two files of one name: nobody is served by chance."""
    for file in SHIPPED.glob("*.toml"):
        shutil.copy(file, tmp_path)
    assert [audience.name for audience in read_audiences(tmp_path) if "/" not in audience.name] == list(AUDIENCES)
    shutil.copy(tmp_path / "mobile.toml", tmp_path / "tablet.toml")
    with pytest.raises(UnusableAudiences, match=r"tablet\.toml and .*mobile\.toml are both called 'mobile'"):
        read_audiences(tmp_path)
    for name in ("tablet", "mobile"):
        (tmp_path / f"{name}.toml").unlink()
    with pytest.raises(UnusableAudiences, match="has no mobile"):
        read_audiences(tmp_path)
    with pytest.raises(UnusableAudiences, match="there is no audience in"):
        read_audiences(tmp_path / "nowhere")


def test_who_has_no_file_of_their_own_is_served_as_their_kind() -> None:
    """`partner/acme` is a partner; who is of no kind at all is served on the tightest terms."""
    shipped = read_audiences()
    assert shipped.of("partner/acme") is shipped.of("partner")
    assert shipped.of("partner/marketplace") is not shipped.of("partner")
    assert shipped.of("tourist") is shipped.of("partner")

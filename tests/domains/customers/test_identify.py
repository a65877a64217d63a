"""A customer is named by exactly one key."""

import pytest

from domains.customers import CustomerKey, name_customer
from domains.vocabulary import ExternalId, InvalidInput, SystemRole

ERP_KEY = ExternalId(system=SystemRole.ERP, value="0000104711")


def test_each_key_alone_names_a_customer() -> None:
    """An id stays as it is, another system's key is kept with its system, an email loses case and outer spaces."""
    assert name_customer("cust-00001", None, None) == "cust-00001"
    assert name_customer(None, "  Ada.Lovelace@Example.COM ", None) == CustomerKey(None, "ada.lovelace@example.com")
    assert name_customer(None, None, ERP_KEY) == CustomerKey(SystemRole.ERP, "0000104711")


@pytest.mark.parametrize(
    ("id_", "email", "external_id", "path"),
    [
        (None, None, None, ("id",)),
        ("cust-00001", "ada@example.com", None, ("email",)),
        (None, "ada@example.com", ERP_KEY, ("externalId",)),
        ("cust-00001", "ada@example.com", ERP_KEY, ("email",)),
        ("", None, None, ("id",)),
        (None, "", None, ("email",)),
        (None, "ada", None, ("email",)),
        (None, "@example.com", None, ("email",)),
        (None, "a" * 250 + "@b.de", None, ("email",)),
        (None, None, ExternalId(system=SystemRole.ERP, value=" "), ("externalId", "value")),
        (None, None, ExternalId(system=SystemRole.ERP, value="4" * 256), ("externalId", "value")),
        (None, None, ExternalId(system=SystemRole.ERP, value="47\0"), ("externalId", "value")),
    ],
)
def test_anything_else_is_refused(
    id_: str | None, email: str | None, external_id: ExternalId | None, path: tuple[str, ...]
) -> None:
    """None, several, and keys that name nobody raise, pointing at the argument to change."""
    with pytest.raises(InvalidInput) as caught:
        name_customer(id_, email, external_id)
    assert caught.value.path == path

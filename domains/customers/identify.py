"""By which one key a customer is named."""

from domains.customers.model import CustomerKey
from domains.vocabulary import CustomerId, ExternalId, InvalidInput

EMAIL_CHARACTERS_MAX = 254
"""The longest address that fits a mail path (RFC 5321, 4.5.3.1.3)."""

EXTERNAL_CHARACTERS_MAX = 255
"""As long as any id may be. Caches remember the keys they are asked for, so none is as long as a request may be."""


def name_customer(
    id: str | None,  # noqa: A002 - the argument's public name
    email: str | None,
    external_id: ExternalId | None,
) -> CustomerId | CustomerKey:
    """The id, or the key to resolve it by. Emails are compared in lower case and without the spaces around them.

    Raises InvalidInput unless exactly one of the three is given, and when it is blank, no email address, or an external
    id that is too long or cannot be printed.
    """
    given = [name for name, key in (("id", id), ("email", email), ("externalId", external_id)) if key is not None]
    if len(given) != 1:
        raise InvalidInput("Name the customer by exactly one of id, email and externalId.", (*given[1:], "id")[:1])
    if external_id is not None:
        value = external_id.value
        if not value.strip() or len(value) > EXTERNAL_CHARACTERS_MAX or not value.isprintable():
            raise InvalidInput(
                f"An external id has 1 to {EXTERNAL_CHARACTERS_MAX} printable characters.", ("externalId", "value")
            )
        return CustomerKey(external_id.system, external_id.value)
    if email is not None:
        return CustomerKey(None, _address(email))
    if not (id and id.strip()):
        raise InvalidInput("A customer id is not blank.", ("id",))
    return CustomerId(id)


def _address(email: str) -> str:
    address = email.strip().lower()
    mailbox, _, host = address.rpartition("@")
    if not (mailbox and host) or len(address) > EMAIL_CHARACTERS_MAX:
        raise InvalidInput(f"An email address has an @ and at most {EMAIL_CHARACTERS_MAX} characters.", ("email",))
    return address

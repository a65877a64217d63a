"""Which statements of a customer hold now. Where the log leaves a doubt, the stricter one does."""

from collections.abc import Iterable
from typing import Final

from domains.customers.model import Consent, ConsentChannel, ConsentState, Customer

MARKETING: Final = "marketing"
"""The purpose that a consent names when it is about advertising."""

# Strictest first. UNKNOWN stands before OPTED_IN: consent must be demonstrable (GDPR Article 7(1)).
_STRICTEST_FIRST = (ConsentState.OPTED_OUT, ConsentState.PENDING, ConsentState.UNKNOWN, ConsentState.OPTED_IN)


def in_force(consents: Iterable[Consent]) -> tuple[Consent, ...]:
    """One consent per channel and purpose, in the order in which the log first names them.

    Letter case does not tell purposes apart. The newest wins. Of several at the same moment, and of those whose moment
    is not known, which may all be newer, the strictest wins.
    """
    said: dict[tuple[ConsentChannel, str | None], list[Consent]] = {}
    for consent in consents:
        purpose = None if consent.purpose is None else consent.purpose.casefold()
        said.setdefault((consent.channel, purpose), []).append(consent)
    return tuple(_in_force(statements) for statements in said.values())


def marketable(customer: Customer, purpose: str = MARKETING) -> bool:
    """Whether what exists for `purpose` alone may be shown of a customer at all.

    They have opted in for it by one way at least, and that holds now. A consent that names no purpose is none for this
    one (GDPR Articles 4(11) and 6(1)(a): specific), and neither is silence.
    """
    of_it = [said for said in customer.consents if said.purpose is not None and said.purpose.casefold() == purpose]
    return any(said.state is ConsentState.OPTED_IN for said in in_force(of_it))


def _in_force(statements: list[Consent]) -> Consent:
    if len(statements) == 1:
        return statements[0]
    newest = max((said.changed_at for said in statements if said.changed_at is not None), default=None)
    contending = [said for said in statements if said.changed_at in (None, newest)]
    # Of two equal states the dated one is kept: it can be demonstrated. The spelling keeps the order out of it.
    return min(
        contending, key=lambda said: (_STRICTEST_FIRST.index(said.state), said.changed_at is None, said.purpose or "")
    )

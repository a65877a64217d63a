"""Which statements of a customer hold now. Where the log leaves a doubt, the stricter one does."""

from collections.abc import Iterable

from domains.customers.model import Consent, ConsentChannel, ConsentState

# Strictest first. UNKNOWN stands before OPTED_IN: consent must be demonstrable (GDPR Article 7(1)).
_STRICTEST_FIRST = (ConsentState.OPTED_OUT, ConsentState.PENDING, ConsentState.UNKNOWN, ConsentState.OPTED_IN)


def in_force(consents: Iterable[Consent]) -> tuple[Consent, ...]:
    """One consent per channel and purpose, in the order in which the log first names them.

    The newest wins. Of several at the same moment, and of those whose moment is not known, which may all be newer,
    the strictest wins.
    """
    said: dict[tuple[ConsentChannel, str | None], list[Consent]] = {}
    for consent in consents:
        said.setdefault((consent.channel, consent.purpose), []).append(consent)
    return tuple(_in_force(statements) for statements in said.values())


def _in_force(statements: list[Consent]) -> Consent:
    newest = max((said.changed_at for said in statements if said.changed_at is not None), default=None)
    contending = [said for said in statements if said.changed_at in (None, newest)]
    # Of two equal states the dated one is kept: it can be demonstrated.
    return min(contending, key=lambda said: (_STRICTEST_FIRST.index(said.state), said.changed_at is None))

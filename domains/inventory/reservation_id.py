"""Public ids of reservations, which say whose they are.

An OMS counts its reservations (rsv-000041, rsv-000042), so its id alone would let anybody release a stranger's basket.
The public id is that id and a signature over it and its owner: it is good in its owner's hands only. Where callers
share a name, as visitors without an account do, the owner is that name, and the id is a secret by itself: whoever was
given it may use it, and nobody can make one up.
"""

import json
import re

from domains.inventory.signing import PromiseKeys

_PURPOSE = "reservation.1"
_SEALED = re.compile(r"(?P<id>.+)~(?P<signature>[A-Za-z0-9_-]{1,16}\.[A-Za-z0-9_-]{22})", re.ASCII | re.DOTALL)


def seal_reservation(id_: str, owner: str, keys: PromiseKeys) -> str:
    """The public id of the OMS's reservation `id_`, for `owner` alone."""
    return f"{id_}~{keys.sign(_PURPOSE, _said(id_, owner))}"


def unseal_reservation(public: str, owner: str, keys: PromiseKeys) -> str | None:
    """The OMS's id behind a public one; None when the house did not give it to `owner`."""
    sealed = _SEALED.fullmatch(public)
    if sealed is None or not keys.vouches(_PURPOSE, _said(sealed["id"], owner), sealed["signature"]):
        return None
    return sealed["id"]


def bare_reservation(public: str) -> str:
    """The OMS's id in a public one, whoever's it is, and any other id as it stands: for those who may name any."""
    sealed = _SEALED.fullmatch(public)
    return public if sealed is None else sealed["id"]


def _said(id_: str, owner: str) -> str:
    """Both, so that no other pair reads the same."""
    return json.dumps([owner, id_])

"""The demo's own issuer: a key pair of one run, and a file through which `retailgraph token` of the same user finds it.

`retailgraph serve` cannot be made to believe its tokens: the settings refuse every issuer whose name begins as this
one's does, the issuer itself is handed to the app by the demo's own code, and its key ends with the demo.
"""

from __future__ import annotations

import getpass
import json
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import OKPKey

from gateway.identity.doorkeeper import always
from gateway.identity.issuers import Issuer
from gateway.identity.jwks import VerificationKey
from gateway.identity.keyring import Ring, RingPolicy
from gateway.identity.settings import AUDIENCES, RESERVED
from gateway.trouble import CannotStart
from resolvers.context import Caller

NAME = "demo"
ISSUER = RESERVED + NAME
ALGORITHM = "Ed25519"

_POLICY = RingPolicy(fresh_s=300, stale_max_s=3600, refetch_every_s=1)  # of keys that never change


@contextmanager
def demo_issuer(port: int) -> Iterator[Issuer]:
    """The issuer of the demo on `port`. Its private key lies in a file of this user alone until the context ends.

    Raises CannotStart.
    """
    key = OKPKey.generate_key("Ed25519", parameters={"kid": secrets.token_hex(8)})
    public = OKPKey.import_key(key.as_dict(private=False))
    algorithms = frozenset({ALGORITHM})
    known = {key.kid or "": VerificationKey(public, algorithms, public.thumbprint())}
    path = _folder() / f"demo-{port}.json"
    path.unlink(missing_ok=True)  # of a demo that was killed
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(key.as_dict(private=True), file)
    try:
        yield Issuer(
            name=NAME,
            issuer=ISSUER,
            audience=_audience(port),
            algorithms=algorithms,
            ring=Ring("the demo", always(known), _POLICY),
            audiences=frozenset(AUDIENCES),
            otherwise="storefront",
        )
    finally:
        path.unlink(missing_ok=True)


def mint(port: int, caller: Caller, *, now: float, lasts_s: float) -> str:
    """A token of `caller` for the demo that runs on `port`. Raises CannotStart when none does."""
    try:
        key = OKPKey.import_key(json.loads((_folder() / f"demo-{port}.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise CannotStart(
            f"No demo of yours runs on port {port}. Start `retailgraph demo`, or name its port with --port. "
            "Other deployments have issuers of their own."
        ) from None
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": _audience(port),
        "sub": caller.subject,
        "iat": int(now),
        "exp": int(now + lasts_s),
        "retailgraph_audience": caller.audience,
        "scope": " ".join(sorted(caller.scopes)),
        "retailgraph_customer": caller.customer_id,
        "retailgraph_store": caller.store_id,
        "retailgraph_region": caller.region,
        "retailgraph_channel": caller.channel,
    }
    said = {name: value for name, value in claims.items() if value not in (None, "")}
    return jwt.encode({"alg": ALGORITHM, "kid": key.kid, "typ": "at+jwt"}, said, key, algorithms=[ALGORITHM])


def _audience(port: int) -> str:
    return f"retailgraph-demo-{port}"


def _folder() -> Path:
    """A folder that only this user may enter. Raises CannotStart where somebody else made one of that name."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    folder = Path(runtime if Path(runtime).is_dir() and runtime else tempfile.gettempdir())
    folder /= f"retailgraph-{getpass.getuser()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise CannotStart(f"{folder} is not a folder of yours alone, so no key is put there. Remove it.")
    return folder

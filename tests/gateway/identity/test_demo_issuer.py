"""The demo's issuer: good for one demo, of one user, and for nothing else."""

from __future__ import annotations

import stat
import time
from pathlib import Path

import pytest

from domains.vocabulary import CustomerId, LocationId
from gateway.complaints import SettingsError
from gateway.identity import Unauthenticated
from gateway.identity.demo_issuer import ISSUER, demo_issuer, mint
from gateway.identity.doorkeeper import Doorkeeper
from gateway.identity.settings import Identity
from gateway.settings import build
from gateway.trouble import CannotStart
from resolvers.context import Caller
from tests.gateway.identity.minting import bearer, issuer_settings

ASSOCIATE = Caller(
    "visitor", "associate", frozenset({"returns"}), CustomerId("cust-00001"), LocationId("store-017"), "eu", "STORE"
)
NOWHERE = "sqlite:///nowhere.db"


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runtime folder of the test's own."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path


def minted(port: int, lasts_s: float = 60) -> str:
    return mint(port, ASSOCIATE, now=time.time(), lasts_s=lasts_s)


async def test_a_running_demo_believes_a_minted_token() -> None:
    """All that is asked for at the command line reaches the caller."""
    with demo_issuer(8000) as issuer:
        keeper = Doorkeeper(Identity(), NOWHERE, trusted=[issuer])
        async with keeper.running():
            caller = await keeper.caller(bearer(minted(8000)))
            with pytest.raises(Unauthenticated):
                await keeper.caller(bearer(minted(8000, lasts_s=-1)))
    assert caller == Caller(
        "demo:visitor", "associate", ASSOCIATE.scopes, ASSOCIATE.customer_id, ASSOCIATE.store_id, "eu", "STORE"
    )


async def test_no_other_gateway_believes_it() -> None:
    """Another demo, the next demo on the same port, and a gateway without the demo's issuer refuse it."""
    with demo_issuer(8000):
        old = minted(8000)
    with demo_issuer(8000) as again, demo_issuer(9000) as other:
        for trusted, text in (([again], old), ([again], minted(9000)), ([other], minted(8000)), ([], minted(8000))):
            keeper = Doorkeeper(Identity(), NOWHERE, trusted=trusted)
            async with keeper.running():
                with pytest.raises(Unauthenticated):
                    await keeper.caller(bearer(text))


def test_no_settings_can_name_the_demos_issuer() -> None:
    """`serve` reads its issuers from settings, and these refuse the one that the demo's tokens name."""
    systems = {role: {"url": "http://127.0.0.1:9"} for role in ("erp", "oms", "loyalty", "crm")}
    with pytest.raises(SettingsError, match="of the demo and cannot be trusted here"):
        build({"systems": systems, "identity": {"issuers": [issuer_settings(issuer=ISSUER)]}})


def test_the_key_is_this_users_alone_and_goes_with_the_demo(runtime: Path) -> None:
    """The file and its folder are closed to others, a file of a killed demo is replaced, and none is left behind."""

    with demo_issuer(8000):
        (path,) = runtime.rglob("demo-8000.json")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        left = path.read_text()
    path.write_text(left)
    with demo_issuer(8000):
        assert path.read_text() != left
    assert list(runtime.rglob("*.json")) == []
    with pytest.raises(CannotStart, match="No demo of yours runs on port 8000"):
        minted(8000)


def test_a_folder_that_others_may_enter_is_not_used(runtime: Path) -> None:
    """A folder that is open to others, or a link to elsewhere, is named and nothing is put there."""
    with demo_issuer(8000):
        (folder,) = runtime.iterdir()
    folder.chmod(0o755)
    with pytest.raises(CannotStart, match="not a folder of yours alone"), demo_issuer(8000):
        pass
    folder.rmdir()
    (runtime / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(runtime / "elsewhere")
    with pytest.raises(CannotStart, match="not a folder of yours alone"), demo_issuer(8000):
        pass

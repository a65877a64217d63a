"""What `serve --check` warns of."""

from __future__ import annotations

from pathlib import Path

import pytest

import gateway
from gateway.doubts import doubts
from gateway.settings import load

EXAMPLE = Path(gateway.__file__).parent / "example.toml"


def test_the_settings_as_they_come_raise_no_doubt() -> None:
    """Every system of the example hangs no longer than its breaker can hear of."""
    assert doubts(load(EXAMPLE)) == ()


@pytest.mark.parametrize(("request_timeout_s", "doubted"), [(2.53, 0), (2.52, 1), (0.8, 2)])
def test_a_call_that_can_never_be_slow_is_doubted(tmp_path: Path, request_timeout_s: float, doubted: int) -> None:
    """A system whose slow calls would begin after the deadline has cut them is named, with the number that helps; the
    ERP's begin at 2.5 s, and the margin of 20 ms is counted."""
    config = tmp_path / "retailgraph.toml"
    config.write_text(EXAMPLE.read_text().replace("[http]", f"[http]\nrequest_timeout_s = {request_timeout_s}", 1))
    told = doubts(load(config))
    assert len(told) == doubted
    assert all(f"Take less than {request_timeout_s - 0.02:g}." in one for one in told)
    assert not told or told[0].startswith("systems.erp.wire.slow_call_s is 2.5")


@pytest.mark.parametrize(("url", "doubted"), [("http://shop.example", 1), ("https://shop.example", 0)])
def test_news_in_the_clear_are_doubted(tmp_path: Path, url: str, doubted: int) -> None:
    """A receiver that is told over http elsewhere than here is named."""
    config = tmp_path / "retailgraph.toml"
    secret = "whsec_" + "A" * 32
    config.write_text(f'{EXAMPLE.read_text()}\n[events.webhooks.shop]\nurl = "{url}"\nsecrets = ["{secret}"]\n')
    told = doubts(load(config))
    assert [one.split(":")[0] for one in told] == ["events.webhooks.shop.url is http"] * doubted


def test_believing_everybody_is_doubted(tmp_path: Path) -> None:
    """Trusted proxies that are all addresses make the header that anybody sends the truth."""
    config = tmp_path / "retailgraph.toml"
    config.write_text(EXAMPLE.read_text().replace("\n[server]", '\n[server]\ntrusted_proxies = ["0.0.0.0/0"]', 1))
    assert doubts(load(config))[0].startswith("server.trusted_proxies names every address")

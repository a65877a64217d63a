"""The printed contracts are what the code speaks."""

import json
from pathlib import Path

import pytest

from domains.connectors.open import contract
from domains.vocabulary import SystemRole

PRINTED = Path(contract.__file__).parent


@pytest.mark.parametrize("role", list(SystemRole))
def test_printed_contracts_are_current(role: SystemRole) -> None:
    """The OpenAPI document beside the code is the one the code would print: `make schema` prints it again."""
    printed = (PRINTED / f"{role.value.lower()}.openapi.json").read_text()
    assert printed == json.dumps(contract.document(role), indent=2) + "\n"

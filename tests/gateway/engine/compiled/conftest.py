from collections.abc import Iterator
from typing import NoReturn

import pytest
import structlog


def _dropped(*_: object) -> NoReturn:
    raise structlog.DropEvent


@pytest.fixture(autouse=True, scope="package")
def quiet() -> Iterator[None]:
    """Things break here by the thousand, and each would be a line of the log with a traceback."""
    before = structlog.get_config()
    structlog.configure(processors=[_dropped], cache_logger_on_first_use=False)
    yield
    structlog.configure(**before)

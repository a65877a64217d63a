import gc
import warnings
from collections.abc import Iterator
from typing import NoReturn

import pytest
import structlog


def _dropped(*_: object) -> NoReturn:
    raise structlog.DropEvent


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    """Things break here by the thousand, and each would be a line of the log with a traceback."""
    before = structlog.get_config()
    structlog.configure(processors=[_dropped], cache_logger_on_first_use=False)
    yield
    structlog.configure(**before)


@pytest.fixture(autouse=True, scope="module")
def swept() -> Iterator[None]:
    """What others left for the collector is not told here, nor elsewhere what was left here.

    graphql-core drops the siblings of a failure before they have begun, in circles. Random operations make the
    collector look so often that they would be blamed for every test before them.
    """
    _sweep()
    yield
    _sweep()


def _sweep() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()

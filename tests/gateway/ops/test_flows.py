"""What `retailgraph flows` refuses before it opens anything."""

import math

import pytest

from gateway import ops
from gateway.trouble import CannotStart


@pytest.mark.parametrize("per_s", [math.inf, math.nan])
def test_a_rate_without_end_is_refused(per_s: float) -> None:
    """Workers count with it: it is told as a sentence, and nobody has to count with what is no number."""
    with pytest.raises(CannotStart, match=r"--per-s is (inf|nan); allowed: a number, such as 10\.0\."):
        ops.quota(None, "erp", at_once=None, per_s=per_s, reset=False, as_json=False)

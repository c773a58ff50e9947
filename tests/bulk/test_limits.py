"""Limits of a run."""

from __future__ import annotations

import pytest

from mailsettings.bulk.limits import BulkLimits
from mailsettings.policy import Policy


@pytest.mark.parametrize(
    "wrong",
    [{"concurrency": 0}, {"per_address": 0}, {"concurrency": 9, "read_ahead": 8}, {"redis": "http://x"}],
    ids=str,
)
def test_impossible_limits_are_refused(wrong: dict[str, object]) -> None:
    """
    Before anything is contacted.
    """
    with pytest.raises(ValueError, match=r"start at 1|not at least|begins with"):
        BulkLimits(**wrong)  # type: ignore[arg-type]  # one of them is a text


def test_the_default_limits_need_few_files() -> None:
    """
    A process may have 4,096 open almost everywhere.
    """
    assert BulkLimits().max_files(Policy.service()) <= 4096

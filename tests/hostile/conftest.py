"""What lies here searches whole worlds, many times over: not for the quick part."""

from pathlib import Path

import pytest

QUICK = frozenset({"test_guards.py", "test_found.py", "test_escaping.py"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the long modules of this directory; the hook sees the items of all."""
    for item in items:
        if Path(__file__).parent in item.path.parents and item.path.name not in QUICK:
            item.add_marker(pytest.mark.slow)

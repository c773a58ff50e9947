"""Fixtures for every test: both event loops. Which directories are too long for the quick part."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("quick", max_examples=20)

# Whole worlds searched many times over, services, runs over many addresses: not for the quick part …
LONG = frozenset({"bulk", "hostile", "web"})
# … but these modules of theirs.
QUICK = frozenset({"test_guards.py", "test_found.py", "test_escaping.py", "test_lines.py"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in the long directories."""
    for item in items:
        place = item.path.relative_to(Path(__file__).parent).parts[0]
        if place in LONG and item.path.name not in QUICK:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(
    params=[
        pytest.param(("asyncio", {}), id="asyncio"),
        pytest.param(("trio", {"restrict_keyboard_interrupt_to_checkpoints": True}), id="trio"),
    ]
)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Run each async test on asyncio and on trio."""
    return request.param

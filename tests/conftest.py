"""Fixtures for every test: both event loops. Which directories are too long for the quick part."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("quick", max_examples=20)

# Whole worlds searched many times over, services, runs over many addresses: not for the quick part …
LONG = frozenset({"bulk", "security", "web"})
# … but these modules of theirs.
QUICK = frozenset({"test_fuzz_findings.py", "test_escaping.py", "test_input.py"})

# Each test of these starts processes, which takes longer than what it looks at.
PROCESSES = frozenset({"cli/test_process.py", "provider_table/test_files.py"})


def _marks(path: Path) -> Iterator[str]:
    """Yield the marks of every test in the file *path*."""
    inside = path.relative_to(Path(__file__).parent)
    place = inside.parts[0]
    if (place in LONG and path.name not in QUICK) or inside.as_posix() in PROCESSES:
        yield "slow"
    if place == "lab":
        yield "lab"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the files of which no test is wanted: reading them would take longer than some quick ones run."""
    if collection_path.suffix != ".py" or collection_path.name == "conftest.py":
        return None
    unwanted = {mark for mark in _marks(collection_path) if f"not {mark}" in config.option.markexpr}
    return True if unwanted else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in the long directories."""
    for item in items:
        for mark in _marks(item.path):
            item.add_marker(mark)


@pytest.fixture(
    params=[
        pytest.param(("asyncio", {}), id="asyncio"),
        pytest.param(("trio", {"restrict_keyboard_interrupt_to_checkpoints": True}), id="trio"),
    ]
)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Run each async test on asyncio and on trio."""
    return request.param

"""docs/testing.md: what it shows, works."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_each_example_runs(number: int) -> None:
    """As it stands, asserts included."""
    exec(compile(BLOCKS[number], f"{PAGE}, example {number}", "exec"), {})

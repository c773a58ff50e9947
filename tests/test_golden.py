"""No answer changes unless somebody means it to: detections as they were written down once."""

from typing import Any

import pytest

from tests.golden.documents import differences, document, stored
from tests.golden.worlds import ALL, Golden

STORED = stored()


def test_every_world_is_written_down() -> None:
    """
    A world that is new, or gone, needs `python -m tests.golden`.
    """
    assert [world.name for world in ALL] == list(STORED)


@pytest.mark.parametrize("world", ALL, ids=lambda world: world.name.replace(" ", "-"))
def test_a_detection_is_what_it_was(world: Golden) -> None:
    """
    Every field that was written down has the value it had.
    """
    assert list(differences(STORED[world.name], document(world))) == []


@pytest.mark.parametrize(
    ("new", "wanted"),
    [
        pytest.param({"a": [1], "b": "", "c": 3}, [], id="a new field"),
        pytest.param({"a": [1]}, [".b: '' -> 'missing'"], id="a field that is gone"),
        pytest.param({"a": [2], "b": ""}, [".a[0]: 1 -> 2"], id="another value"),
        pytest.param({"a": [1, 1], "b": ""}, [".a: [1] -> [1, 1]"], id="one more"),
        pytest.param({"a": [True], "b": ""}, [".a[0]: 1 -> True"], id="another type"),
    ],
)
def test_what_differs_is_named(new: Any, wanted: list[str]) -> None:
    """
    A schema may gain fields; everything else is a difference.
    """
    assert list(differences({"a": [1], "b": ""}, new)) == wanted

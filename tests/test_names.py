"""Names that a newcomer can search for: one public class for one name, and the terms of the field (CONTRIBUTING.md)."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "mailsettings"
FILES = sorted(SOURCE.rglob("*.py"))
IDS = [str(path.relative_to(SOURCE)) for path in FILES]
# Words that once stood for a component; each has a term of the field instead (CONTRIBUTING.md, "Words").
RETIRED = {
    "ahead", "anybody", "course", "door", "doors", "errand", "errands", "filled", "gate", "gates", "house", "houses",
    "judged", "kept", "knock", "known", "look", "looked", "looks", "nobody", "odd", "pulse", "shown", "somebody",
    "turn", "turns", "unasked", "visit", "whoever", "wish", "wishes",
}  # fmt: skip
# Fields of the JSON document, which keep their names.
ALLOWED = frozenset({"shown_address", "known"})
# Terms that have one of these words in them.
TERMS = re.compile("look_?up|look_?alike|read_?ahead", re.IGNORECASE)


def names(path: Path) -> Iterator[str]:
    """Yield the module, and the classes, functions and fields that *path* defines."""
    yield path.parent.name if path.stem == "__init__" else path.stem
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name


def words(name: str) -> set[str]:
    """Return the words that *name* is made of: snake_case, CamelCase and CONSTANTS."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", TERMS.sub("", name))}


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_no_name_is_made_of_a_retired_word(path: Path) -> None:
    """
    A component is called what the field calls it, so that it can be searched for.
    """
    found = {name for name in names(path) if name not in ALLOWED and words(name) & RETIRED}

    assert found == set()


def test_no_two_public_classes_share_a_name() -> None:
    """
    A class's name says which one is meant.
    """
    homes = defaultdict(set)
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].add(str(path.relative_to(SOURCE)))

    assert {name: found for name, found in homes.items() if len(found) > 1} == {}

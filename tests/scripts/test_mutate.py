"""`make mutate`: the table of guards names what exists."""

import ast

import pytest

from scripts.mutate import GUARDS, ROOT, Guard


@pytest.mark.parametrize("guard", GUARDS.values(), ids=GUARDS)
def test_a_guard_names_a_module_functions_and_tests_that_exist(guard: Guard) -> None:
    """
    A function that was renamed would silently no longer be mutated.
    """
    module = ROOT / "src" / "mailsettings" / guard.module
    defined = {getattr(node, "name", None) for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))}

    assert {name for name in guard.functions if name not in defined} == set()
    assert [test for test in guard.tests if not (ROOT / test).is_file()] == []

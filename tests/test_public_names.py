"""The public names of the package: one list, loaded lazily, the same for programs and for type checkers."""

import ast
import py_compile
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mailsettings

SOURCE = Path(mailsettings.__file__)
NAMES: list[str] = getattr(mailsettings, "__all__")  # noqa: B009 - computed, and so unknown to the type checker


def run(code: str, *, path: Path = SOURCE.parent.parent) -> str:
    """Return what *code* prints in a process of its own that imports the package from *path*."""
    done = subprocess.run([sys.executable, "-c", code], cwd=path, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_list_is_read_as_python_reads_it() -> None:
    """
    A statement written in another way than the others would be passed over.
    """
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    imports = [node for block in tree.body if isinstance(block, ast.If) for node in block.body]

    assert [alias.asname for node in imports if isinstance(node, ast.ImportFrom) for alias in node.names] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_what_its_module_defines(name: str) -> None:
    """
    Every name resolves, and keeps its own name.
    """
    assert getattr(mailsettings, name).__name__ == name


def test_dir_and_star_import_have_the_same_names() -> None:
    """
    Completion in a shell offers what `__all__` promises.
    """
    code = "from mailsettings import *; print(*sorted(name for name in dir() if not name.startswith('_')))"

    assert run(code).split() == sorted(NAMES) == sorted(name for name in dir(mailsettings) if name[0] != "_")


def test_names_are_loaded_when_they_are_used() -> None:
    """
    An error class does not bring the engine with it.
    """
    code = "import sys, mailsettings; mailsettings.AddressError; print('mailsettings.engine' in sys.modules)"

    assert run(code) == "False"


def test_other_names_do_not_exist() -> None:
    """
    A slip is an AttributeError that names the module.
    """
    with pytest.raises(AttributeError, match="module 'mailsettings' has no attribute 'detekt'"):
        getattr(mailsettings, "detekt")  # noqa: B009 - the type checker knows that it is none


def test_a_package_without_its_source_has_the_same_names(tmp_path: Path) -> None:
    """
    An executable is built from bytecode: there the list cannot be read, and is loaded whole.
    """
    shutil.copytree(SOURCE.parent, tmp_path / "mailsettings", ignore=shutil.ignore_patterns("__pycache__"))
    py_compile.compile(str(tmp_path / "mailsettings/__init__.py"), str(tmp_path / "mailsettings/__init__.pyc"))
    (tmp_path / "mailsettings/__init__.py").unlink()

    code = (
        f"import mailsettings; print(mailsettings.__file__[-3:], [n for n in {NAMES} if not hasattr(mailsettings, n)])"
    )

    assert run(code, path=tmp_path) == "pyc []"


@pytest.mark.slow
def test_type_checkers_see_exactly_these_names(tmp_path: Path) -> None:
    """
    mypy knows each of them, and tells a slip.
    """
    pytest.importorskip("mypy", reason="make check brings it")
    (tmp_path / "uses.py").write_text(f"from mailsettings import {', '.join(NAMES)}\nfrom mailsettings import detekt\n")

    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--follow-imports=silent", "uses.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    (error,) = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert error.startswith('uses.py:2: error: Module "mailsettings" has no attribute "detekt"')

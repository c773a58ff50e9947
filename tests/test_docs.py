"""README, CONTRIBUTING, SECURITY, CHANGELOG and docs/: the paths, tests and names in them exist, examples run."""

import ast
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import fields
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

import anyio
import pytest

import mailsettings
from mailsettings import Policy, open_network
from mailsettings.policy import Limits, Timeouts
from mailsettings.testing import FakeNetwork, imap, smtp

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "mailsettings"
TESTS = ROOT / "tests"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
IDS = [str(page.relative_to(ROOT)) for page in PAGES]
# A path may start at the root, in the package or in the tests, and a test may be named by its file alone.
BASES = (ROOT, SOURCE, TESTS)
PATH = re.compile(r"(?<![\w/.:~-])((?:[\w.-]+/)*[\w-]+\.py|(?:src|tests|docs|scripts|benchmarks|examples)/[\w./-]*)")
TEST = re.compile(r"\btest_\w+")
DOTTED = re.compile(r"(?<![\w/@.-])mailsettings(?:\.[A-Za-z_]\w*)+")
MEMBER = re.compile(r"(?<![\w./-])([A-Z]\w+)\.([a-z_]\w*|[A-Z_]+)\b")
EXAMPLE = re.compile(r"```python\n(.*?)```", re.DOTALL)
# OpenTelemetry's name of a span (docs/service.md).
NO_MODULE = frozenset({"mailsettings.search"})


def exists(path: str) -> bool:
    """Say whether *path* leads to a file or directory from one of the places that a page may mean."""
    inside = path.rstrip("./")
    return any((base / inside).exists() for base in BASES) or ("/" not in inside and any(TESTS.rglob(inside)))


def resolves(name: str) -> bool:
    """Say whether the dotted *name* is a module, or something in one."""
    found: Any = mailsettings
    for part in name.split(".")[1:]:
        try:
            found = getattr(found, part, None) or import_module(f"{found.__name__}.{part}")
        except (ImportError, AttributeError):
            return False
    return True


@cache
def known_tests() -> frozenset[str]:
    """Return the names of all test modules and test functions."""
    found = set()
    for path in TESTS.rglob("test_*.py"):
        found |= {path.stem, *re.findall(r"(?m)^(?:async )?def (test_\w+)", path.read_text(encoding="utf-8"))}
    return frozenset(found)


@cache
def classes() -> dict[str, str]:
    """Return the module of each public class; no two share a name (test_names.py)."""
    found = {}
    for path in SOURCE.rglob("*.py"):
        module = ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts)
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                found[node.name] = module.removesuffix(".__init__")
    return found


def class_of(name: str) -> Any:
    """Return our class *name*."""
    return getattr(import_module(classes()[name]), name)


def examples() -> Iterator[Any]:
    """Yield every Python example of the pages."""
    for page, name in zip(PAGES, IDS, strict=True):
        for number, text in enumerate(EXAMPLE.findall(page.read_text(encoding="utf-8"))):
            yield pytest.param(text, id=f"{name}-{number}")


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_path_leads_somewhere(page: Path) -> None:
    """
    A reader finds the file that a page names.
    """
    assert {path for path in PATH.findall(page.read_text(encoding="utf-8")) if not exists(path)} == set()


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_test_is_there(page: Path) -> None:
    """
    What a page promises is checked by the test that it names.
    """
    assert set(TEST.findall(page.read_text(encoding="utf-8"))) - known_tests() == set()


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_dotted_name_can_be_imported(page: Path) -> None:
    """
    `mailsettings.x.y` is a module or a name in one.
    """
    found = set(DOTTED.findall(page.read_text(encoding="utf-8"))) - NO_MODULE

    assert {name for name in found if not resolves(name)} == set()


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_member_of_a_class_exists(page: Path) -> None:
    """
    `Policy.service` and the like name a field or method of that class.
    """
    named = {pair for pair in MEMBER.findall(page.read_text(encoding="utf-8")) if pair[0] in classes()}

    assert {f"{name}.{member}" for name, member in named if not hasattr(class_of(name), member)} == set()


def test_the_limits_are_those_of_the_policy() -> None:
    """
    Each field in the table of docs/limits.md is one of the policy, its timeouts or its limits.
    """
    rows = re.findall(r"(?m)^\|[^|]+\|([^|]+)\|", (ROOT / "docs" / "limits.md").read_text(encoding="utf-8"))
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}

    assert "deadline" in named
    assert named - {field.name for kind in (Policy, Timeouts, Limits) for field in fields(kind)} == set()


@pytest.mark.parametrize("text", [*examples()])
def test_every_example_is_python_with_names_that_exist(text: str) -> None:
    """
    It compiles as it stands, and imports from us only what there is.
    """
    tree = compile(text, "example", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert isinstance(tree, ast.Module)
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    names = {f"{node.module}.{alias.name}" for node in imports for alias in node.names}

    assert {name for name in names if name.startswith("mailsettings") and not resolves(name)} == set()


def test_the_example_of_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """
    As it stands, in a world where the domain has servers under their usual names.
    """
    tree = ast.parse(EXAMPLE.findall((ROOT / "README.md").read_text(encoding="utf-8"))[0])
    imports: list[ast.stmt] = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    rest = [node for node in tree.body if node not in imports]
    names: dict[str, Any] = {}
    exec(compile(ast.Module(imports, []), "README.md", "exec"), names)

    async def in_memory(main: Callable[[], Awaitable[None]]) -> None:
        net, policy = FakeNetwork(), Policy()
        net.host("imap.example.org").serve(imap())
        net.host("smtp.example.org").serve(smtp())
        async with open_network(policy, net.transport(policy)) as network:
            names.update({name: partial(names[name], net=network) for name in ("detect", "detect_stream")})
            await main()

    names["anyio"] = type("anyio", (), {"run": staticmethod(lambda main: anyio.run(in_memory, main))})
    exec(compile(ast.Module(rest, []), "README.md", "exec"), names)

    assert "imap://imap.example.org:993 (tls)" in capsys.readouterr().out

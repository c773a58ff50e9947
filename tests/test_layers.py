"""The import rule: data moves one way, and one package opens the network (docs/decisions/0002-layers.md)."""

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "mailsettings"
# A package may import from itself and from the tiers before its own; those of one tier do not import each other.
TIERS = (
    "charsets",
    "errors escape",
    "hostnames",
    "address",
    "model",
    "observations events",
    "schema",
    "policy",
    "interfaces",
    "leads formats protocols",
    "provider_table",
    "diagnosis",
    "decision",
    "net",
    "sources",
    "engine",
    "planning login",
    "troubleshooting",
    "sync bulk testing",
    "web",
    "cli",
    "__main__ __init__",
)
TIER = {name: number for number, tier in enumerate(TIERS) for name in tier.split()}
# Detection.to_json() is what users look for, and loads the schema when it is called.
ALLOWED = {("model", "schema")}
NETWORK = {"socket", "ssl", "httpx", "httpcore", "dns", "asyncio", "trio"}
HEAVY = ("pydantic", "httpx", "httpcore", "dns", "anyio", "ssl", "click", "yaml", "idna", "publicsuffixlist")
FILES = sorted(SOURCE.rglob("*.py"))
IDS = [str(path.relative_to(SOURCE)) for path in FILES]


def dotted(path: Path) -> str:
    """Return the module in the file *path*, as it is imported."""
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {dotted(path): path for path in FILES}


def imports(path: Path) -> Iterator[str]:
    """Yield what *path* imports, wherever in the file: lazily and for type checkers as well."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def module_of(name: str) -> str | None:
    """Return the module of ours that has *name*: itself, or the one it is imported from."""
    return name if name in MODULES else next((m for m in (name.rpartition(".")[0],) if m in MODULES), None)


def unit(module: str) -> str:
    """Return the package or top-level module that *module* belongs to."""
    return [*module.split("."), "__init__"][1]


def graph() -> Mapping[str, set[str]]:
    """Return which module imports which."""
    found = {module: {module_of(name) for name in imports(path)} for module, path in MODULES.items()}
    return {module: {used for used in names if used and used != module} for module, names in found.items()}


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_a_module_imports_from_earlier_tiers_only(path: Path) -> None:
    """
    No arrow points back, and none points sideways.
    """
    own = unit(dotted(path))
    used = {unit(name) for name in imports(path) if name.startswith("mailsettings.")} - {own, "__init__"}

    wrong = {name for name in used if TIER.get(name, 0) >= TIER[own] and (own, name) not in ALLOWED}

    assert wrong == set()


def test_there_is_no_import_cycle() -> None:
    """
    Modules can be read one after the other; lazy imports and those for type checkers count as well.
    """
    arrows = dict(graph())
    arrows["mailsettings"] = set()  # the public names, which are loaded when they are used
    arrows["mailsettings.model.detection"] -= {"mailsettings.schema"}

    try:
        order = tuple(TopologicalSorter(arrows).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))

    assert set(order) == set(MODULES)


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_only_net_opens_the_network(path: Path) -> None:
    """
    socket, ssl, httpx, httpcore and dns are imported in net/ and nowhere else.
    """
    if "net" in path.relative_to(SOURCE).parts:
        pytest.skip("the package that may")

    assert {name.split(".")[0] for name in imports(path)} & NETWORK <= ({"trio"} if "testing" in path.parts else set())


def test_importing_the_package_is_cheap() -> None:
    """
    An application pays for the network when it uses it.
    """
    code = f"import mailsettings, sys; print(*[name for name in {HEAVY!r} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == ""


def test_few_modules_are_loose_on_the_top_level() -> None:
    """
    A newcomer sees packages, not a list of files.
    """
    loose = {path.stem for path in SOURCE.glob("*.py")} - {"__init__", "__main__"}

    assert len(loose) <= 14

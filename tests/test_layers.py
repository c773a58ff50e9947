"""The import rule: data moves one way, and one package opens the network (docs/decisions/0002-layers.md)."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "mailsettings"
# What stands in a row may import from its own row and from those above it.
LAYERS = (
    "errors escape hostnames address addresses records",
    "model events looks",
    "proxy policy leads provider_table suggest merge rank trust reasons interfaces formats protocols",
    "findings issuers settling answer net diagnosis",
    "sources",
    "engine unasked",
    "schema login troubleshooting",
    "sync testing bulk",
    "bulk cli web __init__ __main__",
)
LAYER = {name: number for number, row in enumerate(LAYERS) for name in row.split()}
# Detection.to_json() is what users look for, and loads the schema when called.
ALLOWED = {("model", "schema")}
NETWORK = {"socket", "ssl", "httpx", "httpcore", "dns", "asyncio", "trio"}
HEAVY = ("pydantic", "httpx", "httpcore", "dns", "anyio", "ssl", "click", "yaml", "idna", "publicsuffixlist")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def unit(module: str) -> str:
    return [*module.split("."), "__init__"][1]


FILES = sorted(SOURCE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(SOURCE)) for path in FILES])
def test_a_module_imports_from_its_own_layer_and_below(path: Path) -> None:
    """No arrow points back."""
    own = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    used = {unit(name) for name in imports(path) if name.startswith("mailsettings.")}

    wrong = {name for name in used if LAYER.get(name, 0) > LAYER[own] and (own, name) not in ALLOWED}

    assert wrong == set()


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(SOURCE)) for path in FILES])
def test_only_net_opens_the_network(path: Path) -> None:
    """One package: socket, ssl, httpx, httpcore and dns are imported in net/ and nowhere else."""
    if "net" in path.relative_to(SOURCE).parts:
        pytest.skip("it may")

    assert {name.split(".")[0] for name in imports(path)} & NETWORK <= ({"trio"} if "testing" in path.parts else set())


def test_importing_the_package_is_cheap() -> None:
    """An application pays for the network when it uses it."""
    code = f"import mailsettings, sys; print(*[name for name in {HEAVY!r} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == ""

"""Change the guards one little change at a time, and see whether a test notices: python -m scripts.mutate [guard …].

Prints the changes that no test noticed and the share of those that were noticed; exit code 1 below 95 %.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
WANTED = 0.95  # of all changes; docs/threats.md has the figures
TIMEOUT = 120  # seconds for the tests of one change; an endless loop is noticed, too
AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Guard:
    """A module, the functions in it that guard something (none: all of it), and the tests that have to notice."""

    module: str
    tests: tuple[str, ...]
    functions: tuple[str, ...] = ()


GUARDS = {
    "addresses": Guard("policy/ip_filter.py", ("tests/policy/test_ip_filter.py",)),
    "policy": Guard(
        "policy/policy.py", ("tests/policy/test_ip_filter.py", "tests/policy/test_policy.py"), ("objection", "service")
    ),
    "starttls": Guard(
        "net/session.py",
        ("tests/net/test_session.py",),
        ("_start_tls", "_begin", "_execute"),
    ),
    "trust": Guard("decision/trust.py", ("tests/decision/test_trust.py",)),
    "command": Guard("protocols/dialogue.py", ("tests/protocols/test_dialogue.py",), ("command_line",)),
    "names": Guard("hostnames.py", ("tests/test_hostnames.py", "tests/net/test_certificates.py"), ("name_matches",)),
    "suffix": Guard(
        "hostnames.py",
        ("tests/test_hostnames.py",),
        ("registrable", "is_public_suffix", "_suffixes_of", "_names_above", "_lines"),
    ),
    "tenants": Guard(
        "hostnames.py",
        ("tests/test_hostnames_customers.py",),
        (
            *("registrable", "belongs_to", "same_owner", "rented_machine", "_names_machines_below", "_machine"),
            *("_any_name_is_a_machine", "below_or_matches", "_expression", "_customer_patterns"),
        ),
    ),
    "exchangers": Guard(
        "provider_table/index.py",
        ("tests/provider_table/test_table.py",),
        ("by_mx", "by_host", "by_trace", "is_rented", "_mx_entries", "_entries", "_fits"),
    ),
    "dial": Guard("net/dialer.py", ("tests/net/test_dialer.py",), ("_allowed", "_checked")),
    "tls": Guard("net/tls.py", ("tests/net/test_tls.py",), ("secure",)),
    "redirects": Guard(
        "net/http.py",
        ("tests/net/test_http.py", "tests/net/test_redirects.py"),
        ("check_url", "_objection", "next_url"),
    ),
}
_OPPOSITE: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
    ast.RShift: ast.LShift, ast.LShift: ast.RShift, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.Add: ast.Sub,
}  # fmt: skip
_NETWORK = re.compile(r"(.*/)([0-9]+)")


def changes(node: ast.AST) -> Iterator[ast.AST]:  # noqa: C901 - one case for each sort of change
    """Yield what *node* may be replaced by: each a program that is a little wrong."""
    match node:
        case ast.Compare(left, [operator], [right]) if type(operator) in _OPPOSITE:
            yield ast.Compare(left, [_opposite(operator)], [right])
        case ast.BoolOp(operator, values):
            yield ast.BoolOp(_opposite(operator), values)
        case ast.BinOp(left, operator, right) if type(operator) in _OPPOSITE:
            yield ast.BinOp(left, _opposite(operator), right)
        case ast.UnaryOp(ast.Not() | ast.Invert(), operand):
            yield operand
        case ast.IfExp(test, body, orelse):
            yield ast.IfExp(test, orelse, body)
        case ast.If(test, body, orelse):
            yield ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.Return(value) if value is not None and not _is_none(value):
            yield ast.Return(ast.Constant(None))
        case ast.Raise() | ast.Expr():
            yield ast.Pass()
        case ast.Name("any" | "all" as name, context):
            yield ast.Name({"any": "all", "all": "any"}[name], context)
        case ast.Constant():
            yield from _other_values(node.value)


def _opposite(operator: ast.AST) -> Any:  # the caller knows of which kind
    return _OPPOSITE[type(operator)]()


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _other_values(value: object) -> Iterator[ast.Constant]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
    elif isinstance(value, str) and (found := _NETWORK.fullmatch(value)):
        # Half of a network, or twice of it where that is one.
        yield from (ast.Constant(f"{found[1]}{int(found[2]) + step}") for step in (1, -1))


def sites(parent: ast.AST) -> Iterator[tuple[ast.AST, str, int | None]]:
    """Yield where nodes hang below *parent*: holder, field, place in the field. No annotations, no docstrings."""
    for name, value in ast.iter_fields(parent):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for place, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            # Messages are f-strings: how much of a value one shows guards nothing.
            if isinstance(child, ast.AST) and not isinstance(child, ast.JoinedStr) and not _never_runs(child):
                yield parent, name, place
                yield from sites(child)


def _never_runs(node: ast.AST) -> bool:
    """Say whether *node* is a docstring, or for type checkers only."""
    match node:
        case ast.Expr(ast.Constant()) | ast.If(ast.Name("TYPE_CHECKING")):
            return True
    return False


def mutants(source: str, functions: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each change of *source*, inside *functions* if there are any, as words and as a program."""
    tree = ast.parse(source)
    for root in _roots(tree, functions):
        for parent, name, place in list(sites(root)):
            held = getattr(parent, name)
            node = held if place is None else held[place]
            for other in changes(node):
                _put(parent, name, place, ast.fix_missing_locations(ast.copy_location(other, node)))
                # What does not parse again, such as a network of /33, is no valid program.
                with suppress(ValueError):
                    yield f"{node.lineno}: {_short(node)}  ->  {_short(other)}", ast.unparse(tree)
                _put(parent, name, place, node)


def _roots(tree: ast.Module, functions: Sequence[str]) -> list[ast.AST]:
    found = [node for node in ast.walk(tree) if getattr(node, "name", None) in functions]
    return found if functions else [tree]


def _put(parent: ast.AST, name: str, place: int | None, node: ast.AST) -> None:
    if place is None:
        setattr(parent, name, node)
    else:
        getattr(parent, name)[place] = node


def _short(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())[:70]


class Workshop:
    """A copy of the package in which one module is exchanged after the other."""

    def __init__(self, place: Path) -> None:
        self._place = place
        shutil.copytree(ROOT / "src", place / "src", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("tests", "benchmarks", "data", "scripts", "pyproject.toml", "hatch_build.py"):
            (place / name).symlink_to(ROOT / name)

    def notices(self, guard: Guard, source: str) -> bool:
        """Say whether the tests of *guard* fail with *source* as its module."""
        module = self._place / "src" / "mailsettings" / guard.module
        before = module.read_bytes()
        module.write_text(source, encoding="utf-8")
        try:
            return self._fails(guard.tests)
        finally:
            module.write_bytes(before)

    def _fails(self, tests: Sequence[str]) -> bool:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            "-m",
            "not slow and not lab",
            *tests,
        ]
        path = os.pathsep.join((str(self._place / "src"), str(self._place)))
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            done = subprocess.run(  # noqa: S603 - pytest, with file names from the list above
                command, cwd=self._place, env=environment, capture_output=True, timeout=TIMEOUT, check=False
            )
        except subprocess.TimeoutExpired:
            return True
        return done.returncode != 0


def survivors(name: str, guard: Guard) -> tuple[int, list[str]]:
    """Return how many changes *guard* was given, and those that no test noticed."""
    source = (ROOT / "src" / "mailsettings" / guard.module).read_text(encoding="utf-8")
    every = list(mutants(source, guard.functions))
    with tempfile.TemporaryDirectory() as place, ThreadPoolExecutor(AT_ONCE) as pool:
        workshops = [Workshop(Path(place) / str(number)) for number in range(AT_ONCE)]
        if workshops[0].notices(guard, source):
            sys.exit(f"{name}: the tests fail without any change")
        shares = [pool.submit(_unnoticed, workshops[n], guard, every[n::AT_ONCE]) for n in range(AT_ONCE)]
        return len(every), [words for share in shares for words in share.result()]


def _unnoticed(workshop: Workshop, guard: Guard, changed: Sequence[tuple[str, str]]) -> list[str]:
    return [words for words, source in changed if not workshop.notices(guard, source)]


def main(arguments: Sequence[str]) -> int:
    """Test the guards that are named, or all of them."""
    total = missed = 0
    for name in arguments or GUARDS:
        count, left = survivors(name, GUARDS[name])
        total, missed = total + count, missed + len(left)
        print(f"{name:10}{count:5} changes, {count - len(left)} noticed", flush=True)
        print("".join(f"    {GUARDS[name].module}:{words}\n" for words in left), end="", flush=True)
    share = 1 - missed / total
    print(f"{total} changes, {share:.1%} noticed")
    return int(share < WANTED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

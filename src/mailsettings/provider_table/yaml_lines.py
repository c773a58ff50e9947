"""YAML as plain values, with the line of each of them, for messages that a person can act on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from mailsettings.errors import TableError

Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


# Days stay text, so that an impossible one is reported with its line, as other values are.
_RESOLVERS = {
    first: [(tag, form) for tag, form in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in Loader.yaml_implicit_resolvers.items()
}
_LoaderOfText: type[yaml.SafeLoader] = type("_LoaderOfText", (Loader,), {"yaml_implicit_resolvers": _RESOLVERS})


@dataclass(frozen=True, slots=True)
class Located:
    """A YAML document: *value* and where its parts were written."""

    value: object
    name: str
    _root: Node | None

    def line(self, path: Sequence[str | int]) -> int:
        """Return the line, the first being 1, of the value at *path*, or of the nearest value around it."""
        node, line = self._root, 1
        for step in path:
            if node is None:
                break
            line = node.start_mark.line + 1
            node = _child(node, step)
        return line if node is None else node.start_mark.line + 1


def read_yaml(text: str, name: str) -> Located:
    """Read *text* as one YAML document; *name* is for messages.

    Raises TableError, with the line, for invalid YAML, for a key written twice (PyYAML would silently keep the
    last one) and for aliases (a few lines of them expand to gigabytes).
    """
    loader = _LoaderOfText(text)
    try:
        with _as_table_error(name):
            root = loader.get_single_node()
        if root is None:
            return Located(None, name, None)
        _check(root, name, set())
        with _as_table_error(name):
            return Located(loader.construct_document(root), name, root)
    finally:
        loader.dispose()


@contextmanager
def _as_table_error(name: str) -> Iterator[None]:
    """Raise the errors of PyYAML as TableError."""
    try:
        yield
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1}" if mark is not None else ""
        raise TableError(f"{name}{where}: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise TableError(f"{name}: {error}") from error


def _check(node: Node, name: str, seen: set[int]) -> None:
    if id(node) in seen:
        raise TableError(f"{name}, line {node.start_mark.line + 1}: this value is used by an alias (*name)")
    seen.add(id(node))
    if isinstance(node, SequenceNode):
        for item in node.value:
            _check(item, name, seen)
    elif isinstance(node, MappingNode):
        _check_keys(node, name)
        for _, item in node.value:
            _check(item, name, seen)


def _check_keys(node: MappingNode, name: str) -> None:
    keys: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, ScalarNode):
            raise TableError(f"{name}, line {key.start_mark.line + 1}: a key has to be a word, not a list or a mapping")
        if key.value in keys:
            raise TableError(f"{name}, line {key.start_mark.line + 1}: the key {key.value!r} is there twice")
        keys.add(key.value)


def _child(node: Node, step: str | int) -> Node | None:
    if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        item: Node = node.value[step]
        return item
    if isinstance(node, MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    return None

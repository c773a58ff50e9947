"""Any JSON value, for property tests of readers of JSON documents."""

from __future__ import annotations

from hypothesis import strategies as st


def json_values() -> st.SearchStrategy[object]:
    """Return a strategy for JSON values of a few levels."""
    scalars: st.SearchStrategy[object] = st.none() | st.booleans() | st.integers() | st.text()
    return st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)

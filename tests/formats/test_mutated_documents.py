"""20,000 broken documents of each kind: a value or a DocumentError, and nothing else."""

from __future__ import annotations

from contextlib import suppress

import pytest

from mailsettings.errors import DocumentError
from tests.support.mutated_documents import READERS, mutants

COUNT = 20_000
QUICK = 300


def survives(name: str, count: int) -> int:
    """Return how many of *count* mutants were read or refused; any other exception passes through."""
    seed, read = READERS[name]
    survived = 0
    for data in mutants(seed, count):
        with suppress(DocumentError):
            read(data)
        survived += 1
    return survived


@pytest.mark.parametrize("name", READERS)
def test_the_unharmed_document_is_read(name: str) -> None:
    """
    The mutants start from something that is accepted.
    """
    seed, read = READERS[name]

    assert read(seed) is not None


@pytest.mark.parametrize("name", READERS)
def test_some_mutants(name: str) -> None:
    """
    A quick look at the first few hundred.
    """
    assert survives(name, QUICK) == QUICK


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_many_mutants(name: str) -> None:
    """
    No injury of a document becomes an unexpected error.
    """
    assert survives(name, COUNT) == COUNT

"""The blocking twin."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import anyio
import pytest

from mailsettings import sync
from mailsettings.address import EmailAddress
from mailsettings.errors import AddressError
from mailsettings.leads import Lead
from mailsettings.model import Note
from tests.support.fake_net import Answers


def note(address: EmailAddress) -> Iterable[Lead]:
    """Know nothing but the address, which needs no network."""
    return [Note(f"asked about {address}")]


NO_NET = Answers()  # nothing asks it anything
detect = partial(sync.detect, sources=(note,), net=NO_NET)


def test_the_answer_is_that_of_the_engine() -> None:
    """
    A program without an event loop gets a detection.
    """
    assert detect("ada@example.org").notes == (Note("asked about ada@example.org"),)


def test_threads_do_not_disturb_each_other() -> None:
    """
    Each thread gets the answer to its own question.
    """
    addresses = [f"ada{number}@example.org" for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        found = [detection.address for detection in pool.map(detect, addresses)]

    assert addresses == found


def test_a_bad_address_is_an_address_error() -> None:
    """
    The error comes as it is, not in a group.
    """
    with pytest.raises(AddressError, match="has no @"):
        detect("foo")


@pytest.mark.anyio
async def test_a_running_loop_is_not_blocked(anyio_backend: Any) -> None:
    """
    Inside an event loop the error says what to do instead.
    """
    with pytest.raises(RuntimeError, match=r"await mailsettings\.detect\(\) instead"):
        detect("ada@example.org")


@pytest.mark.anyio
async def test_a_worker_thread_of_a_loop_may_block(anyio_backend: Any) -> None:
    """
    anyio.to_thread is a way to call it from async code.
    """
    found = await anyio.to_thread.run_sync(detect, "ada@example.org")

    assert found.address == "ada@example.org"

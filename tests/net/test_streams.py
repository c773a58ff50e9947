"""A stream that releases a resource when it is closed."""

import anyio
import pytest

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.net.streams import ReleasingStream
from tests.support.transcript_stream import Drip


class Broken(Drip):
    """A stream that cannot be closed properly."""

    async def aclose(self) -> None:
        raise NetworkError(FailureKind.CLOSED, "closed already")


def test_a_stream_that_is_closed_twice_releases_once() -> None:
    """
    A slot that is given back twice would let one connection too many in.
    """
    released: list[str] = []
    stream = ReleasingStream(Drip(b"x"), lambda: released.append("slot"))

    anyio.run(stream.aclose)
    anyio.run(stream.aclose)

    assert released == ["slot"]


def test_a_stream_that_fails_to_close_releases_all_the_same() -> None:
    """
    The failure is raised after that.
    """
    released: list[str] = []
    stream = ReleasingStream(Broken(b"x"), lambda: released.append("slot"))

    with pytest.raises(NetworkError, match="closed already"):
        anyio.run(stream.aclose)

    assert released == ["slot"]


def test_what_is_read_and_sent_passes_through() -> None:
    """
    Until it is closed it is the stream below.
    """
    below = Drip(b"x")
    stream = ReleasingStream(below, lambda: None)

    async def talk() -> bytes:
        await stream.send(b"NOOP")
        return await stream.receive()

    assert (anyio.run(talk), below.sent) == (b"x", [b"NOOP"])

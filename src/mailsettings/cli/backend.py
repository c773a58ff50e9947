"""What the commands call in the rest of the package, as one value that tests can substitute."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mailsettings.address import EmailAddress
from mailsettings.events import Event
from mailsettings.leads import Lead, Source
from mailsettings.model import Detection

if TYPE_CHECKING:
    from mailsettings.bulk.input import Answered, Entry


def _detect_many(
    addresses: AsyncIterable[Entry], **options: Any
) -> AbstractAsyncContextManager[AsyncIterable[Answered]]:
    """Import the network only when it is used, like `_detect_stream`."""
    from mailsettings.bulk.run import detect_many

    return detect_many(addresses, **options)


@dataclass(frozen=True, slots=True)
class Backend:
    """The functions that answer, each with the signature of its namesake in mailsettings, and the sources to select."""

    detect_stream: Callable[..., AbstractAsyncContextManager[AsyncIterable[Event]]]
    plan: Callable[..., tuple[Lead, ...]]
    offline: Callable[..., Detection]
    sources: tuple[Source, ...]
    detect_many: Callable[..., AbstractAsyncContextManager[AsyncIterable[Answered]]] = _detect_many

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the sources, as the command line has them."""
        return tuple(source_name(source) for source in self.sources)


def source_name(source: Source) -> str:
    """Return the name of the source's function."""
    return getattr(source, "__name__", type(source).__name__.lower())


def live_backend() -> Backend:
    """Return the backend that contacts the Internet."""
    from mailsettings.planning import offline, plan
    from mailsettings.sources import SOURCES

    return Backend(_detect_stream, plan, offline, tuple(SOURCES))


def _detect_stream(address: EmailAddress, **options: Any) -> AbstractAsyncContextManager[AsyncIterable[Event]]:
    """Import the network only when it is used: plans and the table do without."""
    from mailsettings.engine import detect_stream

    return detect_stream(address, **options)

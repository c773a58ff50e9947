"""All sources that ship with the package. Their order does not affect the answer: authority decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from mailsettings.leads import Source
from mailsettings.sources.autoconfig import autoconfig
from mailsettings.sources.autodiscover import autodiscover
from mailsettings.sources.directory import directory_at
from mailsettings.sources.guess import guess
from mailsettings.sources.ispdb import ispdb as default_ispdb
from mailsettings.sources.ispdb import ispdb_at
from mailsettings.sources.jmap import jmap
from mailsettings.sources.mailconf import mailconf
from mailsettings.sources.mx import mx, mx_with
from mailsettings.sources.pacc import pacc
from mailsettings.sources.provider_table import provider_tables
from mailsettings.sources.services import services
from mailsettings.sources.srv import srv

# Called in this order: first what leads to servers in one step, last what no server depends on. A process that has just
# started takes a tenth of a second to list all leads.
SOURCES: tuple[Source, ...] = (
    provider_tables,
    mx,
    srv,
    guess,
    autoconfig,
    mailconf,
    pacc,
    autodiscover,
    jmap,
    default_ispdb,
    services,
)


def configured_sources(
    sources: Iterable[Source] = SOURCES, *, ispdb: str | None = None, folder: str | Path | None = None
) -> tuple[Source, ...]:
    """Return *sources* with another collection than the ISPDB, and with a folder of documents of your own.

    *ispdb* is the https URL to which a domain is appended; empty: no collection; None: the default one. *folder* holds
    <domain>.xml files, which have the authority of your own provider table.
    """
    own = () if folder is None else (directory_at(folder),)
    return (*own, *(sources if ispdb is None else _with_collection(sources, ispdb)))


def _with_collection(sources: Iterable[Source], base: str) -> Iterator[Source]:
    """Replace the ISPDB by the collection at *base* in the two sources that query it."""
    for source in sources:
        if source is mx:
            yield mx_with(base)
        elif source is not default_ispdb:
            yield source
        elif base:
            yield ispdb_at(base)

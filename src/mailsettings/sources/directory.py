"""A local folder of autoconfig documents (draft-ietf-mailmaint-autoconfig), `<domain>.xml` each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mailsettings.address import EmailAddress
from mailsettings.errors import DocumentError
from mailsettings.formats import clientconfig, xml
from mailsettings.leads import Lead, Source
from mailsettings.model import Authority, Evidence, Note
from mailsettings.sources.documents import claims_and_facts


def directory_at(path: str | Path) -> Source:
    """Return the source that reads *path*/<domain>.xml, with the authority of the user's own table."""
    directory = Path(path)

    def folder(address: EmailAddress) -> Iterator[Lead]:
        """Yield what the domain's file states, if there is one."""
        # A domain is letters, digits, hyphens and dots between them: it cannot leave the folder.
        file = directory / f"{address.domain}.xml"
        try:
            yield from _leads(file, address.domain)
        except FileNotFoundError:
            return
        except (OSError, DocumentError) as error:
            yield Note(f"{file}: {error}")

    return folder


def _leads(file: Path, domain: str) -> Iterator[Lead]:
    with file.open("rb") as document:
        config = clientconfig.read(document.read(xml.MAX_BYTES + 1), domain)
    yield from claims_and_facts(
        config, Evidence(Authority.OWN_TABLE, "folder", str(file), authentic=True, domain=domain)
    )
    yield from (Note(f"{file}: {note}") for note in config.notes)

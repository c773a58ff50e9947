"""Worlds with one mail server, and one statement that leads to it: what decides whether a password may go there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from mailsettings.hostnames import registrable
from mailsettings.model import Security
from mailsettings.testing import FakeNetwork, imap, smtp
from tests.support.lab.web_documents import AUTOCONFIG, WELL_KNOWN, config

IMAP_PORT, UNUSUAL_PORT, SMTP_PORT = 993, 2525, 465
HOSTER = "hoster.example"
ISPDB = "https://live.thunderbird.net/autoconfig/v1.1"


class Learned(StrEnum):
    """The statement that names the server."""

    NOTHING = "nothing is published"
    DOCUMENT = "autoconfig.D over https"
    WELL_KNOWN = "D itself over https"
    REDIRECTED = "autoconfig.D, which redirects to another domain"
    HTTP = "autoconfig.D over http"
    SRV = "SRV records"
    SIGNED_SRV = "SRV records, signed"
    MX = "the MX record"
    ISPDB = "the ISPDB"
    MX_DOCUMENT = "a document of the exchanger's domain"


@dataclass(frozen=True, slots=True)
class TrustCase:
    """A server *host* for addresses at *domain*, with IMAP at *port* and SMTP at the usual one."""

    domain: str
    host: str
    learned: Learned
    names: tuple[str, ...] = ()  # that the certificate is valid for besides the host
    port: int = IMAP_PORT

    @property
    def address(self) -> str:
        return f"ada@{self.domain}"

    @property
    def document(self) -> str:
        """A document that names the server."""
        return config(self.host, incoming=(self.port, "SSL"), outgoing=(SMTP_PORT, "SSL"))

    def build(self, net: FakeNetwork) -> None:
        """Build the world."""
        net.records(self.domain, TXT="here")
        servers = (imap(self.port, security=Security.TLS), smtp(SMTP_PORT))
        net.host(self.host, certificate=(self.host, *self.names)).serve(*servers)
        _PUBLISHERS[self.learned](net, self)


def _nothing(net: FakeNetwork, case: TrustCase) -> None:
    """Leave the server to be guessed."""


def _document(net: FakeNetwork, case: TrustCase) -> None:
    net.page(f"https://autoconfig.{case.domain}{AUTOCONFIG}", case.document)


def _well_known(net: FakeNetwork, case: TrustCase) -> None:
    net.page(f"https://{case.domain}{WELL_KNOWN}", case.document)


def _redirected(net: FakeNetwork, case: TrustCase) -> None:
    net.redirect(f"https://autoconfig.{case.domain}{AUTOCONFIG}", f"https://www.{HOSTER}/config.xml")
    net.page(f"https://www.{HOSTER}/config.xml", case.document)


def _http(net: FakeNetwork, case: TrustCase) -> None:
    net.page(f"http://autoconfig.{case.domain}{AUTOCONFIG}", case.document)


def _srv(net: FakeNetwork, case: TrustCase) -> None:
    net.records(f"_imaps._tcp.{case.domain}", SRV=f"0 1 {case.port} {case.host}")
    net.records(f"_submissions._tcp.{case.domain}", SRV=f"0 1 {SMTP_PORT} {case.host}")


def _signed_srv(net: FakeNetwork, case: TrustCase) -> None:
    net.signed(registrable(case.domain))
    _srv(net, case)


def _mx(net: FakeNetwork, case: TrustCase) -> None:
    net.records(case.domain, MX=f"10 {case.host}")


def _ispdb(net: FakeNetwork, case: TrustCase) -> None:
    net.page(f"{ISPDB}/{case.domain}", case.document)


def _mx_document(net: FakeNetwork, case: TrustCase) -> None:
    net.records(case.domain, MX=f"10 mx1.{HOSTER}")
    net.page(f"https://autoconfig.{HOSTER}{AUTOCONFIG}", case.document)


_PUBLISHERS: Mapping[Learned, Callable[[FakeNetwork, TrustCase], None]] = {
    Learned.NOTHING: _nothing,
    Learned.DOCUMENT: _document,
    Learned.WELL_KNOWN: _well_known,
    Learned.REDIRECTED: _redirected,
    Learned.HTTP: _http,
    Learned.SRV: _srv,
    Learned.SIGNED_SRV: _signed_srv,
    Learned.MX: _mx,
    Learned.ISPDB: _ispdb,
    Learned.MX_DOCUMENT: _mx_document,
}

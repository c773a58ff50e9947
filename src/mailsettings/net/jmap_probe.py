"""Probe a JMAP server inside verified TLS: only a session object is a greeting (RFC 8620 §2, §2.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mailsettings.errors import DocumentError, FailureKind, NetworkError
from mailsettings.formats import jmap
from mailsettings.model import URL, Endpoint, Failure, Hello, Probe, Step

if TYPE_CHECKING:
    from mailsettings.interfaces import Net, Page
    from mailsettings.model import TLSFacts

_HTTPS = 443
_UNAUTHORIZED = 401


async def probe_jmap(
    endpoint: Endpoint, net: Net, tls_of: Callable[[str], TLSFacts | None], on_step: Callable[[Step], None]
) -> Probe:
    """Return the probe of *endpoint*, fetched through *net*. *tls_of* returns the TLS facts of a host.

    Never raises NetworkError.
    """
    on_step(Step.GREETING)
    host_port = endpoint.host if endpoint.port == _HTTPS else f"{endpoint.host}:{endpoint.port}"
    try:
        page = await net.get(f"https://{host_port}/.well-known/jmap", answers=frozenset({_UNAUTHORIZED}))
        _check_session(page, endpoint.host)
    except NetworkError as error:
        return Probe(endpoint, failure=Failure.of(endpoint, error))
    tls = tls_of(endpoint.host)
    return Probe(endpoint, hello=Hello("JMAP: session", tls=tls), tls=tls)


def _check_session(page: Page, host: str) -> None:
    """Raise NetworkError unless *page* is a session object with mail, and *host* itself has sent it.

    OTHER_HOST if redirects lead elsewhere, LOGIN_REQUIRED for a 401, which any web site may send; NO_DOCUMENT,
    NOT_OFFERED …
    """
    elsewhere = next((name for name in (URL(url).host for url in page.route) if name != host), host)
    if elsewhere != host:
        raise NetworkError(FailureKind.OTHER_HOST, f"JMAP leads to {elsewhere}, which is another server")
    if page.status == _UNAUTHORIZED:
        raise NetworkError(FailureKind.LOGIN_REQUIRED, jmap.LOGIN_FIRST)
    try:
        mail = jmap.offers_mail(page.body)
    except DocumentError as error:
        raise NetworkError(error.kind, str(error)) from error
    if not mail:
        raise NetworkError(FailureKind.NOT_OFFERED, "JMAP without mail")

"""Probe a JMAP server inside verified TLS: a session object, or 401 Unauthorized (RFC 8620 §2.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mailsettings.errors import DocumentError, FailureKind, NetworkError
from mailsettings.formats import jmap
from mailsettings.model import Endpoint, Failure, Hello, Probe, Step

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
        seen = _seen(await net.get(f"https://{host_port}/.well-known/jmap", answers=frozenset({_UNAUTHORIZED})))
    except NetworkError as error:
        return Probe(endpoint, failure=Failure.of(endpoint, error))
    tls = tls_of(endpoint.host)
    return Probe(endpoint, hello=Hello(f"JMAP: {seen}", tls=tls), tls=tls)


def _seen(page: Page) -> str:
    """Describe *page*, a well-known JMAP resource. NetworkError(NO_DOCUMENT | NOT_OFFERED …) if it is none."""
    if page.status == _UNAUTHORIZED:
        return "asks for a login"
    try:
        mail = jmap.offers_mail(page.body)
    except DocumentError as error:
        raise NetworkError(error.kind, str(error)) from error
    if not mail:
        raise NetworkError(FailureKind.NOT_OFFERED, "JMAP without mail")
    return "session"

"""Programs and devices that open TLS on the way, known by the issuer of the certificates they make up. Pure.

interceptors.json has parts of issuers in lower case, where each sits (this computer, the network), source and day.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mailsettings.diagnosis.codes import finding
from mailsettings.model import Confidence, Finding


@dataclass(frozen=True, slots=True)
class Interceptor:
    """One product; *issuer* is a part of the issuer's name, in lower case."""

    issuer: str
    product: str
    where: str  # computer, network
    source: str
    checked: str


@cache
def interceptors() -> tuple[Interceptor, ...]:
    """Return those that are known."""
    rows = json.loads(Path(__file__).with_name("interceptors.json").read_text(encoding="utf-8"))
    return tuple(Interceptor(**row) for row in rows)


def interceptor(names: Iterable[str]) -> Interceptor | None:
    """Return who issues certificates under one of *names*, if it is somebody who opens other people's TLS."""
    lower = [name.lower() for name in names]
    return next((known for known in interceptors() if any(known.issuer in name for name in lower)), None)


def intercepted(name: str, issuers: Iterable[str]) -> Finding | None:
    """Return the finding for the server *name* whose certificates come from *issuers*; None if they are nobody's."""
    listed = tuple(issuers)
    known = interceptor(listed)
    if known is None:
        return None
    code = "local-proxy" if known.where == "computer" else "tls-intercepted"
    return finding(code, f"{name}: the certificate is by {known.product} ({listed[0]})", Confidence.LIKELY)

"""The JMAP session object, read only for whether it offers mail (RFC 8620 §2, RFC 8621 §1.3)."""

from __future__ import annotations

from mailsettings.errors import DocumentError, FailureKind
from mailsettings.formats import json

CORE = "urn:ietf:params:jmap:core"
LOGIN_FIRST = "asks for a login before it shows that it is JMAP"  # a 401, which any web site may send
MAIL = "urn:ietf:params:jmap:mail"


def offers_mail(data: bytes) -> bool:
    """Say whether *data* is a session object that offers mail.

    Raises DocumentError, NO_DOCUMENT if it is no session object at all.
    """
    capabilities = json.member(json.read(data), "capabilities")
    if not isinstance(capabilities, dict) or not isinstance(capabilities.get(CORE), dict):
        raise DocumentError(f"document has no capability {CORE!r}", FailureKind.NO_DOCUMENT)
    return isinstance(capabilities.get(MAIL), dict)

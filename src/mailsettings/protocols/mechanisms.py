"""Login methods: the names servers use, and the families a client chooses between. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailsettings.model import Auth

_NAME = re.compile(
    r"[A-Z0-9_-]{1,40}"
)  # RFC 4422 §3.1 allows 20 characters; PLAIN-CLIENTTOKEN shows how close they get

# In the order a client should prefer: a token can be revoked, a password inside TLS works everywhere.
_FAMILIES = (
    (Auth.OAUTH2, re.compile(r"OAUTHBEARER|XOAUTH2")),  # XOAUTH is OAuth 1 and not meant
    (Auth.PASSWORD, re.compile(r"PLAIN|LOGIN|USER")),
    (Auth.ENCRYPTED, re.compile(r"SCRAM-.+|CRAM-MD5|DIGEST-MD5|APOP")),
    (Auth.GSSAPI, re.compile(r"GSSAPI|GS2-.+|GSS-SPNEGO")),
    (Auth.NTLM, re.compile(r"NTLM")),
    (Auth.CERTIFICATE, re.compile(r"EXTERNAL")),
)


def names(words: Iterable[str]) -> tuple[str, ...]:
    """Return the *words* that can be mechanism names: upper case, each once, in the server's order."""
    return tuple(dict.fromkeys(word.upper() for word in words if _NAME.fullmatch(word.upper())))


def families(mechanisms: Iterable[str]) -> tuple[Auth, ...]:
    """Return the families that *mechanisms* belong to, the preferable first; unknown mechanisms belong to none."""
    offered = tuple(mechanisms)
    return tuple(auth for auth, form in _FAMILIES if any(form.fullmatch(name) for name in offered))

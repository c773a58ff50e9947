"""Login methods: the mechanism names of servers, and the families that a client chooses from. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailsettings.model import Auth

# RFC 4422 §3.1 allows 20 characters; PLAIN-CLIENTTOKEN shows how close names get.
_NAME = re.compile(r"[A-Z0-9_-]{1,40}")

# In order of preference for a client: a token can be revoked, a password inside TLS works everywhere.
_FAMILIES = (
    (Auth.OAUTH2, re.compile(r"OAUTHBEARER|XOAUTH2")),  # not XOAUTH, which is OAuth 1
    (Auth.PASSWORD, re.compile(r"PLAIN|LOGIN|USER")),
    (Auth.ENCRYPTED, re.compile(r"SCRAM-.+|CRAM-MD5|DIGEST-MD5|APOP")),
    (Auth.GSSAPI, re.compile(r"GSSAPI|GS2-.+|GSS-SPNEGO")),
    (Auth.NTLM, re.compile(r"NTLM")),
    (Auth.CERTIFICATE, re.compile(r"EXTERNAL")),
)


def names(words: Iterable[str]) -> tuple[str, ...]:
    """Return the *words* that are valid mechanism names: upper case, each once, in the server's order."""
    return tuple(dict.fromkeys(word.upper() for word in words if _NAME.fullmatch(word.upper())))


def families(mechanisms: Iterable[str]) -> tuple[Auth, ...]:
    """Return the families of *mechanisms*, preferred ones first; unknown mechanisms belong to none."""
    offered = tuple(mechanisms)
    return tuple(auth for auth, pattern in _FAMILIES if any(pattern.fullmatch(name) for name in offered))

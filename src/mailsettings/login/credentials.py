"""What a user logs in with, in a type that prints as ***."""

from __future__ import annotations

import base64
import json
from typing import NoReturn
from urllib.parse import quote

from mailsettings.model import Auth

HIDDEN = "***"
_FORBIDDEN = "\r\n\0"  # ends a line or a SASL field (RFC 4616 §2); no server takes them in a password
_SHORTEST = 3  # characters; whatever is shorter stands in every text by chance


class Credentials:
    """A password or a token, for one account.

    No dataclass on purpose: `asdict`, `vars`, `pickle`, `repr` and JSON writers find nothing in it.
    """

    __slots__ = ("_secret", "auth", "username")

    def __init__(self, secret: str, *, auth: Auth = Auth.PASSWORD, username: str = "") -> None:
        """*username* is what to log in as; empty: what the settings say. ValueError where a protocol forbids *secret*.

        The message says nothing of what the secret is.
        """
        if not secret:
            raise ValueError("the password or token is empty")
        if any(char in _FORBIDDEN for char in secret + username):
            raise ValueError("user names, passwords and tokens cannot have line ends or NUL")
        if any("\ud800" <= char <= "\udfff" for char in secret + username):
            # What Python makes of bytes that are no UTF-8; the error of encode() would quote them.
            raise ValueError("user names, passwords and tokens have to be UTF-8")
        self._secret = secret
        self.auth = auth
        self.username = username

    @classmethod
    def password(cls, secret: str, *, username: str = "") -> Credentials:
        """Return credentials with a password, be it the account's or an app password."""
        return cls(secret, username=username)

    @classmethod
    def token(cls, secret: str, *, username: str = "") -> Credentials:
        """Return credentials with an OAuth 2 access token."""
        return cls(secret, auth=Auth.OAUTH2, username=username)

    def reveal(self) -> str:
        """Return the secret itself, for the mechanism that sends it and for nothing else."""
        return self._secret

    def scrub(self, text: str) -> str:
        """Return *text* without the secret, in whatever form a server may have sent it back."""
        for form in self._forms():
            text = text.replace(form, HIDDEN)
        return text

    def _forms(self) -> list[str]:
        """Return how the secret may look in a reply, the longest first; very short ones only as they are."""
        secret = self._secret
        raw = secret.encode()
        forms = {secret, raw.decode("latin-1"), quote(secret), quote(secret, safe=""), repr(secret)[1:-1]}
        forms |= {secret.replace("\\", "\\\\").replace('"', '\\"'), json.dumps(secret)[1:-1]}
        forms |= {_inside_base64(raw, offset) for offset in range(3)}
        return sorted((form for form in forms if len(form) >= _SHORTEST), key=len, reverse=True)

    def __repr__(self) -> str:
        return f"Credentials({self.auth}={HIDDEN})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("credentials are not stored or sent anywhere: they cannot be pickled or copied")


def _inside_base64(raw: bytes, offset: int) -> str:
    """Return what base64 makes of *raw* behind *offset* other bytes, without the letters that it shares with others.

    A server that repeats `AUTH PLAIN AGFkYQBzZWNyZXQ=` has the password somewhere in the middle.
    """
    text = base64.b64encode(b"\0" * offset + raw).decode()
    return text[(0, 2, 3)[offset] : (offset + len(raw)) * 8 // 6]

"""The credentials of a user, in a type that prints as ***."""

from __future__ import annotations

import base64
import json
from typing import NoReturn
from urllib.parse import quote

from mailsettings.errors import DocumentError
from mailsettings.formats.text import web_url
from mailsettings.model import Auth

HIDDEN = "***"
_FORBIDDEN = "\r\n\0"  # ends a line or a SASL field (RFC 4616 §2); no server accepts them in a password
_SHORTEST = 3  # characters; shorter strings occur in most texts by chance


class Credentials:
    """A password or a token, for one account.

    Not a dataclass on purpose: `asdict`, `vars`, `pickle`, `repr` and JSON writers do not find the secret.
    """

    __slots__ = ("_secret", "auth", "issuer", "username")

    def __init__(self, secret: str, *, auth: Auth = Auth.PASSWORD, username: str = "", issuer: str = "") -> None:
        """*username* is the name to log in as; empty: that of the settings. ValueError if a protocol forbids *secret*.

        *issuer* is who issued a token, as a host or an https URL; empty: not known. The message of the error contains
        neither of them.
        """
        if not secret:
            raise ValueError("the password or token is empty")
        if any(char in _FORBIDDEN for char in secret + username):
            raise ValueError("user names, passwords and tokens cannot have line ends or NUL")
        if any("\ud800" <= char <= "\udfff" for char in secret + username):
            # How Python decodes bytes that are not UTF-8; the error of encode() would quote them.
            raise ValueError("user names, passwords and tokens have to be UTF-8")
        if issuer and not _may_be_issuer(issuer):
            raise ValueError("the issuer of a token is a host or an https URL, like accounts.google.com")
        self._secret = secret
        self.auth = auth
        self.issuer = issuer
        self.username = username

    @classmethod
    def password(cls, secret: str, *, username: str = "") -> Credentials:
        """Return credentials with a password: the account's own or an app password."""
        return cls(secret, username=username)

    @classmethod
    def token(cls, secret: str, *, issuer: str = "", username: str = "") -> Credentials:
        """Return credentials with an OAuth 2 access token of *issuer*, which is sent to servers of that issuer only.

        Without *issuer* it is sent only where all servers have the same known one.
        """
        return cls(secret, auth=Auth.OAUTH2, username=username, issuer=issuer)

    def reveal(self) -> str:
        """Return the secret itself; only for the mechanism that sends it."""
        return self._secret

    def scrub(self, text: str) -> str:
        """Return *text* with the secret replaced by ***, in any form in which a server may repeat it."""
        for form in self._forms():
            text = text.replace(form, HIDDEN)
        return text

    def _forms(self) -> list[str]:
        """Return the forms in which the secret may occur in a reply, the longest first, without very short ones."""
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

    def __getstate__(self) -> NoReturn:
        self.__reduce__()  # object's own would return all slots


def _may_be_issuer(text: str) -> bool:
    try:
        return bool(web_url(text if "://" in text else f"https://{text}", schemes=("https",)))
    except DocumentError:
        return False


def _inside_base64(raw: bytes, offset: int) -> str:
    """Return the base64 of *raw* behind *offset* other bytes, without characters that also depend on its neighbours.

    A server that repeats `AUTH PLAIN AGFkYQBzZWNyZXQ=` has the password in the middle of it.
    """
    text = base64.b64encode(b"\0" * offset + raw).decode()
    return text[(0, 2, 3)[offset] : (offset + len(raw)) * 8 // 6]

"""SASL mechanisms as generators: they yield responses and are sent the server's challenges. Pure (RFC 4422).

    mechanism                 carrier (login.imap, login.pop3, login.smtp)
       | --- response ------->  |   base64 on the wire; the first one may go along with the command
       | <-- challenge -------  |
       |  return                |   no more responses; the protocol carries the server's verdict

In SCRAM the server authenticates, too: a mechanism of MUTUAL_MECHANISMS is sent the server's success as if it were a
challenge (login.sasl_exchange), and raises UnprovenError if the server's signature is wrong or missing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Callable, Generator, Iterable

from mailsettings.errors import FailureKind, NetworkError, UnprovenError
from mailsettings.login.credentials import Credentials
from mailsettings.model import Auth, Endpoint

Mechanism = Generator[bytes, bytes, None]
MechanismFactory = Callable[[str, Credentials, Endpoint], Mechanism]

SERVER_FIRST = frozenset({"LOGIN", "CRAM-MD5"})  # these begin with a challenge; they have no initial response
# Of SCRAM. RFC 7677 asks for 4096 at least; a server must not keep the client computing for minutes.
MAX_ITERATIONS = 1_000_000


def plain(username: str, credentials: Credentials, _endpoint: Endpoint) -> Mechanism:
    """RFC 4616: `\\0user\\0password`, UTF-8."""
    yield b"\0%b\0%b" % (username.encode(), credentials.reveal().encode())


def login(username: str, credentials: Credentials, _endpoint: Endpoint) -> Mechanism:
    """Answer two prompts, whatever they say (draft-murchison-sasl-login §2)."""
    yield b""  # SERVER_FIRST: the carrier does not send this
    yield username.encode()
    yield credentials.reveal().encode()


def xoauth2(username: str, credentials: Credentials, _endpoint: Endpoint) -> Mechanism:
    """Google's and Microsoft's mechanism. A challenge is an error in JSON: an empty response brings the refusal."""
    yield b"user=%b\x01auth=Bearer %b\x01\x01" % (username.encode(), credentials.reveal().encode())
    yield b""


def oauthbearer(username: str, credentials: Credentials, endpoint: Endpoint) -> Mechanism:
    """RFC 7628 §3.1. A challenge is an error: the response is a lone ^A (§3.2.3)."""
    user = username.replace("=", "=3D").replace(",", "=2C")
    where = f"host={endpoint.host}\x01port={endpoint.port}"
    yield f"n,a={user},\x01{where}\x01auth=Bearer {credentials.reveal()}\x01\x01".encode()
    yield b"\x01"


def cram_md5(username: str, credentials: Credentials, _endpoint: Endpoint) -> Mechanism:
    """RFC 2195: the password keys a digest of the challenge."""
    challenge = yield b""  # as above
    digest = hmac.new(credentials.reveal().encode(), challenge, hashlib.md5).hexdigest()
    yield f"{username} {digest}".encode()


def scram(algorithm: str) -> MechanismFactory:
    """Return SCRAM with *algorithm*, a name of hashlib (RFC 5802, RFC 7677).

    Without channel binding: Python's ssl offers none that TLS 1.3 has (tls-exporter, RFC 9266), see docs/diagnosis.md.
    """

    def start(username: str, credentials: Credentials, _endpoint: Endpoint) -> Mechanism:
        yield from _scram(algorithm, username, credentials, secrets.token_urlsafe(24))

    return start


def _scram(algorithm: str, username: str, credentials: Credentials, nonce: str) -> Mechanism:
    """C: n,,n=user,r=nonce   S: r=…,s=salt,i=rounds   C: c=biws,r=…,p=proof   S: v=signature."""
    name = saslprep(username).replace("=", "=3D").replace(",", "=2C")
    first = f"n={name},r={nonce}"
    server_first = yield f"n,,{first}".encode()
    salt, rounds, combined = _server_first(server_first, nonce)
    salted = hashlib.pbkdf2_hmac(algorithm, saslprep(credentials.reveal()).encode(), salt, rounds)
    bare = f"c=biws,r={combined}"
    signed = b",".join((first.encode(), server_first, bare.encode()))
    key = _mac(salted, b"Client Key", algorithm)
    signature = _mac(hashlib.new(algorithm, key).digest(), signed, algorithm)
    proof = bytes(one ^ other for one, other in zip(key, signature, strict=True))
    final = yield f"{bare},p={base64.b64encode(proof).decode()}".encode()
    if "e" in _fields(final):
        yield b""  # refused (RFC 5802 §7): after an empty response the server says NO; an OK would be unproven
        raise UnprovenError(FailureKind.BAD_REPLY, "it refused, then said yes without a signature")
    expected = _mac(_mac(salted, b"Server Key", algorithm), signed, algorithm)
    # As bytes: compare_digest takes no text beyond ASCII.
    if not hmac.compare_digest(_fields(final).get("v", "").encode(), base64.b64encode(expected)):
        raise UnprovenError(FailureKind.BAD_REPLY, _WRONG_SIGNATURE if final else _MISSING_SIGNATURE)
    yield b""  # where the signature came as a challenge, the server says OK after an empty response


_WRONG_SIGNATURE = "the server's signature is wrong"
_MISSING_SIGNATURE = "the server said yes without its signature"


def _server_first(message: bytes, nonce: str) -> tuple[bytes, int, str]:
    """Return salt, rounds and the combined nonce. NetworkError(BAD_REPLY) where *message* violates RFC 5802."""
    fields = _fields(message)
    try:
        salt, rounds, combined = base64.b64decode(fields["s"], validate=True), int(fields["i"]), fields["r"]
    except (KeyError, ValueError) as error:
        raise NetworkError(FailureKind.BAD_REPLY, "the server's first SCRAM message is none") from error
    if not combined.startswith(nonce) or combined == nonce or not 1 <= rounds <= MAX_ITERATIONS:
        raise NetworkError(FailureKind.BAD_REPLY, "the server's first SCRAM message does not fit ours")
    return salt, rounds, combined


def _fields(message: bytes) -> dict[str, str]:
    parts = (part.partition("=") for part in message.decode("utf-8", "replace").split(","))
    return {key: value for key, _, value in parts}


def _mac(key: bytes, data: bytes, algorithm: str) -> bytes:
    return hmac.new(key, data, algorithm).digest()


# In order of preference. PLAIN before SCRAM: inside verified TLS both are safe, and a server that lists SCRAM may have
# its keys only for accounts that have changed their password since; a refusal would prove nothing.
_FOR_PASSWORDS: dict[str, MechanismFactory] = {
    "PLAIN": plain,
    "LOGIN": login,
    "SCRAM-SHA-256": scram("sha256"),
    "SCRAM-SHA-1": scram("sha1"),
    "CRAM-MD5": cram_md5,
}
_FOR_TOKENS: dict[str, MechanismFactory] = {"OAUTHBEARER": oauthbearer, "XOAUTH2": xoauth2}
MECHANISMS = {**_FOR_PASSWORDS, **_FOR_TOKENS}
TOKEN_MECHANISMS = frozenset(_FOR_TOKENS)
MUTUAL_MECHANISMS = frozenset({"SCRAM-SHA-256", "SCRAM-SHA-1"})  # these authenticate the server, too


def usable_mechanisms(offered: Iterable[str], auth: Auth, preferred: str = "") -> list[str]:
    """Return the mechanisms of *offered* that can be used for *auth*, the best first: *preferred*, if it is offered."""
    supported = _FOR_TOKENS if auth is Auth.OAUTH2 else _FOR_PASSWORDS
    usable = [name for name in supported if name in set(offered)]
    return sorted(usable, key=lambda name: name != preferred)


def decode_challenge(text: bytes) -> bytes:
    """Return the challenge in a server's base64 *text*. NetworkError(BAD_REPLY) if it is not base64."""
    try:
        return base64.b64decode(text.strip(), validate=True)
    except binascii.Error as error:
        raise NetworkError(FailureKind.BAD_REPLY, "a challenge is not base64") from error


def encode_response(response: bytes) -> bytes:
    """Return *response* in base64, as it is sent."""
    return base64.b64encode(response)


def saslprep(text: str) -> str:
    """Return *text* after SASLprep (RFC 4013), or unchanged where the profile prohibits it.

    ASCII is not changed. Prohibited characters are left to the server to refuse: passwords that have them exist, and a
    client that rejects them does not help.
    """
    if text.isascii():
        return text
    import stringprep

    mapped = "".join(
        " " if stringprep.in_table_c12(char) else char for char in text if not stringprep.in_table_b1(char)
    )
    normal = unicodedata.normalize("NFKC", mapped)
    return text if any(map(stringprep.in_table_c21_c22, normal)) else normal

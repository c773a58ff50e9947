"""One SASL exchange on the wire, alike in IMAP, POP3 and SMTP (RFC 4422 §4, RFC 9051 §6.2.2, RFC 5034 §4, RFC 4954 §4).

protocol                    exchange                          mechanism
   | <- begin ------------     | <----- first response --------  |
   | -- answer(challenge) ->   | ------ challenge ------------>  |   base64 is taken off and put on here
   | -- succeeded(text) --->   | ------ the server's proof --->  |   a bare "OK" is none (RFC 5802 §5)
"""

from __future__ import annotations

import base64
import binascii

from mailsettings.errors import FailureKind, NetworkError, UnprovenError
from mailsettings.login.sasl import (
    MECHANISMS,
    MUTUAL_MECHANISMS,
    SERVER_FIRST,
    TOKEN_MECHANISMS,
    decode_challenge,
    encode_response,
)
from mailsettings.login.session import LoginState, SecretCommand, Topic
from mailsettings.model import Auth
from mailsettings.protocols.dialogue import CommandGenerator, Send


class SaslExchange:
    """The mechanism *name* in the login *course*."""

    def __init__(self, course: LoginState, name: str) -> None:
        errand = course.request
        course.mechanism = name
        self._state = course
        self._name = name
        self._mechanism = MECHANISMS[name](errand.username, errand.credentials, errand.endpoint)
        self._first: bytes | None = next(self._mechanism)
        if name in SERVER_FIRST:
            self._first = None

    def begin(self, command: bytes, *, at_once: bool, max_command: int = 0) -> CommandGenerator[None]:
        """Send *command* with the mechanism's name; with the first response, too, where that may go *at_once*.

        A line longer than *max_command* octets (0: any) waits for the server's empty challenge instead.
        """
        line = b"%b %b" % (command, self._name.encode())
        if at_once and self._first is not None:
            # An empty response has a form of its own, but no mechanism here begins with one.
            longer = b"%b %b" % (line, encode_response(self._first))
            if not max_command or len(longer) <= max_command:
                line, self._first = longer, None
        yield SecretCommand(line)

    def answer(self, challenge: bytes) -> CommandGenerator[None]:
        """Answer one *challenge* in base64; `*` gives up when the mechanism has nothing more to say."""
        if self._first is not None:
            response, self._first = self._first, None
            yield SecretCommand(encode_response(response))
            return
        data = decode_challenge(challenge)
        if self._name in TOKEN_MECHANISMS:
            self._state.note(Topic.CHALLENGE, False, (data,))  # the server's reason, as JSON (RFC 7628 §3.2.2)
        try:
            response = self._mechanism.send(data)
        except StopIteration:
            yield Send(b"*")
        except UnprovenError as error:
            yield Send(b"*")
            raise self._unproven(error) from error
        else:
            yield SecretCommand(encode_response(response))

    def succeeded(self, text: bytes) -> None:
        """Let the mechanism judge the server's success, whose line says *text*. Raises UnprovenError.

        None of the three protocols has room for data in its success, so the signature comes as a last challenge
        (RFC 4954 §4). A server that puts it there all the same has proved as much.
        """
        if self._name not in MUTUAL_MECHANISMS:
            return
        try:
            self._mechanism.send(_signature(text))
        except StopIteration:
            return
        except NetworkError as error:
            raise self._unproven(error) from error

    def _unproven(self, error: NetworkError) -> UnprovenError:
        """Write down that the success does not count; the password was judged by nobody."""
        self._state.note(Topic.PROOF, False, (error.seen.encode(),))
        self._state.observe("server-not-proven", f"{self._name}: {error.seen}")
        return UnprovenError(FailureKind.BAD_REPLY, error.seen)


def no_mechanism_error(course: LoginState) -> NetworkError:
    """Return the error for a server without a mechanism for the credentials; say so if it has some for the other kind.

    Nothing secret was sent, so this is no attempt.
    """
    offered = course.hello.mechanisms
    seen = f"offered are {', '.join(offered) or 'no methods'}"
    code = "basic-auth-disabled" if TOKEN_MECHANISMS & set(offered) else ""
    if course.request.credentials.auth is Auth.OAUTH2:
        code = "mechanism-not-offered"
    if code:
        course.note(Topic.OFFER, False, (seen.encode(),))
        course.observe(code, seen)
    return NetworkError(FailureKind.NO_LOGIN, seen)


def _signature(text: bytes) -> bytes:
    """Return the last message of SCRAM where a word of *text* is one, in base64; otherwise nothing."""
    for word in text.split():
        try:
            data = base64.b64decode(word, validate=True)
        except binascii.Error:
            continue
        if data.startswith(b"v="):
            return data
    return b""

"""One SASL exchange, the same in IMAP, POP3 and SMTP (RFC 4422 §4, RFC 9051 §6.2.2, RFC 5034 §4, RFC 4954 §4).

protocol                    exchange                          mechanism
   | <- begin ------------     | <----- first response --------  |
   | -- answer(challenge) ->   | ------ challenge ------------>  |   base64 is decoded and encoded here
   | -- succeeded(text) --->   | ------ the server's proof --->  |   a bare "OK" is no proof (RFC 5802 §5)
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
    """The exchange of the mechanism *name* in one login."""

    def __init__(self, state: LoginState, name: str) -> None:
        request = state.request
        state.mechanism = name
        self._state = state
        self._name = name
        self._mechanism = MECHANISMS[name](request.username, request.credentials, request.endpoint)
        self._first: bytes | None = next(self._mechanism)
        if name in SERVER_FIRST:
            self._first = None

    def begin(self, command: bytes, *, initial_response: bool, max_command: int = 0) -> CommandGenerator[None]:
        """Send *command* with the mechanism's name, and the *initial_response* where the server accepts one.

        If the line gets longer than *max_command* octets (0: no limit), the response waits for an empty challenge.
        """
        line = b"%b %b" % (command, self._name.encode())
        if initial_response and self._first is not None:
            # An empty response would have to be sent as "=", but no mechanism here begins with one.
            longer = b"%b %b" % (line, encode_response(self._first))
            if not max_command or len(longer) <= max_command:
                line, self._first = longer, None
        yield SecretCommand(line)

    def answer(self, challenge: bytes) -> CommandGenerator[None]:
        """Respond to one *challenge* in base64; `*` cancels the exchange when the mechanism has no more responses."""
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
        """Let the mechanism check the server's success, the line *text*. Raises UnprovenError.

        None of the three protocols has a field for data in its success, so the signature comes as a last challenge
        (RFC 4954 §4). A signature in the success is accepted as well.
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
        """Record that the success does not count: the server may not have checked the password."""
        self._state.note(Topic.PROOF, False, (error.seen.encode(),))
        self._state.observe("server-not-proven", f"{self._name}: {error.seen}")
        return UnprovenError(FailureKind.BAD_REPLY, error.seen)


def no_mechanism_error(state: LoginState) -> NetworkError:
    """Return the error for a server without a mechanism for the credentials; record if it has one for the other kind.

    No secret was sent, so this does not count as an attempt.
    """
    offered = state.hello.mechanisms
    seen = f"offered are {', '.join(offered) or 'no methods'}"
    code = "basic-auth-disabled" if TOKEN_MECHANISMS & set(offered) else ""
    if state.request.credentials.auth is Auth.OAUTH2:
        code = "mechanism-not-offered"
    if code:
        state.note(Topic.OFFER, False, (seen.encode(),))
        state.observe(code, seen)
    return NetworkError(FailureKind.NO_LOGIN, seen)


def _signature(text: bytes) -> bytes:
    """Return SCRAM's final message if *text* contains it in base64; otherwise empty."""
    for word in text.split():
        try:
            data = base64.b64decode(word, validate=True)
        except binascii.Error:
            continue
        if data.startswith(b"v="):
            return data
    return b""

"""Logging in to servers of the laboratory: with the library in this process, and with the command in another."""

from __future__ import annotations

import imaplib
import json
import poplib
import smtplib
import ssl
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from mailsettings import Policy, parse_address
from mailsettings.login.credentials import Credentials
from mailsettings.login.result import LoginResult
from mailsettings.login.verify import verify
from mailsettings.model import Endpoint, Protocol, Security, ServerSettings
from tests.support.lab.laboratory import Laboratory
from tests.support.lab.namespaces import inside

COMMAND = str(Path(sys.executable).with_name("mailsettings"))
IMAP, POP3, SMTP = Protocol.IMAP, Protocol.POP3, Protocol.SMTP
_PORTS = {IMAP: 993, POP3: 995, SMTP: 465}


def server(host: str, protocol: Protocol, port: int = 0) -> Endpoint:
    """Return *host*'s endpoint for *protocol*; with a *port* it is one of STARTTLS."""
    return Endpoint(protocol, host, port or _PORTS[protocol], Security.STARTTLS if port else Security.TLS)


def verified(
    lab: Laboratory, endpoint: Endpoint, address: str, secret: str, *, username: str = "", token: bool = False
) -> LoginResult:
    """Return what the library's verify() finds when it logs in to *endpoint* alone."""
    outgoing = endpoint.protocol is SMTP
    incoming, sending = (None, endpoint) if outgoing else (endpoint, None)
    what = ServerSettings(parse_address(address), incoming, sending, username)
    credentials = Credentials.token(secret, issuer=_issuer(address)) if token else Credentials.password(secret)
    policy = Policy(resolver=lab.resolver, ca_file=str(lab.ca_file))
    with inside(lab.namespaces.client):
        found = anyio.run(partial(verify, what, credentials, policy=policy))
    result = found.outgoing if outgoing else found.incoming
    assert result is not None
    assert secret not in repr(found)
    return result


def checked(
    lab: Laboratory, address: str, secret: str, *options: str, token: bool = False
) -> tuple[int, dict[str, Any]]:
    """Run `mailsettings check` with *secret* on its standard input; return its exit code and its JSON."""
    kind = ("--token-stdin", "--issuer", _issuer(address)) if token else ("--password-stdin",)
    words = (
        COMMAND,
        "check",
        address,
        "--debug",
        "--json",
        *kind,
        "--resolver",
        lab.resolver,
        "--ca",
        str(lab.ca_file),
    )
    # The secret comes through the shell's own printf: it is in no command line of ours that others could see.
    done = lab.in_client("sh", "-c", 'printf %s "$0" | "$@"', secret, *words, *options)
    assert done.stdout, done.stderr
    assert secret not in done.stdout + done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, answer


def _issuer(address: str) -> str:
    """Return who issues the tokens of *address* in the laboratory: a host of its own domain."""
    return f"login.{address.rpartition('@')[2]}"


def codes(found: LoginResult | dict[str, Any]) -> list[str]:
    """Return the codes of what was found, by the library or by the command."""
    if isinstance(found, LoginResult):
        return [item.code for item in found.findings]
    return [item["code"] for item in found["findings"]]


@contextmanager
def held(lab: Laboratory, host: str, protocol: Protocol, count: int, username: str, password: str) -> Iterator[None]:
    """Keep *count* connections to *host* open, logged in where that takes a mailbox, from the address we come from."""
    context = ssl.create_default_context(cafile=lab.ca_file)
    context.check_hostname = False
    # IPv6, as the program prefers it: servers count by address.
    ip = next(str(ip) for ip in lab.places[host].addresses if ip.version == 6)
    with ExitStack() as stack, inside(lab.namespaces.client):
        for _ in range(count):
            if protocol is IMAP:
                stack.enter_context(imaplib.IMAP4_SSL(ip, ssl_context=context, timeout=10)).login(username, password)
            elif protocol is POP3:
                mailbox = poplib.POP3_SSL(ip, context=context, timeout=10)
                stack.callback(mailbox.quit)
                mailbox.user(username)
                mailbox.pass_(password)
            else:
                stack.enter_context(smtplib.SMTP_SSL(ip, context=context, timeout=10))
        yield

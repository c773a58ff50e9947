"""Worlds in memory with mailboxes, and a login in them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from mailsettings import Detection, Policy, detect, parse_address
from mailsettings.login.credentials import Credentials
from mailsettings.login.verify import Verification, verify
from mailsettings.model import Endpoint, Protocol, Security, ServerSettings
from mailsettings.net.network import open_network
from mailsettings.testing import Account, FakeNetwork, Options, Server, imap, run_virtual, smtp

D = "world.example"
ADA = f"ada@{D}"
GOOD = {ADA: Account("secret")}
SECRET = Credentials.password("secret")
TYPED = ServerSettings(
    parse_address(ADA),
    Endpoint(Protocol.IMAP, f"mail.{D}", 993, Security.TLS),
    Endpoint(Protocol.SMTP, f"mail.{D}", 465, Security.TLS),
)


def world(*servers: Server) -> FakeNetwork:
    """Return a world whose one mail host runs *servers*."""
    net = FakeNetwork(rtt=0.05)
    net.host(f"mail.{D}").serve(*servers)
    return net


def usual(**options: object) -> FakeNetwork:
    """Return a world with IMAP and SMTP that have these *options*."""
    usual_options: Options = {"accounts": GOOD, **options}  # type: ignore[typeddict-item]  # a test that errs here fails
    return world(imap(**usual_options), smtp(**usual_options))


async def logged_in(
    net: FakeNetwork,
    what: ServerSettings | str,
    credentials: Credentials = SECRET,
    confirmed: Iterable[str] = (),
    thorough: bool = False,
) -> Verification:
    """Find the servers of *what* if it is an address, then log in."""
    policy = Policy().for_mailboxes()
    async with open_network(policy, net.transport(policy)) as network:
        found: Detection | ServerSettings
        found = await detect(what, policy=policy, net=network) if isinstance(what, str) else what
        return await verify(found, credentials, policy=policy, net=network, confirmed=confirmed, thorough=thorough)


def verified(
    net: FakeNetwork, what: ServerSettings | str = TYPED, credentials: Credentials = SECRET, **options: Any
) -> Verification:
    """Return what a login in *net* comes to, in virtual time; no connection is left open."""
    result, _ = run_virtual(partial(logged_in, net, what, credentials, **options))
    assert net.open_streams == ()
    return result


def logins(net: FakeNetwork) -> list[str]:
    """Return the login commands that were sent, without what is secret in them."""
    words = ("AUTHENTICATE", "LOGIN", "AUTH ", "PASS ")
    return [line.split(" < ")[0] for line in net.lines if any(word in line for word in words)]

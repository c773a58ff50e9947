"""What a JMAP server shows before a login."""

from functools import partial

import pytest

from mailsettings.errors import FailureKind
from mailsettings.model import Endpoint, Probe, Protocol, Security
from mailsettings.net.network import open_network
from mailsettings.policy import Policy
from mailsettings.testing import FakeNetwork, run_virtual

HOST = "jmap.example.org"
PLACE = f"https://{HOST}/.well-known/jmap"
MAIL = b'{"capabilities": {"urn:ietf:params:jmap:core": {}, "urn:ietf:params:jmap:mail": {}}}'
CORE = b'{"capabilities": {"urn:ietf:params:jmap:core": {}}}'


async def _probe(net: FakeNetwork, steps: list[str]) -> Probe:
    policy = Policy()
    async with open_network(policy, net.transport(policy)) as network:
        return await network.greet(Endpoint(Protocol.JMAP, HOST, 443, Security.TLS), steps.append)


def probe(net: FakeNetwork) -> Probe:
    return run_virtual(partial(_probe, net, []))[0]


@pytest.mark.parametrize("redirected", [False, True])
def test_a_session_is_a_jmap_server(*, redirected: bool) -> None:
    """
    Inside TLS, whose facts are in the probe; the server may keep its session elsewhere on the same host.
    """
    net = FakeNetwork()
    if redirected:
        net.redirect(PLACE, "/jmap/session")
    net.page(f"https://{HOST}/jmap/session" if redirected else PLACE, MAIL, content_type="application/json")

    seen = probe(net)

    assert seen.hello is not None
    assert seen.tls is not None
    assert (seen.hello.greeting, seen.hello.tls, seen.tls.names) == ("JMAP: session", seen.tls, (HOST,))
    assert seen.verified


@pytest.mark.parametrize("status", [200, 401], ids=["session", "login"])
@pytest.mark.parametrize("back", [False, True])
def test_a_redirect_to_another_host_verifies_none(status: int, *, back: bool) -> None:
    """
    What another server answers says nothing about this one, even if that leads back.
    """
    net, elsewhere = FakeNetwork(), "https://parking.example/session"
    net.redirect(PLACE, elsewhere)
    if back:
        net.redirect(elsewhere, f"https://{HOST}/session")
    net.page(f"https://{HOST}/session" if back else elsewhere, MAIL, status=status)

    seen = probe(net)

    assert (seen.verified, seen.hello, seen.failure and seen.failure.kind) == (False, None, FailureKind.OTHER_HOST)


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (CORE, 200, FailureKind.NOT_OFFERED),
        (b"<html>", 200, FailureKind.NO_DOCUMENT),
        (b"", 404, FailureKind.HTTP_STATUS),
        (b"", 401, FailureKind.LOGIN_REQUIRED),
        (MAIL, 401, FailureKind.LOGIN_REQUIRED),
        (b'{"capabilities": {"urn:ietf:params:jmap:core": "yes"}}', 200, FailureKind.NO_DOCUMENT),
        (b'{"capabilities": ["urn:ietf:params:jmap:core"]}', 200, FailureKind.NO_DOCUMENT),
    ],
    ids=["without mail", "a page", "nothing there", "login", "login with a session", "a word", "a list"],
)
def test_everything_else_is_none(body: bytes, status: int, kind: FailureKind) -> None:
    """
    What is wrong is in the probe.
    """
    net = FakeNetwork()
    net.page(PLACE, body, status=status, content_type="application/json")

    seen = probe(net)

    assert (seen.hello, seen.failure and seen.failure.kind) == (None, kind)


def test_the_probe_has_one_step() -> None:
    """
    How long it takes to connect is the fetcher's business.
    """
    net, steps = FakeNetwork(), list[str]()
    net.page(PLACE, MAIL)

    run_virtual(partial(_probe, net, steps))

    assert steps == ["greeting"]

"""TLS without cryptography: what a handshake shows, and every way it fails."""

import pytest

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.testing import (
    CLOSE,
    HEAR,
    RESET,
    TLS,
    Certificate,
    FakeNetwork,
    Say,
    Script,
    imap,
    run_virtual,
    scripted,
    smtp,
)
from tests.support.fake_network_client import ADDRESS, HOST, dial, dial_tls, fetch, from_generator, world

pytestmark = pytest.mark.anyio


async def _kind(net: FakeNetwork, port: int) -> FailureKind | None:
    """Return how a handshake fails, None if it does not."""
    stream = await dial(net, port)
    try:
        await stream.start_tls(HOST, ())
    except NetworkError as error:
        return error.kind
    return None


async def test_a_certificate_is_for_its_host_by_default() -> None:
    """Where a test says nothing, everything is in order."""
    facts = await (await dial(world(imap()), 993)).start_tls(HOST, ("imap",))

    assert (facts.version, facts.names, facts.subject, facts.alpn) == ("TLSv1.3", (HOST,), f"CN={HOST}", "")


async def test_names_make_a_certificate() -> None:
    """The name is not compared at this seam: another one is shown, not refused."""
    net = FakeNetwork()
    net.host(HOST, ADDRESS).serve(imap(), certificate=("mail.hoster.example", "*.hoster.example"))

    facts = await (await dial(net, 993)).start_tls(HOST, ())

    assert facts.names == ("mail.hoster.example", "*.hoster.example")


async def test_a_certificate_says_everything_a_test_wants() -> None:
    """Issuer, dates, version and the ALPN answer are as given."""
    shown = Certificate(
        (HOST,),
        issuer="CN=Antivirus",
        not_before="2020-01-01T00:00:00+00:00",
        not_after="2021-01-01T00:00:00+00:00",
        alpn="http/1.1",
        version="TLSv1.2",
    )
    net = FakeNetwork()
    net.host(HOST, ADDRESS).serve(imap(), certificate=shown)

    assert await (await dial(net, 993)).start_tls(HOST, ("imap",)) == shown.facts()


PROBLEMS = [kind for kind in FailureKind if kind.about_certificate and kind is not FailureKind.CERTIFICATE_NAME]


@pytest.mark.parametrize("kind", [*PROBLEMS, FailureKind.TLS_TOO_OLD, FailureKind.TLS_FAILED])
async def test_a_problem_ends_the_handshake(kind: FailureKind) -> None:
    """With the kind that the trust store would give."""
    net = FakeNetwork()
    net.host(HOST, ADDRESS).serve(imap(), certificate=Certificate((HOST,), kind))

    assert await _kind(net, 993) is kind


@pytest.mark.parametrize("port", [143, 587])
async def test_a_greeting_in_plaintext_is_no_tls(port: int) -> None:
    """Servers of STARTTLS greet first."""
    assert await _kind(world(imap(143), smtp(587)), port) is FailureKind.NOT_TLS


async def test_a_server_that_waits_in_plaintext_answers_the_handshake_in_plaintext() -> None:
    """A web server on the wrong port calls it a bad request."""
    net = world()
    net.page(f"http://{HOST}/", "")

    assert await _kind(net, 80) is FailureKind.NOT_TLS


@pytest.mark.parametrize("end", [CLOSE, RESET])
async def test_hanging_up_instead_of_a_handshake(end: object) -> None:
    """Closed politely or reset: the dialogue was not over."""
    assert await _kind(world(from_generator(993, end)), 993) is FailureKind.CLOSED


def test_a_silent_server_never_shakes_hands() -> None:
    """The time-out is the client's."""
    net = world(imap(silent=True))

    with pytest.raises(TimeoutError):
        run_virtual(_kind, net, 993, limit=1e6)


async def test_bytes_in_plaintext_before_the_handshake_spoil_it() -> None:
    """They came in a segment of their own, and the client has not looked: TLS reads them as its own."""
    server = from_generator(143, Say(b"a1 OK go\r\n"), Say(b"X"), TLS())
    stream = await dial(world(server), 143)
    await stream.receive()

    with pytest.raises(NetworkError) as caught:
        await stream.start_tls(HOST, ())

    assert caught.value.kind is FailureKind.NOT_TLS


async def test_clear_text_to_a_tls_port_gets_an_alert() -> None:
    """And the end."""
    stream = await dial(world(imap()), 993)
    await stream.send(b"a1 CAPABILITY\r\n")

    assert [(await stream.receive())[:1], await stream.receive()] == [b"\x15", b""]


async def test_a_script_goes_on_inside_tls() -> None:
    """TLS is a step like any other, with a certificate of its own if need be."""

    def server() -> Script:
        yield Say((yield HEAR))
        yield TLS(Certificate(("other.example",)))
        yield Say((yield HEAR))

    stream = await dial(world(scripted(143, server)), 143)
    await stream.send(b"clear\r\n")
    clear = await stream.receive()
    facts = await stream.start_tls(HOST, ())
    await stream.send(b"secret\r\n")

    assert (clear, facts.names, await stream.receive()) == (b"clear", ("other.example",), b"secret")


async def test_names_that_share_an_address_have_their_own_certificates() -> None:
    """The server chooses by SNI; a name it does not know gets that of the first."""
    net = FakeNetwork()
    net.host(HOST, ADDRESS).serve(imap())
    net.host("mail.example.net", ADDRESS)

    shown = [
        (await (await dial(net, 993)).start_tls(name, ())).names for name in (HOST, "mail.example.net", "x.example")
    ]

    assert shown == [(HOST,), ("mail.example.net",), (HOST,)]


async def test_a_page_does_not_change_its_host_certificate() -> None:
    """A page added later is served with what the host was given first."""
    net = FakeNetwork()
    net.host(HOST, ADDRESS, certificate=Certificate((HOST,), FailureKind.CERTIFICATE_EXPIRED))
    net.page(f"https://{HOST}/", "")

    with pytest.raises(NetworkError) as caught:
        await fetch(net, f"https://{HOST}/")

    assert caught.value.kind is FailureKind.CERTIFICATE_EXPIRED


async def test_a_stream_knows_that_it_is_secure() -> None:
    """For tests that check what was sent in plaintext."""
    net = world(imap())
    await dial_tls(net, 993)

    assert [stream.secure for stream in net.open_streams] == [True]

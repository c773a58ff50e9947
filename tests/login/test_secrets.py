"""A password on its way: it goes to one server, and nowhere else."""

import copy
import json
import logging
import pickle
from collections.abc import Callable

import pytest

from mailsettings.errors import Kind
from mailsettings.login.credentials import Credentials
from mailsettings.login.session import Secret
from mailsettings.schema import dumps, plain
from mailsettings.testing import HEAR, TLS, Account, FakeNetwork, Say, Script, Server, scripted
from tests.login.worlds import ADA, TYPED, D, usual, verified, world

CANARY = 'kan"ar\\ienvögel=='


def forms(secret: str) -> list[str]:
    """Return what must not be found anywhere."""
    return [secret, secret.encode().decode("latin-1"), json.dumps(secret)[1:-1], repr(secret)[1:-1]]


def test_credentials_print_as_stars() -> None:
    """
    In every way in which Python prints something.
    """
    credentials = Credentials.password(CANARY, username="ada")

    for text in (repr(credentials), str(credentials), f"{credentials}", f"{[credentials]}", f"{credentials!a}"):
        assert text.strip("[]") == "Credentials(password=***)"


@pytest.mark.parametrize("leave", [pickle.dumps, copy.copy, copy.deepcopy], ids=["pickle", "copy", "deepcopy"])
def test_credentials_cannot_be_stored(leave: object) -> None:
    """
    A pickle or a copy would live longer than the login.
    """
    with pytest.raises(TypeError, match="cannot be pickled"):
        leave(Credentials.password(CANARY))  # type: ignore[operator]  # one of three functions


@pytest.mark.parametrize("bad", ["", "a\r\nb", "a\0b", "a\nb"])
def test_a_secret_that_would_be_a_second_command_is_refused(bad: str) -> None:
    """
    Without saying what it is.
    """
    with pytest.raises(ValueError, match="password") as caught:
        Credentials.password(bad)

    assert not bad or bad not in str(caught.value)


def test_a_command_with_a_secret_prints_as_stars() -> None:
    """
    Also in a traceback with values.
    """
    assert repr(Secret(b"PASS " + CANARY.encode())) == "Secret(***)"


def _echo(port: int, greeting: bytes, refusal: bytes) -> Server:
    """Return a server that sends everything back that it hears of a login."""

    def script() -> Script:
        yield TLS()
        yield Say(greeting)
        while True:
            line = yield HEAR
            tag = line.split()[0]
            if b"CAPABILITY" in line:
                yield Say(b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK\r\n")
            elif line.startswith(b"EHLO"):
                yield Say(b"250-hi\r\n250 AUTH PLAIN\r\n")
            elif line.endswith(b"}"):
                yield Say(b"+ go on\r\n")
            else:
                yield Say(refusal.replace(b"LINE", line) + b"\r\n")

    return scripted(port, script)


def _resetting() -> FakeNetwork:
    net = FakeNetwork()
    net.host(f"mail.{D}").reset(993, 465)
    return net


WORLDS: dict[str, Callable[[], FakeNetwork]] = {
    "accepted": lambda: usual(accounts={ADA: Account(CANARY)}),
    "refused": usual,
    "echoed in clear": lambda: world(
        _echo(993, b"* OK hi\r\n", b"* BYE LINE"),
        _echo(465, b"220 hi\r\n", b"535 LINE"),
    ),
    "echoed as nonsense": lambda: world(
        _echo(993, b"* OK hi\r\n", b"LINE"),
        _echo(465, b"220 hi\r\n", b"LINE"),
    ),
    "hung up": _resetting,
}


@pytest.mark.parametrize("name", WORLDS)
def test_the_canary_is_found_nowhere(
    name: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    Log, output, repr and JSON of everything that comes back, whatever the server does with the password.
    """
    caplog.set_level(logging.DEBUG)
    net = WORLDS[name]()

    result = verified(net, TYPED, Credentials.password(CANARY))

    texts = [repr(result), str(result), dumps(plain(result)), caplog.text, *capsys.readouterr()]
    texts += [repr(finding) for finding in result.findings]
    found = [form for form in forms(CANARY) for text in texts if form in text]
    assert found == []


def test_wherever_a_connection_breaks_the_canary_stays_unseen() -> None:
    """
    Every operation of the whole login fails once: there is a result each time, and never the password in it.
    """
    net = usual(accounts={ADA: Account(CANARY)})
    verified(net, TYPED, Credentials.password(CANARY))
    steps = net.steps

    for step in range(1, steps + 1):
        net = usual(accounts={ADA: Account(CANARY)})
        net.fail_at(step, Kind.CLOSED)
        text = repr(verified(net, TYPED, Credentials.password(CANARY)))
        assert [form for form in forms(CANARY) if form in text] == []

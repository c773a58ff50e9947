"""A password on its way: it goes to one server, and nowhere else."""

import base64
import copy
import json
import logging
import pickle
import re
import traceback
from collections.abc import Callable
from functools import partial

import anyio
import pytest
from click.testing import CliRunner

from mailsettings.cli.app import cli
from mailsettings.cli.check import CheckResult, _lines
from mailsettings.cli.exit_codes import ExitCode
from mailsettings.cli.terminal import pen
from mailsettings.errors import FailureKind, NetworkError
from mailsettings.login.credentials import Credentials
from mailsettings.login.result import login_result
from mailsettings.login.session import LoginRequest, SecretCommand
from mailsettings.login.verify import Verification, verify
from mailsettings.model import Detection, Endpoint, Failure, Probe, Protocol, Security, Step, Timing, TLSFacts
from mailsettings.protocols.dialogue import Dialogue, ReadLine, StartTLS
from mailsettings.schema import dumps, plain
from mailsettings.testing import HEAR, TLS, Account, FakeNetwork, Say, Script, Server, scripted
from mailsettings.troubleshooting import Diagnosis
from tests.support.login_worlds import ADA, TYPED, D, usual, verified, world
from tests.support.scram_servers import signing

CANARY = 'kan"ar\\ienvögel=='


def forms(secret: str) -> list[str]:
    """Return what must not be found anywhere."""
    raw = secret.encode()
    # Behind one to three other bytes base64 looks different; six bytes in the middle of it are enough to know it by.
    inside = [base64.b64encode(raw[start : start + 6]).decode() for start in range(3)]
    return [secret, raw.decode("latin-1"), json.dumps(secret)[1:-1], repr(secret)[1:-1], *inside]


def spilled(result: Verification, secret: str, *more: str) -> list[str]:
    """Return the forms of *secret* in what can be made of *result*: repr, JSON, the command's report and its JSON."""
    checked = CheckResult(Diagnosis((), Detection(ADA)), result, ())
    texts = [repr(result), str(result), dumps(plain(result)), dumps(plain(checked)), *more]
    texts += [repr(finding) for finding in result.findings]
    texts += _lines(checked, pen(colours=False))
    return [form for form in forms(secret) for text in texts if form in text]


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


@pytest.mark.parametrize("issuer", [CANARY, "", "http://a.example", "https://a@b.example", "localhost", "https://"])
def test_what_is_no_issuer_is_refused_without_being_repeated(issuer: str) -> None:
    """
    A token may have been typed in its place. None at all is allowed: then few servers get the token.
    """
    if not issuer:
        assert Credentials.token(CANARY, issuer=issuer).issuer == ""
        return
    with pytest.raises(ValueError, match="like accounts") as caught:
        Credentials.token(CANARY, issuer=issuer)

    assert (issuer in str(caught.value), caught.value.__cause__) == (False, None)


def test_the_state_of_credentials_is_not_given_out() -> None:
    """
    Python's own way to copy an object would return all slots.
    """
    with pytest.raises(TypeError, match="cannot be pickled"):
        Credentials.token(CANARY, issuer="accounts.google.com").__getstate__()


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
    assert repr(SecretCommand(b"PASS " + CANARY.encode())) == "Secret(***)"


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

    assert spilled(result, CANARY, caplog.text, *capsys.readouterr()) == []


def _answers_with_the_password(port: int) -> Server:
    """Return an IMAP server that puts the password where OK, NO or BAD belongs."""

    def script() -> Script:
        yield TLS()
        yield Say(b"* OK hi\r\n")
        tag = b""
        while line := (yield HEAR):
            if b"CAPABILITY" in line:
                yield Say(b"* CAPABILITY IMAP4rev1\r\n" + line.split()[0] + b" OK\r\n")
            elif line.endswith(b"}"):
                tag = line.split()[0] if b"LOGIN" in line else tag
                yield Say(b"+ go on\r\n")
            else:
                yield Say(tag + b" " + line + b"\r\n")

    return scripted(port, script)


def test_a_part_of_the_password_is_not_shown_either() -> None:
    """
    Only the beginning of a reply is quoted. A password that is cut off there is not found by a search for the whole.
    """
    password = "CORRECTHORSEBATTERYSTAPLE"

    result = verified(world(_answers_with_the_password(993)), TYPED, Credentials.password(password))

    assert result.incoming is not None
    assert [finding.code for finding in result.incoming.findings] == ["bad-reply"]
    assert password[:8] not in repr(result)


def test_our_own_words_are_shown_whole() -> None:
    """
    A colon in them is no sign of anything: what is left out is what the server said.
    """
    endpoint = Endpoint(Protocol.IMAP, f"mail.{D}", 993, Security.TLS)
    error = NetworkError(FailureKind.CLOSED, "closed by the proxy: it was idle", quoting="'a: b'")
    probe = Probe(endpoint, failure=Failure.of(endpoint, error), steps=(Timing(Step.LOGIN, 0.1),))

    result = login_result(probe, LoginRequest(endpoint, ADA, Credentials.password(CANARY)), None)

    assert [finding.evidence for finding in result.findings] == [f"mail.{D}:993: closed by the proxy: it was idle"]


def test_wherever_a_connection_breaks_the_canary_stays_unseen() -> None:
    """
    Every operation of the whole login fails once: there is a result each time, and never the password in it.
    """
    net = usual(accounts={ADA: Account(CANARY)})
    verified(net, TYPED, Credentials.password(CANARY))
    steps = net.steps

    for step in range(1, steps + 1):
        net = usual(accounts={ADA: Account(CANARY)})
        net.fail_at(step, FailureKind.CLOSED)
        text = repr(verified(net, TYPED, Credentials.password(CANARY)))
        assert [form for form in forms(CANARY) if form in text] == []


def _asking(port: int, greeting: bytes, mechanism: bytes, *replies: bytes) -> Server:
    """Return a server with *mechanism* alone that answers a login and what follows with *replies*.

    In them RAW is what was sent with the login, LINE all of it, and B64 in front of braces is base64 of what is inside.
    """

    def script() -> Script:
        yield TLS()
        yield Say(greeting)
        answers = iter(replies)
        first = b""
        while True:
            line = yield HEAR
            tag, *words = line.split() or [b""]
            if b"CAPABILITY" in words:
                yield Say(b"* CAPABILITY IMAP4rev1 SASL-IR AUTH=%b\r\n%b OK\r\n" % (mechanism, tag))
            elif tag == b"EHLO":
                yield Say(b"250-hi\r\n250 AUTH %b\r\n" % mechanism)
            else:
                first = first or line
                reply = next(answers, b"BYE").replace(b"LINE", first).replace(b"TAG", first.split()[0])
                reply = reply.replace(b"RAW", base64.b64decode(first.split()[-1]))
                yield Say(re.sub(rb"B64\{(.*)\}", lambda found: base64.b64encode(found[1]), reply) + b"\r\n")

    return scripted(port, script)


def _both(mechanism: bytes, *replies: bytes) -> Callable[[], FakeNetwork]:
    """Return a world whose IMAP and SMTP servers have *mechanism* and say *replies*, in their own form."""
    imap = (reply.replace(b"ASK", b"+") for reply in replies)
    smtp = (reply.replace(b"ASK", b"334").replace(b"TAG NO", b"535") for reply in replies)
    first, second = tuple(imap), tuple(smtp)
    return lambda: world(
        _asking(993, b"* OK hi\r\n", mechanism, *first), _asking(465, b"220 hi\r\n", mechanism, *second)
    )


TOKEN = "ya29.kan-ar_ienvogel~0123456789"
TOKENS: dict[str, Callable[[], FakeNetwork]] = {
    "told in the error": _both(b"XOAUTH2", b'ASK B64{{"status":"401","request":"RAW"}}', b"TAG NO RAW"),
    "told back as it came": _both(
        b"OAUTHBEARER", b'ASK B64{{"status":"invalid_token","request":"LINE"}}', b"TAG NO LINE"
    ),
    "told instead of a challenge": _both(b"XOAUTH2", b"ASK RAW"),
    "told instead of an answer": _both(b"OAUTHBEARER", b"RAW"),
    "accepted": lambda: usual(accounts={ADA: Account(TOKEN)}, mechanisms=("OAUTHBEARER",)),
    "not wanted": usual,
}


def _signing(how: str) -> Callable[[], FakeNetwork]:
    return lambda: world(*(signing(protocol, how, password=CANARY) for protocol in (Protocol.IMAP, Protocol.SMTP)))


_SCRAM, _RAW = b"SCRAM-SHA-256", CANARY.encode()
SIGNED = {
    **{
        how: _signing(how)
        for how in ("challenge", "line", "wrong challenge", "none", "none at all", "refusal, then yes")
    },
    "told in the refusal": _both(_SCRAM, b"ASK B64{e=" + _RAW + b"}", b"TAG NO " + _RAW),
    "told in the salt": _both(_SCRAM, b"ASK B64{r=,s=" + _RAW + b",i=1}"),
}


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_is_found_nowhere(
    name: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    In an error's JSON, in a refusal, in what is no answer at all: OAuth servers repeat what they were sent.
    """
    caplog.set_level(logging.DEBUG)

    result = verified(TOKENS[name](), TYPED, Credentials.token(TOKEN, issuer=f"login.{D}"))

    assert spilled(result, TOKEN, caplog.text, *capsys.readouterr()) == []


@pytest.mark.parametrize("name", SIGNED)
def test_scram_says_nothing_of_its_password(
    name: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    Whatever the server proves, and whatever it puts into its messages.
    """
    caplog.set_level(logging.DEBUG)

    result = verified(SIGNED[name](), TYPED, Credentials.password(CANARY))

    assert spilled(result, CANARY, caplog.text, *capsys.readouterr()) == []


class Crash:
    """A network that fails right after the secret was sent: an internal error; --debug shows its traceback."""

    async def log_in(self, endpoint: Endpoint, dialogue: Callable[[Endpoint, str], Dialogue]) -> Probe:
        """Play a server up to the first secret, then let it fail inside the dialogue."""
        talk = dialogue(endpoint, "A")
        answers = iter((b"* OK [CAPABILITY IMAP4rev1] hi", b"* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR", b"A1 OK done"))
        command = next(talk)
        while not isinstance(command, SecretCommand):
            if isinstance(command, StartTLS):
                command = talk.send(TLSFacts("TLSv1.3"))
            else:
                command = talk.send(next(answers)) if isinstance(command, ReadLine) else next(talk)
        talk.throw(RuntimeError("a mistake of ours"))
        raise AssertionError("not reached")


def test_a_traceback_has_no_secret_in_it() -> None:
    """
    What Python prints of an error that comes out of the middle of a login: places and messages.
    """
    with pytest.raises(RuntimeError) as caught:
        anyio.run(partial(verify, TYPED, Credentials.password(CANARY), net=Crash()))

    text = "".join(traceback.format_exception(caught.value))
    assert "exchange.py" in text
    assert [form for form in forms(CANARY) if form in text] == []


@pytest.mark.parametrize("options", [[], ["--debug"]], ids=["", "debug"])
@pytest.mark.parametrize("secret", [CANARY.encode("latin-1"), CANARY.encode() + b"\nsecond line", b""])
def test_the_command_refuses_a_secret_without_showing_it(options: list[str], secret: bytes) -> None:
    """
    Not UTF-8, more than one line, nothing at all: usage, in one line, with --debug as without.
    """
    done = CliRunner().invoke(cli, ["check", ADA, "--password-stdin", *options], input=secret)

    assert done.exit_code == ExitCode.USAGE
    assert "Traceback" not in done.output
    assert "ienv" not in done.output

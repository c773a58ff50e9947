"""`mailsettings ADDRESS` inside the test process."""

import json

import pytest
from click.testing import CliRunner, Result

from mailsettings import __version__
from mailsettings.cli.app import cli
from mailsettings.model import Detection
from mailsettings.schema import from_json, to_dict
from tests.support import detections
from tests.support.detections import GMAIL, NOTHING, VERIFIED
from tests.support.fake_backend import FakeBackend


def invoked(*arguments: str, answer: Detection = VERIFIED) -> Result:
    """Run the command with a backend that gives *answer*."""
    return CliRunner().invoke(cli, list(arguments), obj=FakeBackend(answer).backend)


@pytest.mark.parametrize(
    ("name", "code"),
    [("GMAIL", 0), ("CONFIRM", 0), ("INCOMING_ONLY", 1), ("UNVERIFIED", 1), ("NOTHING", 3), ("NO_NETWORK", 4)],
)
@pytest.mark.parametrize("option", ["--all", "--json", "--jsonl", "--offline"])
def test_the_exit_code_is_that_of_the_answer(name: str, code: int, option: str) -> None:
    """
    However the answer is printed, scripts get the same code.
    """
    assert code == invoked(option, "ada@example.org", answer=getattr(detections, name)).exit_code


def test_the_card_is_the_usual_answer() -> None:
    """
    Without options the answer is text for people, and nothing is on stderr that is not a terminal.
    """
    done = invoked("ada@gmail.com", answer=GMAIL)

    assert (done.stdout.splitlines()[0], done.stderr) == ("ada@gmail.com", "")


def test_json_is_one_document() -> None:
    """
    --json prints what from_json() reads.
    """
    assert from_json(invoked("--json", "ada@example.org").stdout) == VERIFIED


def test_jsonl_is_one_object_a_line() -> None:
    """
    --jsonl prints every event, the answer last.
    """
    lines = [json.loads(line) for line in invoked("--jsonl", "ada@example.org").stdout.splitlines()]

    assert [line["event"] for line in lines] == ["asked", "learned", "failed", "contacting", "probed", "settled"]
    assert to_dict(VERIFIED) == lines[-1]["detection"]


def test_offline_jsonl_is_the_answer_alone() -> None:
    """
    A table look-up has one event.
    """
    lines = invoked("--offline", "--jsonl", "ada@example.org").stdout.splitlines()

    assert [json.loads(line)["event"] for line in lines] == ["settled"]


def test_offline_asks_nobody() -> None:
    """
    --offline never starts a search.
    """
    fake = FakeBackend(VERIFIED)
    CliRunner().invoke(cli, ["--offline", "ada@example.org"], obj=fake.backend)

    assert fake.requests == []


def test_the_plan_lists_what_would_be_asked() -> None:
    """
    --plan names questions and known servers, and starts nothing.
    """
    fake = FakeBackend(VERIFIED)
    done = CliRunner().invoke(cli, ["--plan", "ada@example.org"], obj=fake.backend)

    assert (done.exit_code, fake.requests) == (0, [])
    assert "  _imaps._tcp.example.org SRV\n" in done.stdout
    assert "  imap://imap.example.org:993 (tls), providers.yaml: example\n" in done.stdout
    assert "example.org is made up\n" in done.stdout


def test_the_plan_comes_as_json_too() -> None:
    """
    --plan --json lists the same for programs.
    """
    found = json.loads(invoked("--plan", "--json", "--source", "table", "ada@example.org").stdout)

    assert {"address": "ada@example.org", "lookups": [], "notes": ["example.org is made up"]}.items() <= found.items()
    assert [server["host"] for server in found["servers"]] == ["imap.example.org"]


def test_the_plan_names_the_authority_of_each_question() -> None:
    """
    With the strongest first, and what is sent along.
    """
    fake = FakeBackend(VERIFIED)
    found = CliRunner().invoke(cli, ["--plan", "--json", "ada@example.org"], obj=fake.backend).stdout

    first = json.loads(found)["questions"][0]
    assert first == {"asks": "_imaps._tcp.example.org SRV", "authority": "domain", "sends": "", "then": ""}


def test_the_plan_says_what_is_sent_and_what_follows() -> None:
    """
    Of the real sources, as a person reads it.
    """
    text = " ".join(CliRunner().invoke(cli, ["--plan", "ada@example.org"]).stdout.split())

    assert "config-v1.1.xml sends the address as ?emailaddress=, if the answer without it is no document" in text
    assert "autodiscover.xml (POST) sends the address, in the body of the POST" in text
    assert "_ua-auto-config.example.org TXT then https://ua-auto-config.example.org/" in text
    assert text.index("the domain itself") < text.index("ISPDB") < text.index("guessed")


def test_the_plan_leaves_out_what_is_not_wanted() -> None:
    """
    --protocol pop3 plans no IMAP server.
    """
    assert "imap://" not in invoked("--plan", "--protocol", "pop3", "--source", "table", "ada@example.org").stdout


def test_the_timeline_goes_to_stderr() -> None:
    """
    -v tells each step with its time and leaves standard output to the answer.
    """
    done = invoked("-v", "--json", "ada@example.org")

    assert from_json(done.stdout) == VERIFIED
    assert done.stderr.splitlines() == [
        "   0.000  asking      example.org MX",
        "   0.010  learned     imap://imap.example.org:993 (tls) from table: providers.yaml: example",
        "   0.020  failed      example.org MX: no-such-name",
        "   0.030  contacting  imap://imap.example.org:993 (tls): connect",
        "   0.040  verified    imap://imap.example.org:993 (tls)",
        "   0.050  settled     nothing outstanding could be better",
    ]


@pytest.mark.parametrize("command", [("--offline",), ("check", "--password-stdin")])
def test_the_address_that_was_meant_is_named(command: tuple[str, ...]) -> None:
    """
    A pasted address is not looked up, but what to type is said.
    """
    done = invoked(*command, "Ada Lovelace <ada@gmail.com>")

    assert (done.exit_code, "did you mean ada@gmail.com?" in done.stderr) == (2, True)


BAD = {
    "no @": ("foo", "has no @"),
    "nothing before the @": ("@x.example", "has nothing before the @"),
    "nothing after the @": ("x@", "has nothing after the @"),
    "two @": ("a@b@c.example", "has more than one @"),
    "empty": ("", "is empty"),
    "escape": ("a\x1b[2J@b.example", "U+001B"),
    "line end": ("a\r\nb@c.example", "U+000D"),
    "NUL": ("a\0@b.example", "U+0000"),
    "right-to-left override": ("a\u202eb@c.example", "U+202E"),
    "undecodable byte": ("a\udcff@b.example", "U+DCFF"),
    "10 MB": ("a" * 10_000_000 + "@b.example", "10000010 characters"),
    "IPv4 literal": ("u@127.0.0.1", "is a network address"),
    "bracketed literal": ("u@[127.0.0.1]", "is a network address"),
    "IPv6 literal": ("u@[IPv6:::1]", "is a network address"),
    "number": ("u@2130706433", "is a network address"),
    "hexadecimal number": ("u@0x7f.1", "is a network address"),
    "localhost": ("u@localhost", "means this machine"),
    "single word": ("u@example", "is a single word"),
    "invalid IDN": ("u@☃☃.example", "is not an international domain name"),
    "circled digits": ("u@①②⑦.0.0.1", "is a network address"),
}


@pytest.mark.parametrize(("address", "message"), BAD.values(), ids=BAD)
def test_a_bad_address_gets_one_line(address: str, message: str) -> None:
    """
    One printable line says what is wrong; exit code 2, nobody contacted.
    """
    fake = FakeBackend(NOTHING)
    done = CliRunner().invoke(cli, ["--", address], obj=fake.backend)
    lines = done.stderr.splitlines()

    assert (done.exit_code, len(lines), fake.requests, done.stdout) == (2, 1, [], "")
    assert message in lines[0]
    assert lines[0].isprintable()
    assert len(lines[0]) < 300


def test_without_an_address_the_help_is_shown() -> None:
    """
    Whoever types only the name learns what it wants.
    """
    done = invoked()

    assert (done.exit_code, done.stderr.startswith("Usage: mailsettings [OPTIONS] ADDRESS")) == (2, True)


def test_the_help_names_commands_and_exit_codes() -> None:
    """
    --help is enough to go on.
    """
    text = " ".join(invoked("--help").stdout.split())

    assert "mailsettings providers [QUERY]" in text
    assert "0 verified, 1 found but not verified, 2 usage, 3 nothing found, 4 no network, 130 interrupted" in text


def test_the_version_is_shown() -> None:
    """
    --version needs no address.
    """
    assert f"mailsettings {__version__}\n" == invoked("--version").stdout

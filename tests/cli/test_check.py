"""The command `check`: its words, its report, its verdicts."""

import pytest
from click.testing import CliRunner

from mailsettings.cli.app import cli
from mailsettings.cli.check import CheckResult, _lines, _verdict, check, parse_server_option
from mailsettings.cli.exit_codes import ExitCode
from mailsettings.cli.terminal import pen
from mailsettings.errors import AddressError
from mailsettings.login.credentials import Credentials
from mailsettings.model import Detection
from mailsettings.troubleshooting import Diagnosis
from tests.support.login_worlds import ADA, usual, verified


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("imap://imap.example.org", "imap://imap.example.org:993 (tls)"),
        ("imap://imap.example.org:143", "imap://imap.example.org:143 (starttls)"),
        ("imaps://imap.example.org", "imap://imap.example.org:993 (tls)"),
        ("pop://pop.example.org:995", "pop3://pop.example.org:995 (tls)"),
        ("smtp+starttls://smtp.example.org:2525", "smtp://smtp.example.org:2525 (starttls)"),
    ],
)
def test_a_server_is_typed_as_people_write_it(text: str, wanted: str) -> None:
    """
    The port says when TLS starts, unless the scheme does.
    """
    assert str(parse_server_option(text)) == wanted


@pytest.mark.parametrize(
    "text", ["imap://ada:secret@imap.example.org", "imap.example.org", "imap://imap.example.org/x"]
)
def test_a_url_with_a_password_is_refused(text: str) -> None:
    """
    No secret in a command line; nor anything that is no server.
    """
    with pytest.raises((ValueError, AddressError)):
        parse_server_option(text)


def test_there_is_no_option_that_takes_a_password() -> None:
    """
    Command lines can be read by everybody on the machine: at most the name of a file may stand there.
    """
    names = [name for option in check.params for name in option.opts]

    taken = ["--password-stdin", "--token-stdin", "--proxy-password-file"]
    assert [name for name in names if "pass" in name or "token" in name] == taken


def test_password_and_token_exclude_each_other() -> None:
    """
    One standard input holds one secret.
    """
    done = CliRunner().invoke(cli, ["check", ADA, "--password-stdin", "--token-stdin"], input="secret")

    assert done.exit_code == ExitCode.USAGE
    assert "exclude each other" in done.output


def _checked(password: str) -> CheckResult:
    verification = verified(usual(), credentials=Credentials.password(password))
    return CheckResult(Diagnosis((), Detection(ADA)), verification, ())


def test_the_report_says_what_to_do_next() -> None:
    """
    Finding, what to do, what was seen; the exit code says that something is wrong.
    """
    checked = _checked("wrong")
    lines = list(_lines(checked, pen(colours=False)))

    assert any(line.startswith("1. The user name or the password is wrong.") for line in lines)
    assert any(line.startswith("   Do: ") for line in lines)
    assert _verdict(checked) is ExitCode.UNVERIFIED


def test_a_good_report_is_short() -> None:
    """
    Who was logged in, and that nothing is wrong.
    """
    checked = _checked("secret")

    assert list(_lines(checked, pen(colours=False)))[-1] == "Nothing wrong was found."
    assert _verdict(checked) is ExitCode.VERIFIED

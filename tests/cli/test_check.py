"""The command `check`: its options, its report, its exit codes."""

import pytest
from click.testing import CliRunner

from mailsettings.cli.app import cli
from mailsettings.cli.check import CheckResult, _confirmation_lines, _exit_code, _lines, check
from mailsettings.cli.exit_codes import ExitCode
from mailsettings.cli.terminal import pen
from mailsettings.errors import ConfirmationRequired
from mailsettings.login.credentials import Credentials
from mailsettings.model import Detection
from mailsettings.troubleshooting import Diagnosis
from tests.support.login_worlds import ADA, D, usual, verified


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


@pytest.mark.parametrize(
    ("options", "seen"),
    [
        (["--password-stdin", "--issuer", "accounts.google.com"], "--issuer says whose token"),
        (["--issuer", "accounts.google.com"], "--issuer says whose token"),
        (["--token-stdin", "--issuer", "http://a.example"], "a host or an https URL"),
    ],
)
def test_an_issuer_is_of_a_token(options: list[str], seen: str) -> None:
    """
    A host or an https URL; nothing is contacted if it is none.
    """
    done = CliRunner().invoke(cli, ["check", ADA, *options], input="secret")

    assert (done.exit_code, seen in done.output) == (ExitCode.USAGE, True)


def test_a_token_that_was_not_sent_is_reported_with_what_to_do() -> None:
    """
    The report says why, and the exit code that something is wrong.
    """
    net = usual(mechanisms=("XOAUTH2",))
    result = CheckResult(Diagnosis((), Detection(ADA)), verified(net, credentials=Credentials.token("secret")), ())
    text = " ".join(" ".join(_lines(result, pen(colours=False))).split())

    assert (net.connections, _exit_code(result)) == ((), ExitCode.UNVERIFIED)
    assert (
        f"The token was not sent: it is not known who issued it, and the table has no common issuer for mail.{D}."
        in text
    )
    assert "Do: Say who issued the token (--issuer HOST" in text


def check_result(password: str) -> CheckResult:
    verification = verified(usual(), credentials=Credentials.password(password))
    return CheckResult(Diagnosis((), Detection(ADA)), verification, ())


def test_the_report_says_what_to_do_next() -> None:
    """
    Finding, what to do, what was seen; the exit code says that something is wrong.
    """
    result = check_result("wrong")
    lines = list(_lines(result, pen(colours=False)))

    assert any(line.startswith("1. The user name or the password is wrong.") for line in lines)
    assert any(line.startswith("   Do: ") for line in lines)
    assert _exit_code(result) is ExitCode.UNVERIFIED


def test_a_good_report_is_short() -> None:
    """
    Who was logged in, and that nothing is wrong.
    """
    result = check_result("secret")

    assert list(_lines(result, pen(colours=False)))[-1] == "Nothing wrong was found."
    assert _exit_code(result) is ExitCode.VERIFIED


def required(*hosts: str, **look_alikes: str) -> str:
    """Return what is printed when *hosts* have to be agreed to."""
    return "\n".join(_confirmation_lines(ConfirmationRequired(hosts, look_alikes), ADA))


def test_what_to_add_is_ready_to_be_pasted() -> None:
    """
    One option for every host that is missing, and the host alone: a domain would cover none.
    """
    lines = required("imap.hoster.example", "smtp.hoster.example").splitlines()

    assert lines[-2:] == [
        f"Why, and what to check first: mailsettings {ADA}",
        "To agree, add: --confirm imap.hoster.example --confirm smtp.hoster.example",
    ]


def test_a_look_alike_is_not_ready_to_be_pasted() -> None:
    """
    A warning stands in its place, with both spellings.
    """
    text = required("imap.hoster.example", "imap.xn--gmal-nza.com", **{"imap.xn--gmal-nza.com": "gmail.com"})

    assert "Warning: imap.gmaıl.com (imap.xn--gmal-nza.com) looks like gmail.com, but is not gmail.com." in text
    assert text.endswith("To agree, add: --confirm imap.hoster.example")


def test_only_look_alikes_leave_nothing_to_paste() -> None:
    """
    Who is sure of the name can still type it.
    """
    assert "--confirm" not in required("imap.xn--gmal-nza.com", **{"imap.xn--gmal-nza.com": "gmail.com"})

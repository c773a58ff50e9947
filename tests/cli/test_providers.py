"""`mailsettings providers` and `mailsettings provider`."""

import json

import pytest
from click.testing import CliRunner, Result

from mailsettings.cli.app import cli


def invoked(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(cli, list(arguments))


def test_all_providers_are_listed_by_id() -> None:
    """
    Without a query the whole table is listed, sorted.
    """
    ids = [line.split()[0] for line in invoked("providers").stdout.splitlines()]

    assert ids == sorted(ids)
    assert {"gandi", "gmail"} <= set(ids)


@pytest.mark.parametrize("query", ["gmail", "GMAIL", "googlemail.com", "gmail-smtp-in"])
def test_a_query_finds_id_name_domain_and_mx(query: str) -> None:
    """
    Any part of what identifies a provider will do.
    """
    done = invoked("providers", query)

    assert (done.exit_code, "gmail " in done.stdout) == (0, True)


def test_a_query_without_result_says_so() -> None:
    """
    Exit code 3, and a line on stderr.
    """
    done = invoked("providers", "no such provider")

    assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (3, "", 1)


def test_providers_come_as_json() -> None:
    """
    --json lists the rows that were found.
    """
    rows = json.loads(invoked("providers", "--json", "googlemail.com").stdout)

    assert "gmail" in [row["provider"]["id"] for row in rows]


@pytest.mark.parametrize("name", ["gmail", "Gmail", "googlemail.com"])
def test_a_provider_is_shown_by_id_or_domain(name: str) -> None:
    """
    The page has servers, domains and where the facts are from.
    """
    done = invoked("provider", name)

    assert done.exit_code == 0
    assert done.stdout.startswith("Gmail (gmail, mailbox)\n")
    assert "imap://imap.gmail.com:993 (tls), user name %EMAILADDRESS%" in done.stdout
    assert "Domains     gmail.com, googlemail.com\n" in done.stdout
    assert ", checked 2" in done.stdout


def test_a_provider_is_shown_with_what_holds_for_customers() -> None:
    """
    Their exchangers, the user name of their own domains, the machines that they rent, and what will change.
    """
    isp, account, hosted = (invoked("provider", name).stdout for name in ("comcast", "icloud", "microsoft-365"))

    assert "MX          mx*.comcast.net\n            **.comcast.net, but customers can have such names, too\n" in isp
    assert "Own domains user name %EMAILADDRESS%\n" in isp
    assert "Rented      **.hsd1.*.comcast.net\n            **.hfc.comcastbusiness.net\n" in isp
    assert "Own domains user name not to be told from the address\n" in account
    assert "Changes     from 2026-12-31, sending with a password (SMTP AUTH): " in hosted


def test_a_provider_comes_as_json() -> None:
    """
    --json has servers with their endpoint's fields, as in an answer.
    """
    row = json.loads(invoked("provider", "gmail", "--json").stdout)

    assert tuple(row["incoming"][0][name] for name in ("protocol", "host", "port", "security")) == (
        "imap",
        "imap.gmail.com",
        993,
        "tls",
    )


def test_a_slip_in_an_id_gets_a_question() -> None:
    """
    An unknown id names what was probably meant; exit code 3.
    """
    done = invoked("provider", "gmial")

    assert (done.exit_code, "did you mean gmail" in done.stderr) == (3, True)


def test_an_unknown_id_is_shown_safely() -> None:
    """
    What was typed comes back without what a terminal obeys.
    """
    line = invoked("provider", "\x1b[2J").stderr

    assert line.strip("\n").isprintable()

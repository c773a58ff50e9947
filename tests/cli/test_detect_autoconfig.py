"""`--autoconfig`: what was verified as a document to publish, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailsettings.formats import clientconfig
from mailsettings.model import Authority, Security
from tests.cli.test_detect import invoked
from tests.support import detections
from tests.support.detections import choice


def test_what_was_verified_is_printed_as_a_document() -> None:
    """
    Reading it back gives the servers of the answer.
    """
    done = invoked("--autoconfig", "ada@example.org")
    config = clientconfig.read(done.stdout.encode(), "example.org")

    assert (done.exit_code, done.stderr, config.domains) == (0, "", ("example.org",))
    assert [str(server.endpoint) for server in (*config.incoming, *config.outgoing)] == [
        "imap://imap.example.org:993 (tls)",
        "smtp://smtp.example.org:465 (tls)",
    ]


@pytest.mark.parametrize("name", ["UNVERIFIED", "NOTHING", "NO_NETWORK"])
def test_what_nobody_has_seen_work_is_not_published(name: str) -> None:
    """
    A document that is wrong sends every user of the domain astray.
    """
    done = invoked("--autoconfig", "ada@example.org", answer=getattr(detections, name))

    assert (done.exit_code, done.stdout) == (3, "")
    assert "nothing was verified" in done.stderr


def test_half_a_document_is_called_so() -> None:
    """
    With one direction only, the exit code says that something is missing.
    """
    done = invoked("--autoconfig", "ada@example.org", answer=detections.INCOMING_ONLY)

    assert (done.exit_code, "<outgoingServer" in done.stdout) == (1, False)
    assert "no outgoing server was verified" in done.stderr


def test_of_sources_that_disagree_one_is_published() -> None:
    """
    Another host, another source, a second host of the same protocol: not in a document that is to be clear.
    """
    best = choice("imap://box.example.org:993", authority=Authority.DOMAIN)
    others = (
        choice("imap://box.example.org:143", security=Security.STARTTLS, authority=Authority.DOMAIN),
        choice("imap://two.example.org:993", authority=Authority.DOMAIN),
        choice("pop3://pop.example.org:995", authority=Authority.DOMAIN),
        choice("pop3://old.example.org:995", authority=Authority.SRV),
    )
    answer = replace(detections.VERIFIED, incoming=(best, *others))

    config = clientconfig.read(invoked("--autoconfig", "ada@example.org", answer=answer).stdout.encode(), "example.org")

    assert [str(server.endpoint) for server in config.incoming] == [
        "imap://box.example.org:993 (tls)",
        "imap://box.example.org:143 (starttls)",
        "pop3://pop.example.org:995 (tls)",
    ]


def test_servers_to_be_confirmed_are_not_published() -> None:
    """
    A document cannot ask the user: what it says would be taken for the domain's own statement.
    """
    done = invoked("--autoconfig", "ada@example.org", answer=detections.CONFIRM)

    assert (done.exit_code, done.stdout) == (3, "")
    assert detections.CONFIRM.confirm[0] in done.stderr


def test_one_direction_to_be_confirmed_leaves_the_other() -> None:
    """
    The exit code says that something is missing, standard error what.
    """
    answer = replace(detections.CONFIRM, incoming=detections.VERIFIED.incoming)

    done = invoked("--autoconfig", "ada@example.org", answer=answer)

    assert (done.exit_code, "<incomingServer" in done.stdout, "<outgoingServer" in done.stdout) == (1, True, False)
    assert detections.CONFIRM.confirm[0] in done.stderr

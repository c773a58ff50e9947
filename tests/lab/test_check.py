"""`mailsettings check` at real servers that are broken: which findings it has, without a login."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.lab.laboratory import Laboratory

COMMAND = str(Path(sys.executable).with_name("mailsettings"))


def diagnosed(lab: Laboratory, *options: str, address: str = "ada@both.example") -> tuple[int, list[dict[str, Any]]]:
    """Run the check without credentials; return its exit code and its findings."""
    words = (COMMAND, "check", address, "--json", "--resolver", lab.resolver, "--ca", str(lab.ca_file))
    done = lab.in_client(*words, *options)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)["findings"]


@pytest.mark.parametrize(
    ("server", "wanted"),
    [
        pytest.param("imap://imap.both.example", [], id="good"),
        pytest.param(
            "imap://forgotten.broken.example",
            ["certificate-expired", "certificate-name"],
            id="expired, and for another name",
        ),
        pytest.param(
            "imap://forgotten.broken.example:143",
            ["certificate-expired", "certificate-name"],
            id="the same behind STARTTLS",
        ),
        pytest.param(
            "imap://homemade.broken.example",
            ["certificate-self-signed", "certificate-name"],
            id="self-signed, and for another name",
        ),
        pytest.param("imap://mail.selfsigned.example", ["certificate-self-signed"], id="self-signed"),
        pytest.param("imap://mail.otherca.example", ["certificate-unknown-ca"], id="an authority nobody knows"),
        pytest.param("imap://unlinked.broken.example", ["certificate-chain-incomplete"], id="no link to the authority"),
        pytest.param("imap+tls://imap.both.example:143", ["tls-expected-plain-found"], id="plaintext where TLS is due"),
        pytest.param(
            "imap+starttls://imap.both.example:993", ["plain-expected-tls-found"], id="TLS where plaintext is due"
        ),
        pytest.param("pop3+starttls://imap.both.example:143", ["wrong-protocol-on-port"], id="IMAP on POP3's port"),
        pytest.param("imap://imap.ssh.example", ["tls-expected-plain-found"], id="SSH"),
        pytest.param("imap://exchanger.broken.example", ["no-mail-server-there"], id="refused"),
        pytest.param("imap://imap.filtered.example", ["mail-ports-blocked"], id="filtered, and its neighbour too"),
        pytest.param("imap://imap.tarpit.example", ["tarpit"], id="tarpit"),
        pytest.param("imap://imap.nowhere.broken.example", ["name-not-found"], id="no such name"),
        pytest.param("imap://mail.broken6.example", ["ipv6-broken"], id="IPv6 leads nowhere"),
        pytest.param("imap://imap.aim.com", ["host-obsolete", "name-not-found"], id="out of use"),
    ],
)
def test_each_broken_incoming_server_has_its_findings(lab: Laboratory, server: str, wanted: list[str]) -> None:
    """Dovecot, and what stands in its place."""
    code, found = diagnosed(lab, "--incoming", server)

    assert [item["code"] for item in found] == wanted
    assert code == (1 if set(wanted) - {"ipv6-broken"} else 0)


@pytest.mark.parametrize(
    ("server", "wanted"),
    [
        pytest.param("smtp://smtp.both.example", [], id="good"),
        pytest.param(
            "smtp://forgotten.broken.example:587",
            ["certificate-expired", "certificate-name"],
            id="expired, and for another name",
        ),
        pytest.param("smtp://mail.oldtls.example", ["tls-too-old"], id="TLS 1.1"),
        pytest.param("smtp://smtp.refusing.example", ["ip-blocked"], id="554"),
        pytest.param("smtp://mail.slow.example", ["slow-greeting"], id="a greeting after six seconds"),
        pytest.param("smtp://exchanger.broken.example:25", ["no-auth-on-this-port"], id="an exchanger"),
        pytest.param("smtp://mail.clear.example:587", ["starttls-not-offered"], id="no TLS at all"),
    ],
)
def test_each_broken_outgoing_server_has_its_findings(lab: Laboratory, server: str, wanted: list[str]) -> None:
    """Postfix and Exim."""
    code, found = diagnosed(lab, "--outgoing", server)

    assert [item["code"] for item in found] == wanted
    assert code == (1 if set(wanted) - {"slow-greeting"} else 0)


def test_the_evidence_names_day_name_and_version(lab: Laboratory) -> None:
    """What a second look has seen stands beside the finding."""
    _, expired = diagnosed(lab, "--incoming", "imap://forgotten.broken.example")
    _, old = diagnosed(lab, "--outgoing", "smtp://mail.oldtls.example")

    assert "1 day ago" in expired[0]["evidence"]
    assert "old-name.broken.example" in expired[1]["evidence"]
    assert "TLSv1.1" in old[0]["evidence"]


def test_a_detection_explains_a_missing_direction_by_itself(lab: Laboratory) -> None:
    """Without a word of `check`: the answer of the search has the findings."""
    words = (COMMAND, "ada@selfsigned.example", "--json", "--resolver", lab.resolver, "--ca", str(lab.ca_file))

    answer = json.loads(lab.in_client(*words).stdout)

    assert "certificate-self-signed" in {item["code"] for item in answer["findings"]}


def test_without_a_network_that_is_said(lab: Laboratory) -> None:
    """On the island nothing is reached, not even a resolver."""
    words = (COMMAND, "check", "ada@both.example", "--json", "--resolver", lab.resolver)

    found = json.loads(lab.on_island(*words).stdout)["findings"]

    assert [item["code"] for item in found] == ["network-down"]

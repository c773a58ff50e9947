"""Mail domains whose certificates, addresses or servers make trouble, with the answer that is right all the same."""

from __future__ import annotations

from mailsettings.errors import FailureKind
from tests.support.lab.addressing import NOWHERE
from tests.support.lab.provider_zones import EVERYTHING
from tests.support.lab.world import (
    FILTERED,
    IMAPS,
    SUBMISSION,
    SUBMISSIONS,
    TARPIT,
    Certificate,
    Fault,
    Host,
    Software,
    World,
)

CERTIFICATES = (
    World(
        domain="customer.example",
        story="mail. is a shared hoster's machine with the hoster's certificate: its name is the answer",
        records=("mail LIKE web7.bighoster.example.", "@ MX 10 mail"),
        incoming="imap://web7.bighoster.example:993 (tls)",
        outgoing="smtp://web7.bighoster.example:465 (tls)",
        kinds=frozenset({FailureKind.CERTIFICATE_NAME}),
        confirm=("web7.bighoster.example",),
    ),
    World(
        domain="tenant.example",
        story="mail. is an alias of a hoster's node; the wildcard certificate is for the node",
        records=("mail CNAME node3.cluster.example.", "@ MX 10 node3.cluster.example."),
        incoming="imap://node3.cluster.example:993 (tls)",
        outgoing="smtp://node3.cluster.example:465 (tls)",
        confirm=("node3.cluster.example",),
    ),
    World(
        domain="wrongname.example",
        story="the certificate is for a name that does not exist: no way to go on",
        hosts=(Host("mail", EVERYTHING, Certificate(("server1.nowhere.example",))),),
        incoming="imap://mail.wrongname.example:993 (tls)",
        outgoing="smtp://mail.wrongname.example:465 (tls)",
        verified=False,
        exit_code=1,
        kinds=frozenset({FailureKind.CERTIFICATE_NAME}),
    ),
    World(
        domain="expired.example",
        story="the certificate has expired",
        hosts=(Host("mail", EVERYTHING, Certificate(fault=Fault.EXPIRED)),),
        incoming="imap://mail.expired.example:993 (tls)",
        outgoing="smtp://mail.expired.example:465 (tls)",
        verified=False,
        exit_code=1,
        kinds=frozenset({FailureKind.CERTIFICATE_EXPIRED}),
    ),
    World(
        domain="selfsigned.example",
        story="the certificate is signed by itself",
        hosts=(Host("mail", EVERYTHING, Certificate(fault=Fault.SELF_SIGNED), software=Software.EXIM),),
        incoming="imap://mail.selfsigned.example:993 (tls)",
        outgoing="smtp://mail.selfsigned.example:465 (tls)",
        verified=False,
        exit_code=1,
        kinds=frozenset({FailureKind.CERTIFICATE_SELF_SIGNED}),
    ),
    World(
        domain="otherca.example",
        story="the certificate is signed by an authority nobody trusts",
        hosts=(Host("mail", EVERYTHING, Certificate(fault=Fault.UNKNOWN_CA)),),
        incoming="imap://mail.otherca.example:993 (tls)",
        outgoing="smtp://mail.otherca.example:465 (tls)",
        verified=False,
        exit_code=1,
        kinds=frozenset({FailureKind.CERTIFICATE_UNKNOWN_CA}),
    ),
)

TROUBLES = (
    World(
        domain="sixonly.example",
        story="IPv6 only",
        hosts=(Host("mail", EVERYTHING, families=(6,)),),
        incoming="imap://mail.sixonly.example:993 (tls)",
        outgoing="smtp://mail.sixonly.example:465 (tls)",
    ),
    World(
        domain="fouronly.example",
        story="IPv4 only",
        hosts=(Host("mail", EVERYTHING, families=(4,), software=Software.EXIM),),
        incoming="imap://mail.fouronly.example:993 (tls)",
        outgoing="smtp://mail.fouronly.example:465 (tls)",
    ),
    World(
        domain="broken6.example",
        story="the IPv6 addresses lead nowhere, the IPv4 ones work",
        hosts=(Host("mail", EVERYTHING, families=(4,)),),
        records=(f"mail AAAA {NOWHERE[1]}",),
        notes=("IPv6 does not work",),
        incoming="imap://mail.broken6.example:993 (tls)",
        outgoing="smtp://mail.broken6.example:465 (tls)",
    ),
    World(
        domain="broken4.example",
        story="the IPv4 addresses lead nowhere, the IPv6 ones work",
        hosts=(Host("mail", EVERYTHING, families=(6,)),),
        records=(f"mail A {NOWHERE[0]}",),
        incoming="imap://mail.broken4.example:993 (tls)",
        outgoing="smtp://mail.broken4.example:465 (tls)",
    ),
    World(
        domain="halfopen.example",
        story="a firewall drops what goes to imap.; mail. works",
        hosts=(Host("imap", FILTERED), Host("mail", (IMAPS, SUBMISSIONS))),
        incoming="imap://mail.halfopen.example:993 (tls)",
        outgoing="smtp://mail.halfopen.example:465 (tls)",
    ),
    World(
        domain="slow.example",
        story="the greeting comes after six seconds, as some servers do against senders of spam",
        hosts=(Host("mail", (IMAPS, SUBMISSIONS), software=Software.EXIM, delay=6),),
        incoming="imap://mail.slow.example:993 (tls)",
        outgoing="smtp://mail.slow.example:465 (tls)",
        within=15.0,
    ),
    World(
        domain="sleepy.example",
        story="the greeting before STARTTLS comes after six seconds",
        hosts=(Host("imap", (IMAPS,)), Host("smtp", (SUBMISSION,), delay=6)),
        incoming="imap://imap.sleepy.example:993 (tls)",
        outgoing="smtp://smtp.sleepy.example:587 (starttls)",
        within=15.0,
    ),
    World(
        domain="tarpit.example",
        story="every port accepts and says nothing",
        hosts=(Host("imap", TARPIT), Host("mail", TARPIT), Host("smtp", TARPIT)),
        exit_code=3,
        within=6.0,
    ),
    World(
        domain="filtered.example",
        story="a firewall drops everything",
        hosts=(Host("imap", FILTERED), Host("mail", FILTERED), Host("smtp", FILTERED)),
        exit_code=3,
        kinds=frozenset({FailureKind.CONNECT_TIMEOUT}),
        within=6.0,
    ),
)

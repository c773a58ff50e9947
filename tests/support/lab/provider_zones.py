"""Zones that several worlds point at: big providers under their real names, and hosters."""

from __future__ import annotations

from tests.support.lab.world import (
    EXCHANGER,
    IMAP,
    IMAPS,
    POP3S,
    SUBMISSION,
    SUBMISSIONS,
    Certificate,
    Host,
    Software,
    Zone,
)

EVERYTHING = (IMAPS, IMAP, POP3S, SUBMISSIONS, SUBMISSION)

PROVIDER_ZONES = (
    # Google's mail exchangers; its other hosts are in the world of gmail.com.
    Zone(
        "google.com",
        (Host("aspmx.l", (EXCHANGER,)), Host("alt1.aspmx.l", (EXCHANGER,)), Host("gmail-smtp-in.l", (EXCHANGER,))),
    ),
    # Microsoft 365.
    Zone("office365.com", (Host("outlook", (IMAPS, POP3S)), Host("smtp", (SUBMISSION,)))),
    Zone("outlook.com", (Host("office-example.mail.protection", (EXCHANGER,)),)),
    # Gandi: exchangers of their own, one host for everything else.
    Zone(
        "gandi.net",
        (
            Host("mail", EVERYTHING, software=Software.EXIM),
            Host("spool.mail", (EXCHANGER,)),
            Host("fb.mail", (EXCHANGER,)),
        ),
    ),
    # A filter in front of another provider's mailboxes.
    Zone("pphosted.com", (Host("mx0a-00112233", (EXCHANGER,)),)),
    # Shared hosters: one machine and one certificate for many customers.
    Zone("bighoster.example", (Host("web7", (*EVERYTHING, EXCHANGER), software=Software.EXIM),)),
    Zone("cluster.example", (Host("node3", EVERYTHING, Certificate(("*.cluster.example",))),)),
    Zone("srvhoster.example", (Host("imap", (IMAPS,)), Host("smtp", (SUBMISSIONS,)))),
)

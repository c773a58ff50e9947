"""Domains whose users log in: accounts of every kind, one server software or one mechanism for each domain."""

from __future__ import annotations

from tests.support.lab.world import (
    IMAP,
    IMAPS,
    POP3,
    POP3S,
    SUBMISSION,
    SUBMISSIONS,
    Accounts,
    Host,
    Software,
    User,
    Zone,
)

PASSWORD = "right horse"
FOREIGN = 'пароль {5} ö"\\'  # letters outside ASCII, and all that has a meaning in a command
TOKEN = "ya29.the-good-one"
PLEASE = "Please use full email address as user name."
DOMAIN = "members.example"
ACCOUNTS = Accounts(
    "members",
    (
        User(f"ada@{DOMAIN}", PASSWORD),
        User(f"bob@{DOMAIN}", PASSWORD),
        User("bob", PASSWORD, says=PLEASE),
        User(f"jörg@{DOMAIN}", FOREIGN),
        User("local", PASSWORD),
        User(f"gone@{DOMAIN}", PASSWORD, disabled=True),
        User(f"off@{DOMAIN}", PASSWORD, off=True),
        User(f"broken@{DOMAIN}", PASSWORD, broken=True),
        User(f"full@{DOMAIN}", PASSWORD, quota=2000, holds=3000),
        User(f"busy@{DOMAIN}", PASSWORD),
    ),
    connections=2,
)
TWO_FORMS = Accounts("two-forms", (User("eva@web.de", PASSWORD), User("max", PASSWORD)))
ALL = (IMAPS, IMAP, POP3S, POP3, SUBMISSIONS, SUBMISSION)


def _only(mechanism: str, domain: str, password: str = PASSWORD) -> Zone:
    """Return a domain with nothing but *mechanism*."""
    users: tuple[User, ...] = (User(f"ada@{domain}", password), User(f"jörg@{domain}", FOREIGN))
    if mechanism == "SCRAM-SHA-256":
        users += (
            User(f"bob@{domain}", PASSWORD, stored=mechanism),
            User(f"eve@{domain}", PASSWORD, stored="SHA512-CRYPT"),
        )
    accounts = Accounts(domain.partition(".")[0], users, (mechanism,))
    return Zone(domain, (Host("mail", ALL, accounts=accounts),))


MECHANISMS = {
    "SCRAM-SHA-256": "scram256.example",
    "SCRAM-SHA-1": "scram1.example",
    "CRAM-MD5": "cram.example",
    "LOGIN": "login.example",
    "PLAIN": "plain.example",
}
TOKENS = {"OAUTHBEARER": "oauthbearer.example", "XOAUTH2": "xoauth2.example"}
MIXED = "mixed.example"  # SCRAM is listed; only one of its users has a password that is stored for it
COURIER, EXIM = "courier.example", "exim.example"
ZONES = (
    Zone(
        DOMAIN,
        (
            Host("mail", ALL, accounts=ACCOUNTS),
            Host("strict", (SUBMISSIONS,), accounts=ACCOUNTS, owned=True),
            Host("busy", (SUBMISSIONS, SUBMISSION), accounts=ACCOUNTS, clients=1),
        ),
    ),
    *(_only(mechanism, domain) for mechanism, domain in MECHANISMS.items()),
    *(_only(mechanism, domain, TOKEN) for mechanism, domain in TOKENS.items()),
    Zone(
        MIXED,
        (
            Host(
                "mail",
                ALL,
                accounts=Accounts(
                    "mixed",
                    (
                        User(f"ada@{MIXED}", PASSWORD, stored="SHA512-CRYPT"),
                        User(f"bob@{MIXED}", PASSWORD, stored="SCRAM-SHA-256"),
                    ),
                    ("scram-sha-256", "plain"),
                ),
            ),
        ),
    ),
    Zone(
        COURIER,
        (
            Host(
                "mail",
                (IMAPS, IMAP, POP3S, POP3),
                software=Software.COURIER,
                accounts=Accounts("courier", (User(f"ada@{COURIER}", PASSWORD), User(f"jörg@{COURIER}", FOREIGN))),
            ),
        ),
    ),
    Zone(
        EXIM,
        (
            Host(
                "mail",
                (SUBMISSIONS, SUBMISSION),
                software=Software.EXIM,
                accounts=Accounts(
                    "exim", (User(f"ada@{EXIM}", PASSWORD), User(f"broken@{EXIM}", PASSWORD, broken=True))
                ),
            ),
        ),
    ),
    # The provider table has two forms of the user name for them; here only the second one is known.
    *(
        Zone(domain, (Host("imap", (IMAPS,), accounts=TWO_FORMS), Host("smtp", (SUBMISSIONS,), accounts=TWO_FORMS)))
        for domain in ("web.de", "comcast.net")
    ),
)

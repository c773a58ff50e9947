"""The mail domains of the laboratory, each with the answer that is right for it; see also faulty_domains.py."""

from __future__ import annotations

from mailsettings.errors import FailureKind
from tests.support.lab.broken_servers import BROKEN
from tests.support.lab.contradictory_domains import CONTRADICTING
from tests.support.lab.faulty_domains import CERTIFICATES, TROUBLES
from tests.support.lab.provider_zones import EVERYTHING, PROVIDER_ZONES
from tests.support.lab.publishing_domains import PUBLISHED, PUBLISHED_ZONES
from tests.support.lab.world import (
    EXCHANGER,
    IMAP,
    IMAPS,
    PLAIN_IMAP,
    PLAIN_POP3,
    PLAIN_SUBMISSION,
    POP3,
    POP3S,
    SUBMISSION,
    SUBMISSION_25,
    SUBMISSIONS,
    WEB,
    Certificate,
    Delegation,
    Host,
    Service,
    Software,
    Speaks,
    World,
)

__all__ = ["WORLDS", "ZONES"]

NAMES = (
    World(
        domain="both.example",
        story="imap. and smtp. exist, each with both kinds of TLS",
        hosts=(Host("imap", (IMAPS, IMAP)), Host("smtp", (SUBMISSIONS, SUBMISSION, EXCHANGER))),
        records=("@ MX 10 smtp",),
        incoming="imap://imap.both.example:993 (tls)",
        outgoing="smtp://smtp.both.example:465 (tls)",
    ),
    World(
        domain="mailonly.example",
        story="everything is on mail.",
        hosts=(Host("mail", (*EVERYTHING, EXCHANGER), software=Software.EXIM),),
        records=("@ MX 10 mail",),
        incoming="imap://mail.mailonly.example:993 (tls)",
        outgoing="smtp://mail.mailonly.example:465 (tls)",
    ),
    World(
        domain="itself.example",
        story="everything is on the domain's own name, also the web site",
        hosts=(Host("@", (*EVERYTHING, EXCHANGER, *WEB), pages=(("/lab/hello.txt", "hello"),)),),
        records=("@ MX 10 @",),
        incoming="imap://itself.example:993 (tls)",
        outgoing="smtp://itself.example:465 (tls)",
    ),
    World(
        domain="poponly.example",
        story="mail is read with POP3 only",
        hosts=(Host("pop", (POP3S, POP3)), Host("smtp", (SUBMISSIONS,))),
        incoming="pop3://pop.poponly.example:995 (tls)",
        outgoing="smtp://smtp.poponly.example:465 (tls)",
    ),
    World(
        domain="mxhost.example",
        story="only the name of the mail exchanger leads to the server",
        hosts=(Host("mx7", (IMAPS, SUBMISSIONS, EXCHANGER), software=Software.EXIM),),
        records=("@ MX 10 mx7",),
        incoming="imap://mx7.mxhost.example:993 (tls)",
        outgoing="smtp://mx7.mxhost.example:465 (tls)",
    ),
    World(
        domain="alias.example",
        story="imap. is an alias of an alias; the certificate is for the name a user knows",
        hosts=(
            Host("node", (IMAPS,), Certificate(("imap.alias.example",))),
            Host("smtp", (SUBMISSIONS,)),
        ),
        records=("imap CNAME pool", "pool CNAME node"),
        incoming="imap://imap.alias.example:993 (tls)",
        outgoing="smtp://smtp.alias.example:465 (tls)",
    ),
    World(
        domain="bücher.example",
        story="an international name; DNS and TLS know its A-labels",
        hosts=(Host("imap", (IMAPS,)), Host("smtp", (SUBMISSIONS,), software=Software.EXIM)),
        records=("@ MX 10 smtp",),
        incoming="imap://imap.xn--bcher-kva.example:993 (tls)",
        outgoing="smtp://smtp.xn--bcher-kva.example:465 (tls)",
    ),
    World(
        domain="staff.uni.example",
        story="the servers are of the domain above",
        hosts=(Host("mail", EVERYTHING),),
        records=("staff MX 10 mail",),
        zone_name="uni.example",
        incoming="imap://mail.uni.example:993 (tls)",
        outgoing="smtp://mail.uni.example:465 (tls)",
    ),
)

PORTS = (
    World(
        domain="starttls.example",
        story="TLS only after STARTTLS",
        hosts=(Host("mail", (IMAP, SUBMISSION)),),
        incoming="imap://mail.starttls.example:143 (starttls)",
        outgoing="smtp://mail.starttls.example:587 (starttls)",
    ),
    World(
        domain="implicit.example",
        story="submission on 465 only",
        hosts=(Host("mail", (IMAPS, SUBMISSIONS), software=Software.EXIM),),
        incoming="imap://mail.implicit.example:993 (tls)",
        outgoing="smtp://mail.implicit.example:465 (tls)",
    ),
    World(
        domain="port25.example",
        story="submission on port 25, which offers AUTH after TLS",
        hosts=(Host("mail", (IMAPS, SUBMISSION_25)),),
        records=("@ MX 10 mail",),
        incoming="imap://mail.port25.example:993 (tls)",
        outgoing="smtp://mail.port25.example:25 (starttls)",
    ),
    World(
        domain="relay25.example",
        story="port 25 is a mail exchanger without AUTH: no submission",
        hosts=(Host("mail", (IMAPS, EXCHANGER)),),
        records=("@ MX 10 mail",),
        incoming="imap://mail.relay25.example:993 (tls)",
        exit_code=1,
        kinds=frozenset({FailureKind.NO_LOGIN}),
    ),
    World(
        domain="clear.example",
        story="no TLS anywhere: nothing that may be recommended",
        hosts=(Host("mail", (PLAIN_IMAP, PLAIN_POP3, PLAIN_SUBMISSION)),),
        exit_code=3,
        kinds=frozenset({FailureKind.STARTTLS_NOT_OFFERED}),
    ),
    World(
        domain="oldtls.example",
        story="submission speaks TLS 1.0 and 1.1 only",
        hosts=(Host("mail", (IMAPS, SUBMISSIONS), old_tls=True),),
        incoming="imap://mail.oldtls.example:993 (tls)",
        exit_code=1,
        kinds=frozenset({FailureKind.TLS_TOO_OLD}),
    ),
    World(
        domain="ssh.example",
        story="SSH answers on the ports of imap.; mail. has the mail",
        hosts=(
            Host("imap", (Service(Speaks.SSH, 993), Service(Speaks.SSH, 143))),
            Host("mail", (IMAPS, SUBMISSIONS)),
        ),
        incoming="imap://mail.ssh.example:993 (tls)",
        outgoing="smtp://mail.ssh.example:465 (tls)",
        kinds=frozenset({FailureKind.NOT_TLS}),
    ),
    World(
        domain="http.example",
        story="a web server answers on the ports of IMAP; POP3 is real",
        hosts=(Host("mail", (Service(Speaks.HTTP, 993), Service(Speaks.HTTP, 143), POP3S, SUBMISSIONS)),),
        incoming="pop3://mail.http.example:995 (tls)",
        outgoing="smtp://mail.http.example:465 (tls)",
        kinds=frozenset({FailureKind.NOT_TLS}),
    ),
    World(
        domain="refusing.example",
        story="smtp. greets everybody with 554; mail. takes submissions",
        hosts=(
            Host("imap", (IMAPS,)),
            Host("smtp", (SUBMISSIONS, SUBMISSION), refuses=True),
            Host("mail", (SUBMISSIONS,)),
        ),
        incoming="imap://imap.refusing.example:993 (tls)",
        outgoing="smtp://mail.refusing.example:465 (tls)",
        kinds=frozenset({FailureKind.GREETING_REFUSED}),
    ),
)

RECORDS = (
    World(
        domain="srv.example",
        story="SRV by priority; the best submission host is dead, the next one is the answer",
        hosts=(
            Host("first", (IMAPS,)),
            Host("second", (IMAPS,)),
            Host("dead", ()),
            Host("out", (SUBMISSIONS,), software=Software.EXIM),
        ),
        records=(
            "_imaps._tcp SRV 20 0 993 second",
            "_imaps._tcp SRV 10 0 993 first",
            "_submissions._tcp SRV 5 0 465 out",
            "_submissions._tcp SRV 0 0 465 dead",
        ),
        incoming="imap://first.srv.example:993 (tls)",
        outgoing="smtp://out.srv.example:465 (tls)",
        confirm=("first.srv.example", "out.srv.example"),
        kinds=frozenset({FailureKind.REFUSED}),
    ),
    World(
        domain="srvdot.example",
        story="SRV says that IMAP is not offered, although imap. answers",
        hosts=(Host("imap", (IMAPS,)), Host("pop", (POP3S,)), Host("smtp", (SUBMISSIONS,))),
        records=(
            "_imaps._tcp SRV 0 0 0 .",
            "_imap._tcp SRV 0 0 0 .",
            "_pop3s._tcp SRV 0 0 995 pop",
            "_submissions._tcp SRV 0 0 465 smtp",
        ),
        incoming="pop3://pop.srvdot.example:995 (tls)",
        outgoing="smtp://smtp.srvdot.example:465 (tls)",
        notes=("_imaps._tcp.srvdot.example SRV says that IMAP is not offered",),
        kinds=frozenset({FailureKind.NOT_OFFERED}),
    ),
    World(
        domain="srvother.example",
        story="SRV names servers of another domain: right, and to be confirmed",
        records=(
            "_imaps._tcp SRV 0 0 993 imap.srvhoster.example.",
            "_submissions._tcp SRV 0 0 465 smtp.srvhoster.example.",
        ),
        incoming="imap://imap.srvhoster.example:993 (tls)",
        outgoing="smtp://smtp.srvhoster.example:465 (tls)",
        confirm=("imap.srvhoster.example", "smtp.srvhoster.example"),
    ),
    World(
        domain="sub465.example",
        story="_submission names port 465, as half of all such records do: TLS from the first byte",
        hosts=(Host("in", (IMAPS,)), Host("out", (SUBMISSIONS,), software=Software.EXIM)),
        records=("_imaps._tcp SRV 0 0 993 in", "_submission._tcp SRV 0 0 465 out"),
        incoming="imap://in.sub465.example:993 (tls)",
        outgoing="smtp://out.sub465.example:465 (tls)",
        confirm=("in.sub465.example", "out.sub465.example"),
    ),
    World(
        domain="wild.example",
        story="every name has an address, that of a web server; mail. is real",
        hosts=(Host("*", WEB), Host("mail", EVERYTHING)),
        notes=("any name under wild.example has an address",),
        incoming="imap://mail.wild.example:993 (tls)",
        outgoing="smtp://mail.wild.example:465 (tls)",
    ),
    World(
        domain="wildmail.example",
        story="every name is the mail server; its certificate is for one of them",
        hosts=(Host("*", EVERYTHING, Certificate(("mail.wildmail.example",)), software=Software.EXIM),),
        records=("@ MX 10 mail",),
        incoming="imap://mail.wildmail.example:993 (tls)",
        outgoing="smtp://mail.wildmail.example:465 (tls)",
        kinds=frozenset({FailureKind.CERTIFICATE_NAME}),
    ),
    World(
        domain="parked.example",
        story="every name leads to a web page that offers the domain for sale",
        hosts=(Host("@", WEB), Host("*", WEB)),
        exit_code=3,
        kinds=frozenset({FailureKind.REFUSED}),
    ),
    World(
        domain="nullmx.example",
        story="says that it receives no mail (RFC 7505)",
        hosts=(Host("@", WEB),),
        records=("@ MX 0 .",),
        exit_code=3,
        kinds=frozenset({FailureKind.NO_MAIL}),
    ),
    World(
        domain="gone.example",
        story="does not exist",
        delegation=Delegation.ABSENT,
        exit_code=3,
        kinds=frozenset({FailureKind.NO_SUCH_NAME}),
    ),
    World(
        domain="lame.example",
        story="its name server has lost it: SERVFAIL",
        delegation=Delegation.LAME,
        exit_code=3,
        kinds=frozenset({FailureKind.DNS_FAILED}),
    ),
)

PROVIDERS = (
    World(
        domain="gmail.com",
        story="in the table by its exact name",
        hosts=(Host("imap", (IMAPS,)), Host("pop", (POP3S,)), Host("smtp", (SUBMISSIONS, SUBMISSION))),
        records=("@ MX 5 gmail-smtp-in.l.google.com.",),
        incoming="imap://imap.gmail.com:993 (tls)",
        outgoing="smtp://smtp.gmail.com:465 (tls)",
    ),
    World(
        domain="workspace.example",
        story="MX at Google; the live server with a valid certificate on mail. is a web panel's, not the mailbox",
        hosts=(Host("mail", (*EVERYTHING, *WEB)),),
        records=("@ MX 1 aspmx.l.google.com.", "@ MX 5 alt1.aspmx.l.google.com."),
        incoming="imap://imap.gmail.com:993 (tls)",
        outgoing="smtp://smtp.gmail.com:465 (tls)",
    ),
    World(
        domain="office.example",
        story="MX at Microsoft 365",
        records=("@ MX 0 office-example.mail.protection.outlook.com.",),
        incoming="imap://outlook.office365.com:993 (tls)",
        outgoing="smtp://smtp.office365.com:587 (starttls)",
    ),
    World(
        domain="atelier.example",
        story="MX at Gandi",
        records=("@ MX 10 spool.mail.gandi.net.", "@ MX 50 fb.mail.gandi.net."),
        incoming="imap://mail.gandi.net:993 (tls)",
        outgoing="smtp://mail.gandi.net:465 (tls)",
    ),
    World(
        domain="filter.example",
        story="MX at a filter: the mailboxes are on servers of its own",
        hosts=(Host("imap", (IMAPS,)), Host("smtp", (SUBMISSIONS,))),
        records=("@ MX 10 mx0a-00112233.pphosted.com.",),
        notes=("goes through the filter",),
        incoming="imap://imap.filter.example:993 (tls)",
        outgoing="smtp://smtp.filter.example:465 (tls)",
    ),
)

ZONES = (*PROVIDER_ZONES, *PUBLISHED_ZONES, *BROKEN)
WORLDS = (*NAMES, *PORTS, *RECORDS, *PROVIDERS, *CERTIFICATES, *TROUBLES, *PUBLISHED, *CONTRADICTING)

"""Three hundred mail domains in the shares that were measured over the first million of Tranco.

    mail_domains()  ->  the same domains every time, each as a value

Measured are the shares of the exchangers (Tranco 1M, 2022-02, 569,414 domains with MX); how many domains publish
Autodiscover (4.8 %), Autoconfig (5.5 %, of these 15 % over http only) and SRV (1.1 %), and how many any of them (7.6 %;
Wen et al., NDSS 2025); how many zones are signed (1 %). That 5 % of the big providers' customers have a web panel alive
on mail.D, and that mail.D of 7 % shows a hoster's certificate, is in model/claims.py and sources/certificate_names.py,
the names of own servers in docs/guessing.md. The rest is estimated: what is behind filters and behind the 16 % of
exchangers that the count does not name, how many own servers cannot be used, and what web sites do.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks import hosted_mail as hosted
from benchmarks import own_mail as own
from benchmarks.customers import GOOGLE, MICROSOFT
from benchmarks.hosted_mail import Describe, at_provider
from benchmarks.mail_domains import MailDomain, Site
from tests.support.lab.world import Delegation

SIZE = 300
SEED = 2025


@dataclass(frozen=True, slots=True)
class Share:
    """The domains with one sort of exchanger: their share of those with MX in per cent, and how many of each sort."""

    name: str
    percent: float
    sorts: tuple[tuple[Describe, int], ...]

    @property
    def count(self) -> int:
        return sum(count for _, count in self.sorts)


SHARES: Sequence[Share] = (
    Share(
        "self-hosted",
        35.04,
        (
            *((own.imap_and_smtp, 14), (own.mail, 13), (own.domain_itself, 4), (own.mail_by_starttls, 4)),
            *((own.pop_and_smtp, 1), (own.mx1, 3), (own.rented_server, 3), (own.rented_server_for_the_domain, 2)),
            *((own.published, 5), (own.published_usual, 3), (own.published_over_http, 2), (own.published_by_srv, 1)),
            *((hosted.own_document_for_small_hoster, 2), (hosted.srv_for_small_hoster, 1)),
            # A third of the machines with the hoster's certificate each: named by it, named by DNS (six more are in the
            # rest), named by nothing but itself.
            *((own.panel, 11), (own.panel_with_autodiscover, 5)),
            *((own.hosters_certificate, 7), (own.hosters_wildcard_by_cname, 1), (own.hosters_wildcard, 7)),
            *((own.own_before_a_backup, 1), (hosted.own_exchanger_before(MICROSOFT), 2)),
            *((own.bad_certificate, 4), (own.exchange_server, 3), (own.exchanger_only, 6)),
        ),
    ),
    Share("Google", 21.44, ((at_provider(GOOGLE), 61), (hosted.at_provider_with_a_panel(GOOGLE), 3))),
    Share("Microsoft", 9.55, ((at_provider(MICROSOFT), 27), (hosted.at_provider_with_a_panel(MICROSOFT), 2))),
    Share("Yandex", 3.92, ((at_provider("yandex"), 12),)),
    Share("GoDaddy", 1.69, ((at_provider("godaddy"), 5),)),
    Share("Zoho", 1.52, ((at_provider("zoho-com-hosted"), 3), (at_provider("zoho-eu-hosted"), 2))),
    Share("Hostinger", 1.37, ((at_provider("hostinger"), 4),)),
    Share("Namecheap forwarding", 1.22, ((hosted.forwarded("namecheap-forwarding"), 4),)),
    Share("Mimecast", 1.01, ((hosted.behind("mimecast", MICROSOFT), 2), (hosted.own_behind("mimecast"), 1))),
    Share("SpamExperts", 0.92, ((hosted.own_behind("spamexperts"), 2), (hosted.behind("spamexperts", GOOGLE), 1))),
    Share("Proofpoint", 1.24, ((hosted.behind("proofpoint", MICROSOFT), 3), (hosted.behind("proofpoint", GOOGLE), 1))),
    Share("Beget", 0.70, ((at_provider("beget"), 2),)),
    Share(
        "Rackspace, IONOS",
        1.68,
        ((at_provider("rackspace"), 2), (at_provider("ionos-de"), 2), (at_provider("ionos-com"), 1)),
    ),
    Share("OVH", 0.50, ((at_provider("ovh"), 1),)),
    Share("Mail.ru", 0.48, ((at_provider("vk-workspace"), 1),)),
    Share("Barracuda", 0.46, ((hosted.own_behind("barracuda"), 1),)),
    Share("QQ", 0.36, ((at_provider("exmail-qq"), 1),)),
    Share("WorkMail", 0.34, ((at_provider("workmail-us-east-1"), 1),)),
    Share("IronPort", 0.28, ((hosted.behind("cisco-secure-email", MICROSOFT), 1),)),
    Share(
        "the rest",
        16.28,
        (
            *((at_provider("gandi"), 2), (at_provider("strato"), 1), (at_provider("aruba"), 1)),
            *((at_provider("infomaniak"), 1), (at_provider("fastmail"), 1), (at_provider("migadu"), 1)),
            *((at_provider("loopia"), 1), (at_provider("icloud"), 1)),
            *((hosted.at_provider_with_a_document("one-com"), 1),),
            *((hosted.on_machine_of("all-inkl"), 1), (hosted.on_machine_of("mxroute"), 1)),
            *((hosted.forwarded("cloudflare-routing"), 2), (hosted.not_usable_at("proton"), 1)),
            *(
                (hosted.small_hosters_document, 2),
                (hosted.small_hosters_machine, 4),
                (hosted.small_hosters_own_names, 5),
            ),
            *((own.hosters_wildcard_by_mx, 6), (own.exchanger_only, 5)),
            *((hosted.null_mx, 4), (hosted.web_only, 4), (hosted.gone, 4)),
        ),
    ),
)
# Nearly every domain of Tranco has a web site; of every twenty this many behave so.
SITES: Mapping[Site, int] = {
    Site.NOT_FOUND: 8,
    Site.TO_WWW: 5,
    Site.CATCH_ALL: 2,
    Site.PARKED: 1,
    Site.BASIC_AUTH: 1,
    Site.HTTP_ONLY: 1,
    Site.BAD_CERTIFICATE: 1,
    Site.SILENT: 1,
}
SIGNED_EACH = 100  # of so many domains one is signed by DNSSEC


def mail_domains() -> tuple[MailDomain, ...]:
    """Return the domains, in an order in which the kinds are mixed."""
    chance = random.Random(SEED)  # always the same
    described = [(describe, number) for share in SHARES for describe, count in share.sorts for number in range(count)]
    chance.shuffle(described)
    sites = [site for site, twentieths in SITES.items() for _ in range(twentieths * SIZE // 20)]
    chance.shuffle(sites)
    return tuple(
        _finished(describe(f"d{place:03}.example", number), site, signed=place % SIGNED_EACH == 0)
        for place, ((describe, number), site) in enumerate(zip(described, sites, strict=True))
    )


def _finished(domain: MailDomain, site: Site, *, signed: bool) -> MailDomain:
    if domain.zone.delegation is Delegation.ABSENT:
        return domain
    placed = domain.with_site(site)
    return placed.signed() if signed else placed

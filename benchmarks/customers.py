"""What providers have their customers put into their zones: exchangers, SPF, CNAME of autodiscover., by id of the row.

The names are those of the providers' instructions as far as benchmarks/exchangers.txt has them, the others usual ones
of 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

GOOGLE, MICROSOFT = "google-workspace", "microsoft-365"


@dataclass(frozen=True, slots=True)
class Customer:
    """What a provider tells its customers to put into their zones; * stands for the domain with hyphens for dots."""

    mx: tuple[tuple[str, ...], ...]  # one of them each, the most preferred first
    spf: str = ""
    autodiscover: str = ""  # the target of a CNAME


CUSTOMERS: Mapping[str, Customer] = {
    GOOGLE: Customer(
        (
            ("aspmx.l.google.com", "alt1.aspmx.l.google.com", "alt2.aspmx.l.google.com"),
            ("smtp.google.com",),
        ),
        "_spf.google.com",
    ),
    MICROSOFT: Customer(
        (("*.mail.protection.outlook.com",),), "spf.protection.outlook.com", "autodiscover.outlook.com"
    ),
    "yandex": Customer((("mx.yandex.net",),), "_spf.yandex.net"),
    "godaddy": Customer((("smtp.secureserver.net", "mailstore1.secureserver.net"),), "secureserver.net"),
    "zoho-com-hosted": Customer((("mx.zoho.com", "mx2.zoho.com", "mx3.zoho.com"),), "zoho.com"),
    "zoho-eu-hosted": Customer((("mx.zoho.eu", "mx2.zoho.eu", "mx3.zoho.eu"),), "zoho.eu"),
    "hostinger": Customer((("mx1.hostinger.com", "mx2.hostinger.com"),), "_spf.mail.hostinger.com"),
    "beget": Customer((("mx1.beget.com", "mx2.beget.com"),), "beget.com"),
    "rackspace": Customer((("mx1.emailsrvr.com", "mx2.emailsrvr.com"),), "emailsrvr.com"),
    "ionos-de": Customer((("mx00.ionos.de", "mx01.ionos.de"), ("mx00.kundenserver.de", "mx01.kundenserver.de"))),
    "ionos-com": Customer((("mx00.ionos.com", "mx01.ionos.com"),)),
    "ovh": Customer((("mx1.mail.ovh.net", "mx2.mail.ovh.net", "mx3.mail.ovh.net"),), "mx.ovh.com"),
    "vk-workspace": Customer((("emx.mail.ru",),), "_spf.mail.ru"),
    "exmail-qq": Customer((("mxbiz1.qq.com", "mxbiz2.qq.com"),), "spf.mail.qq.com"),
    "workmail-us-east-1": Customer(
        (("inbound-smtp.us-east-1.amazonaws.com",),), autodiscover="autodiscover.mail.us-east-1.awsapps.com"
    ),
    "gandi": Customer((("spool.mail.gandi.net", "fb.mail.gandi.net"),), "_mailcust.gandi.net"),
    "strato": Customer((("smtpin.rzone.de",),)),
    "aruba": Customer((("mx.aruba.it",),), "_spf.aruba.it"),
    "infomaniak": Customer((("mta-gw.infomaniak.ch",),), "spf.infomaniak.ch"),
    "fastmail": Customer(
        (("in1-smtp.messagingengine.com", "in2-smtp.messagingengine.com"),), "spf.messagingengine.com"
    ),
    "migadu": Customer((("aspmx1.migadu.com", "aspmx2.migadu.com"),), "spf.migadu.com"),
    "one-com": Customer((("mx1.one.com", "mx2.one.com"),), "_custspf.one.com"),
    "loopia": Customer((("mailcluster.loopia.se", "mail2.loopia.se"),), "spf.loopia.se"),
    "icloud": Customer((("mx01.mail.icloud.com", "mx02.mail.icloud.com"),), "icloud.com"),
    "proton": Customer((("mail.protonmail.ch", "mailsec.protonmail.ch"),), "_spf.protonmail.ch"),
    "namecheap-forwarding": Customer((("eforward1.registrar-servers.com", "eforward2.registrar-servers.com"),)),
    "cloudflare-routing": Customer(
        (("route1.mx.cloudflare.net", "route2.mx.cloudflare.net"),), "_spf.mx.cloudflare.net"
    ),
    "mimecast": Customer((("eu-smtp-inbound-1.mimecast.com", "eu-smtp-inbound-2.mimecast.com"),)),
    "spamexperts": Customer((("mx.spamexperts.com", "fallbackmx.spamexperts.eu"), ("mx1.antispamcloud.com",))),
    "proofpoint": Customer((("mx0a-00112233.pphosted.com", "mx0b-00112233.pphosted.com"), ("mx1-us1.ppe-hosted.com",))),
    "barracuda": Customer((("d12345a.ess.barracudanetworks.com",),)),
    "cisco-secure-email": Customer((("mx1.hc123.eu.iphmx.com", "mx2.hc123.eu.iphmx.com"),)),
}  # fmt: skip
# Hosters whose row has no servers, since each customer has a machine: the exchanger is that machine.
MACHINES_OF = {"all-inkl": "w0123456.kasserver.com", "mxroute": "arrow.mxrouting.net"}


def mx_records(provider: str, domain: str, number: int) -> tuple[str, ...]:
    """Return the MX records of *domain*, the *number*-th customer of *provider*."""
    variants = CUSTOMERS[provider].mx
    hosts = variants[number % len(variants)]
    here = domain.replace(".", "-")
    return tuple(f"@ MX {10 * place} {host.replace('*', here)}." for place, host in enumerate(hosts, 1))


def traces(provider: str) -> tuple[str, ...]:
    """Return the other records by which the provider's customers can be told."""
    customer = CUSTOMERS[provider]
    spf = (f'@ TXT "v=spf1 include:{customer.spf} ~all"',) if customer.spf else ()
    return (*spf, *((f"autodiscover CNAME {customer.autodiscover}.",) if customer.autodiscover else ()))

"""What the form of providers.yaml cannot tell: whether its MX patterns take in names that customers can have.

A machine whose name fits a pattern passes for the provider's. The names tried are of two sorts: those that customers
of these providers have, and, below every domain where customers are known to have names, those that customers anywhere
choose or are given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mailsettings.hostnames import registrable
from mailsettings.provider_table.compiler import split_pattern
from mailsettings.provider_table.rows import Row
from mailsettings.provider_table.table import Table

# Lines, rented machines and chosen names below the domains of ISPs and hosters, in the forms that these use.
LOOK_ALIKES = (
    "c-73-1-2-3.hsd1.ca.comcast.net",
    "mail.c-73-1-2-3.hsd1.ca.comcast.net",
    "50-1-2-3-static.hfc.comcastbusiness.net",
    "mail.customer.aruba.it",
    "host5-1-2-3-4.serverdedicati.aruba.it",
    "imap.customer.dreamhost.com",
    "mx1.customer.dreamhost.com",
    "ps12345.dreamhostps.com",
    "static.4.3.2.1.clients.your-server.de",
    "mail.static.4.3.2.1.clients.your-server.de",
    "ip-1-2-3-4.ip.secureserver.net",
    "s148-66-1-2.secureserver.net",
    "smtp.customer.secureserver.net",
    "vps-1a2b3c4d.vps.ovh.net",
    "vps12345.ovh.net",
    "ns3012345.ovh.net",
    "cluster001.hosting.ovh.net",
    "i1-les01-t2-1-2-3-4.abo.bbox.fr",
    "mail.customer.bbox.fr",
    "customer.hd.free.fr",
    "mx.customer.free.fr",
    "customer.free.fr",
    "user-0c99abc.cable.mindspring.com",
    "mail.customer.earthlink.net",
    "mx.customer.timeweb.ru",
    "vds-cw12345.timeweb.ru",
    "customer.timeweb.ru",
    "mail.customer.hostnet.nl",
    "customer.home.pl",
    "serwer12345.home.pl",
    "h2345678.stratoserver.net",
    "s12345678.onlinehome-server.info",
    "p12345678.pureserver.info",
    "p5b012345.dip0.t-ipconnect.de",
    "customer.lolipop.jp",
    "customer.kinghost.net",
    "mx.customer.locaweb.com.br",
    "www.customer.w0123456.kasserver.com",
    "ov-1a2b3c.infomaniak.ch",
    "mail.customer.one.com",
    "sd-12345.dedibox.fr",
    "62-1-2-3.rev.poneytelecom.eu",
    "1-2-3-4.colo.transip.net",
    "vmi123456.contaboserver.net",
    "ec2-1-2-3-4.compute-1.amazonaws.com",
    "4.3.2.1.bc.googleusercontent.com",
)
# What customers anywhere are called, are given for a line or a machine, or put before either.
CHOSEN = ("customer", "customer-test", "mail.customer", "mx.customer", "mx1.customer", "imap.customer.test")
GIVEN = ("static-1-2-3-4", "1-2-3-4.static", "c-1-2-3-4.dsl", "host-1-2-3-4", "dyn1.pool", "vps123", "ns31.ip-1-2-3")


def problems(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the table *document*, one sentence each."""
    table = Table.compiled(document, "providers.yaml")
    rows = table.all_providers()
    for host in sorted({*LOOK_ALIKES, *_chosen_names(rows)}):
        found = table.find_mx(host)
        if found is not None and found.certain:
            yield f"{found.row.provider.id}: mx: a customer's machine could be called {host}, and a pattern takes it in"


def _chosen_names(rows: tuple[Row, ...]) -> Iterator[str]:
    """Yield names that customers could have below the domains where customers have names."""
    for zone in {zone for row in rows for zone in _zones(row)}:
        yield from (f"{name}.{zone}" for name in (*CHOSEN, *GIVEN))


def _zones(row: Row) -> Iterator[str]:
    """Yield the domains below which customers of *row* have names: of shared suffixes, rented machines, ISPs' lines."""
    yield from row.shared_mx
    yield from (split_pattern(pattern)[0] for pattern in row.customers)
    yield from map(registrable, row.domains if row.provider.kind == "isp" else ())

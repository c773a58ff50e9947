"""The laboratory's DNS: NSD has the root and every zone, Unbound resolves from that root for the clients."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.support.lab.addressing import AUTHORITATIVE, CLIENT, GATEWAY, RESOLVER, Place
from tests.support.lab.certificate_authority import Authority
from tests.support.lab.dnssec import SIGNED, Signer
from tests.support.lab.processes import Daemon
from tests.support.lab.world import Delegation, Zone

SERVER = "ns.nic.example"  # the name server of every zone
_SOA = f"@ SOA {SERVER}. hostmaster.nic.example. 1 3600 600 86400 60"
_GLUE = "\n".join(f"{SERVER}. {'A' if ip.version == 4 else 'AAAA'} {ip}" for ip in AUTHORITATIVE)


def nsd(directory: Path, zones: Iterable[Zone], places: Iterable[Place], signer: Signer) -> Daemon:
    """Write the configuration and the master files of NSD below *directory*; *signer* signs what is to be signed."""
    directory.mkdir()
    hosts = {place.fqdn: place for place in places}
    delegated = [zone for zone in zones if zone.delegation is not Delegation.ABSENT]
    files = {"": _root(delegated)}
    files |= {zone.name: _zone(zone, hosts) for zone in delegated if zone.delegation is not Delegation.LAME}
    files |= {zone.name: signer.signed(zone, files[zone.name]) for zone in delegated if zone.delegation in SIGNED}
    # A zone whose file is missing is answered with SERVFAIL.
    configured = [*files, *(zone.name for zone in delegated if zone.delegation is Delegation.LAME)]
    for name, text in files.items():
        (directory / f"{name}.zone").write_text(text)
    addresses = "".join(f"  ip-address: {ip}\n" for ip in AUTHORITATIVE)
    head = (
        f'server:\n{addresses}  username: ""\n  database: ""\n  pidfile: "{directory}/pid"\n'
        f'  zonesdir: "{directory}"\n  zonelistfile: "{directory}/list"\n  xfrdfile: "{directory}/xfrd"\n'
        f'  xfrdir: "{directory}"\n  server-count: 1\nremote-control:\n  control-enable: no\n'
    )
    body = "".join(f'zone:\n  name: "{name or "."}"\n  zonefile: "{name}.zone"\n' for name in configured)
    config = directory / "nsd.conf"
    config.write_text(head + body)
    return Daemon("nsd", ("nsd", "-d", "-c", str(config)))


def unbound(directory: Path, authority: Authority, anchors: Iterable[str]) -> Daemon:
    """Write the configuration of Unbound below *directory*: DNS on port 53, DNS over TLS on port 853 (RFC 7858).

    *anchors* are the DS records it validates with.
    """
    directory.mkdir()
    (directory / "root.hints").write_text(f". 3600 NS {SERVER}.\n{_hints()}\n")
    interfaces = "".join(f"  interface: {ip}\n  interface: {ip}@853\n" for ip in RESOLVER)
    certificate = authority.issue_for(RESOLVER)
    users = (*CLIENT, *GATEWAY, *RESOLVER)  # the last: a proxy beside it
    clients = "".join(f"  access-control: {ip}/{ip.max_prefixlen} allow\n" for ip in users)
    keys = "".join(f'  trust-anchor: "{anchor}"\n' for anchor in anchors)
    config = directory / "unbound.conf"
    config.write_text(
        f'server:\n{interfaces}{clients}  username: ""\n  chroot: ""\n  directory: "{directory}"\n'
        f'  pidfile: "{directory}/pid"\n  root-hints: "{directory}/root.hints"\n  use-syslog: no\n'
        f'  tls-port: 853\n  tls-service-key: "{certificate}"\n  tls-service-pem: "{certificate}"\n'
        # No trust anchor for the root, as its real key would condemn ours: everything else is unsigned (RFC 4035 §4.3).
        f"{keys}"
        '  module-config: "validator iterator"\n  num-threads: 1\n  do-daemonize: no\n'
        "remote-control:\n  control-enable: no\n"
    )
    return Daemon("unbound", ("unbound", "-d", "-c", str(config)))


def _hints() -> str:
    return "\n".join(line.replace(". A", ". 3600 A", 1) for line in _GLUE.splitlines())


def _root(zones: Iterable[Zone]) -> str:
    delegations = "\n".join(f"{zone.name}. NS {SERVER}." for zone in zones)
    return f"$ORIGIN .\n$TTL 60\n{_SOA}\n@ NS {SERVER}.\n{_GLUE}\n{delegations}\n"


def _zone(zone: Zone, hosts: dict[str, Place]) -> str:
    addresses = [line for host in zone.hosts for line in _addresses(host.name, hosts[_absolute(host.name, zone.name)])]
    records = [line for record in zone.records for line in _expanded(record, hosts)]
    lines = [f"$ORIGIN {zone.name}.", "$TTL 60", _SOA, f"@ NS {SERVER}.", *addresses, *records]
    return "\n".join(lines) + "\n"


def _expanded(record: str, hosts: dict[str, Place]) -> list[str]:
    """Replace our type LIKE by the addresses of the host it names."""
    name, kind, *rest = record.split()
    return _addresses(name, hosts[rest[0].removesuffix(".")]) if kind == "LIKE" else [record]


def _addresses(name: str, place: Place) -> list[str]:
    return [f"{name} {'A' if ip.version == 4 else 'AAAA'} {ip}" for ip in place.addresses]


def _absolute(name: str, zone: str) -> str:
    return zone if name == "@" else f"{name}.{zone}"

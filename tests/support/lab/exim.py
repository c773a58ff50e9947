"""Exim: the other SMTP server, and the one that can keep a client waiting for its greeting."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.support.lab.addressing import Place, smtp_places
from tests.support.lab.certificate_authority import Authority
from tests.support.lab.processes import Daemon
from tests.support.lab.world import Software, Speaks

# Unpacked by tests/lab/install: as a package it cannot stand beside Postfix.
PROGRAM = Path("/var/cache/mailsettings-lab/exim4/usr/sbin/exim4")

# Behind the macros LAB_DIRECTORY and LAB_INTERFACES. A host is known by the address the client came to; a colon would
# separate the elements of a list, so keys of tables and names of files have hyphens in its place. An empty password
# leads to a table that does not exist: Exim cannot judge it then.
_CONFIG = """\
LAB_USERS = lsearch{LAB_DIRECTORY/users}{${if eq{$value}{}{${lookup{any}lsearch{LAB_DIRECTORY/absent}}}{$value}}}
LAB_KEY = ${sg{$received_ip_address}{:}{-}}
exim_user = Debian-exim
exim_group = Debian-exim
spool_directory = LAB_DIRECTORY/spool
log_file_path = LAB_DIRECTORY/spool/log-%slog
pid_file_path = LAB_DIRECTORY/spool/pid
notifier_socket =
primary_hostname = exim.example
smtp_active_hostname = ${lookup{LAB_KEY}lsearch{LAB_DIRECTORY/names}}
local_interfaces = LAB_INTERFACES
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts = *
tls_on_connect_ports = 465
tls_certificate = LAB_DIRECTORY/LAB_KEY.pem
tls_privatekey = LAB_DIRECTORY/LAB_KEY.pem
auth_advertise_hosts = ${if def:tls_in_cipher {${lookup{LAB_KEY.$received_port}lsearch{LAB_DIRECTORY/logins}}}}
acl_smtp_connect = greet
begin acl
greet:
  accept
    delay = ${lookup{LAB_KEY}lsearch{LAB_DIRECTORY/delays}{$value}{0}}s
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{def:auth3}{eq{$auth3}{${lookup{LAB_KEY/$auth2}LAB_USERS}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = <| Username: | Password:
  server_condition = ${if and{{def:auth2}{eq{$auth2}{${lookup{LAB_KEY/$auth1}LAB_USERS}}}}}
  server_set_id = $auth1
"""


def exim(directory: Path, places: Iterable[Place], authority: Authority) -> Daemon:
    """Write the configuration of Exim below *directory*: tables by address, certificates by address."""
    directory.mkdir()
    served = smtp_places(places, Software.EXIM)
    listeners = [(place, ip, service) for place in served for ip, service in place.where(Speaks.SMTP)]
    _write_table(directory / "names", {_key(ip): place.fqdn for place, ip, _ in listeners})
    _write_table(directory / "delays", {_key(ip): str(place.host.delay) for place, ip, _ in listeners})
    _write_table(directory / "logins", {f"{_key(ip)}.{s.port}": "*" for _, ip, s in listeners if s.login})
    known = [(ip, user) for p, ip, _ in listeners if p.host.accounts for user in p.host.accounts.users]
    _write_table(directory / "users", {f"{_key(ip)}/{u.name}": "" if u.broken else u.password for ip, u in known})
    for place, ip, _ in listeners:
        (directory / f"{_key(ip)}.pem").write_bytes(authority.file(place).read_bytes())
    interfaces = " ; ".join(f"[{ip}]:{service.port}" for _, ip, service in listeners)
    config = directory / "exim.conf"
    config.write_text(f"LAB_DIRECTORY = {directory}\nLAB_INTERFACES = <; {interfaces}\n{_CONFIG}")
    spool = directory / "spool"
    spool.mkdir()
    os.chown(spool, pwd.getpwnam("Debian-exim").pw_uid, -1)
    return Daemon("exim", (str(PROGRAM), "-C", str(config), "-bdf"))


def _write_table(file: Path, rows: Mapping[str, str]) -> None:
    file.write_text("".join(f"{key}: {value}\n" for key, value in rows.items()))


def _key(ip: str) -> str:
    return ip.replace(":", "-")

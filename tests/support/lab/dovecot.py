"""Dovecot: IMAP and POP3 of every host, and the SASL that Postfix asks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mailsettings.model import Security
from tests.support.lab.addressing import Place
from tests.support.lab.certificate_authority import Authority
from tests.support.lab.dovecot_accounts import written
from tests.support.lab.processes import Daemon
from tests.support.lab.world import Speaks

_CONFIG = """\
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {directory}/log
protocols = imap pop3
mail_location = maildir:{directory}/mail/%u
ssl = required
ssl_min_protocol = TLSv1.2
ssl_cert = <{default}
ssl_key = <{default}
service auth {{
  unix_listener {sasl} {{
    mode = 0666
  }}
}}
{accounts}"""
_EVERYBODY = """\
passdb {{
  driver = static
  args = password=laboratory
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={directory}/mail/%u
}}
"""


def dovecot(directory: Path, places: Iterable[Place], authority: Authority, sasl: Path) -> Daemon:
    """Write the configuration of a Dovecot below *directory*; Postfix finds its SASL at the socket *sasl*.

    All of *places* have the same accounts.
    """
    directory.mkdir()
    (directory / "mail").mkdir()
    (directory / "mail").chmod(0o777)  # mailboxes are made by nobody, at the first login
    served = [p for p in places if any(p.where(Speaks.IMAP)) or any(p.where(Speaks.POP3))]
    whose = served[0].host.accounts
    accounts = written(whose, directory) if whose else _EVERYBODY.format(directory=directory)
    text = _CONFIG.format(directory=directory, default=authority.file(served[0]), sasl=sasl, accounts=accounts)
    text += _login("imap", Speaks.IMAP, served) + _login("pop3", Speaks.POP3, served)
    text += "".join(_local(place, authority) for place in served)
    config = directory / "dovecot.conf"
    config.write_text(text)
    return Daemon(directory.name, ("dovecot", "-F", "-c", str(config)))


def _login(name: str, speaks: Speaks, places: Iterable[Place]) -> str:
    listeners = [found for place in places for found in place.where(speaks)]
    plain = " ".join(ip for ip, service in listeners if service.security is not Security.TLS)
    secure = " ".join(ip for ip, service in listeners if service.security is Security.TLS)
    # One process for all: the default of one process per connection is slower and safer, and here is nothing to guard.
    return (
        f"service {name}-login {{\n  service_count = 0\n  process_min_avail = 1\n"
        f"  inet_listener {name} {{\n    {_addresses(plain)}\n  }}\n"
        f"  inet_listener {name}s {{\n    {_addresses(secure)}\n  }}\n}}\n"
    )


def _addresses(listed: str) -> str:
    # Without an address it would listen on all of them.
    return f"address = {listed}" if listed else "port = 0"


def _local(place: Place, authority: Authority) -> str:
    """Return what differs on the addresses of *place*: its certificate, or that it has no TLS at all."""
    speaking = [*place.where(Speaks.IMAP), *place.where(Speaks.POP3)]
    bare = all(service.security is Security.PLAIN for _, service in speaking)
    file = authority.file(place)
    rules = "  ssl = no\n  disable_plaintext_auth = no\n" if bare else f"  ssl_cert = <{file}\n  ssl_key = <{file}\n"
    return "".join(f"local {ip} {{\n{rules}}}\n" for ip in place.addresses)

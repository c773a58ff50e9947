"""Postfix: SMTP of every host that is not Exim's, one line of master.cf per address and port."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Iterable
from pathlib import Path

from mailsettings.model import Security
from tests.support.lab.addressing import Place, smtp_places
from tests.support.lab.certificate_authority import Authority
from tests.support.lab.processes import Daemon
from tests.support.lab.world import Accounts, Service, Software, Speaks

_MAIN = """\
compatibility_level = 3.6
config_directory = {directory}
queue_directory = {directory}/queue
data_directory = {directory}/data
maillog_file = {directory}/log
maillog_file_prefixes = {directory}
inet_interfaces = all
inet_protocols = all
mynetworks =
mydestination =
local_recipient_maps =
alias_maps =
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_sasl_security_options = noanonymous
smtpd_tls_auth_only = yes
smtpd_tls_security_level = may
smtpd_tls_session_cache_database =
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_peername_lookup = no
"""
# What the smtpd of a session that ends before MAIL FROM may ask for.
_MASTER = """\
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
cleanup unix n - n - 0 cleanup
pickup unix n - n 60 1 pickup
qmgr unix n - n 300 1 qmgr
postlog unix-dgram n - n - 1 postlogd
"""


def postfix(directory: Path, places: Iterable[Place], authority: Authority) -> Daemon:
    """Write the configuration of Postfix below *directory*, and make its queue."""
    directory.mkdir()
    (directory / "main.cf").write_text(_MAIN.format(directory=directory))
    lines = [line for place in smtp_places(places, Software.POSTFIX) for line in _lines(place, authority)]
    (directory / "master.cf").write_text(_MASTER + "\n".join(lines) + "\n")
    _make_queue(directory)
    # "postfix start" would check every file of the machine first; its master does not need that.
    return Daemon("postfix", ("/usr/lib/postfix/sbin/master", "-c", str(directory), "-d"))


def sasl_socket(directory: Path, accounts: Accounts | None = None) -> Path:
    """Return where Postfix looks for the Dovecot that has *accounts*."""
    return directory / "queue" / _sasl_path(accounts)


def _sasl_path(accounts: Accounts | None) -> str:
    return f"private/auth-{accounts.name}" if accounts else "private/auth"


def _lines(place: Place, authority: Authority) -> list[str]:
    return [
        f"{_bracketed(ip)}:{service.port} inet n - n - - smtpd {_options(place, service, authority)}"
        for ip, service in place.where(Speaks.SMTP)
    ]


def _options(place: Place, service: Service, authority: Authority) -> str:
    """Return the `-o` options of one service of *place*."""
    options = [f"myhostname={place.fqdn}", f"smtpd_sasl_auth_enable={'yes' if service.login else 'no'}"]
    match service.security:
        case Security.PLAIN:
            options += ["smtpd_tls_security_level=none", "smtpd_tls_auth_only=no"]
        case Security.STARTTLS:
            options += [f"smtpd_tls_chain_files={authority.file(place)}"]
        case Security.TLS:
            options += [f"smtpd_tls_chain_files={authority.file(place)}", "smtpd_tls_wrappermode=yes"]
    if place.host.accounts:
        options += [f"smtpd_sasl_path={_sasl_path(place.host.accounts)}"]
    if place.host.clients:
        options += [f"smtpd_client_connection_count_limit={place.host.clients}"]
    if place.host.owned:
        options += ["smtpd_sender_login_maps=static:nobody", "smtpd_delay_reject=no"]
        options += ["smtpd_sender_restrictions=reject_sender_login_mismatch"]
    if place.host.delay:
        options += [f"{{smtpd_client_restrictions=sleep {place.host.delay}}}", "smtpd_delay_reject=no"]
    if place.host.refuses:
        options += ["smtpd_client_restrictions=reject", "smtpd_delay_reject=no"]
    if place.host.old_tls:
        # OpenSSL 3 signs for TLS 1.1 at security level 0 only.
        options += [f"smtpd_tls{kind}_protocols=<=TLSv1.1" for kind in ("", "_mandatory")]
        options += ["tls_medium_cipherlist=ALL:@SECLEVEL=0"]
    return " ".join(_option(option) for option in options)


def _option(text: str) -> str:
    return f"-o {text}" if text.startswith("{") else f"-o {{{text}}}"


def _bracketed(ip: str) -> str:
    return f"[{ip}]" if ":" in ip else ip


def _make_queue(directory: Path) -> None:
    """Make the directories that `postfix check` makes, with the owners that the daemons insist on."""
    user, group = pwd.getpwnam("postfix").pw_uid, grp.getgrnam("postdrop").gr_gid
    (directory / "queue").mkdir()
    for name in ("data", "queue/private", "queue/active", "queue/incoming", "queue/deferred", "queue/defer"):
        (directory / name).mkdir(mode=0o700)
        os.chown(directory / name, user, -1)
    for name in ("queue/public", "queue/maildrop"):
        (directory / name).mkdir(mode=0o730)
        os.chown(directory / name, user, group)
    (directory / "queue/pid").mkdir()

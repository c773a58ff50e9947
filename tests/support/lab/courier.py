"""Courier: the other IMAP and POP3 server, without SASL as Debian sets it up: LOGIN, USER and PASS.

As a package it cannot stand beside Dovecot, and the paths of its files are compiled into it. So tests/lab/install
unpacks it, and each of its programs runs in a mount namespace of its own where the unpacked files lie over /usr, ours
over /etc, and a directory of the laboratory over /run.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from mailsettings.model import Security
from tests.support.lab.addressing import Place
from tests.support.lab.certificate_authority import Authority
from tests.support.lab.processes import Daemon, run
from tests.support.lab.world import Service, Software, Speaks, User

ROOT = Path("/var/cache/mailsettings-lab/courier")  # see tests/lab/install
PROGRAM = ROOT / "usr/sbin/couriertcpd"
_DATABASE = ROOT / "usr/lib/courier/courier-authlib/makedatprog"
_OVER = """\
mount -t overlay overlay -o lowerdir={root}/usr:/usr /usr
mount -t overlay overlay -o lowerdir={directory}/etc:/etc /etc
mount --bind {directory}/run /run
"""
_AUTHDAEMON = "authmodulelist=authuserdb\ndaemons=1\nauthdaemonvar=/run/courier/authdaemon\nDEBUG_LOGIN=0\n"
# The package's own /etc/courier/imapd and pop3d, where they say anything of logins.
_SETTINGS = {
    "IMAP_CAPABILITY": "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE",
    "IMAP_CAPABILITY_TLS": "",
    "POP3AUTH": "",
    "POP3AUTH_TLS": "",
    "IMAP_USELOCKS": "1",
    "IMAP_TLS_REQUIRED": "1",
    "IMAP_STARTTLS": "YES",
    "POP3_TLS_REQUIRED": "1",
    "POP3_STARTTLS": "YES",
    "COURIERTLS": "/usr/bin/couriertls",
    "TLS_VERIFYPEER": "NONE",
    "MAILDIRPATH": "Maildir",
}
_LOGINS = {
    Speaks.IMAP: "/usr/lib/courier/courier/imaplogin /usr/bin/imapd Maildir",
    Speaks.POP3: "/usr/lib/courier/courier/courierpop3login /usr/lib/courier/courier/courierpop3d Maildir",
}


def courier(directory: Path, places: Iterable[Place], authority: Authority) -> Iterator[Daemon]:
    """Write accounts below *directory*; yield the daemon that knows them and one listener for each address and port."""
    served = [place for place in places if place.host.software is Software.COURIER]
    if not served:
        return
    users = {user.name: user for place in served for user in (place.host.accounts.users if place.host.accounts else ())}
    _write_users(directory, users.values())
    yield _daemon(directory, "courier-auth", "exec /usr/lib/courier/courier-authlib/authdaemond")
    for place in served:
        for speaks in _LOGINS:
            for ip, service in place.where(speaks):
                name = f"courier-{place.number}-{ip}-{service.port}"
                yield _daemon(directory, name, _listener(ip, service, authority.file(place)))


def _daemon(directory: Path, name: str, script: str) -> Daemon:
    over = _OVER.format(root=ROOT, directory=directory)
    return Daemon(name, ("unshare", "--mount", "sh", "-ec", over + script))


def _listener(ip: str, service: Service, certificate: Path) -> str:
    """Return the shell's words for one port; with TLS from the first byte the certificate's program comes first."""
    settings = {**_SETTINGS, "TLS_CERTFILE": str(certificate)}
    tls = ""
    if service.security is Security.TLS:
        settings |= {f"{name}_TLS": "1" for name in ("IMAP", "POP3")}
        settings |= {f"{name}_{key}": "NO" for name in ("IMAP", "POP3") for key in ("STARTTLS", "TLS_REQUIRED")}
        tls = "/usr/bin/couriertls -server -tcpd "
    words = " ".join(f"'{key}={value}'" for key, value in settings.items())
    tcpd = f"/usr/sbin/couriertcpd -address={ip} -maxprocs=40 -maxperip=4 -nodnslookup -noidentlookup {service.port}"
    return f"exec env {words} {tcpd} {tls}{_LOGINS[service.speaks]}"


def _write_users(directory: Path, users: Iterable[User]) -> None:
    """Make the two databases of authuserdb, and a maildir for every one of *users*."""
    etc, sockets = directory / "etc/courier", directory / "run/courier/authdaemon"
    etc.mkdir(parents=True)
    sockets.mkdir(parents=True)
    (etc / "authdaemonrc").write_text(_AUTHDAEMON)
    # imaplogin starts TLS as this user, which the package would have made.
    (etc.parent / "passwd").write_text(
        Path("/etc/passwd").read_text() + "courier:x:65533:65533::/nonexistent:/bin/false\n"
    )
    (etc.parent / "group").write_text(Path("/etc/group").read_text() + "courier:x:65533:\n")
    rows, shadow = "", ""
    for number, user in enumerate(users, 1):
        home = directory / f"mail/{number}"
        _make_maildir(home / "Maildir")
        rows += f"{user.name}\tuid=65534|gid=65534|home={home}|mail={home}/Maildir\n"
        shadow += f"{user.name}\tsystempw={_hashed(user.password)}\n"
    for name, text in (("userdb.dat", rows), ("userdbshadow.dat", shadow)):
        run(str(_DATABASE), "-", str(etc / f"{name}.new"), str(etc / name), given=f"{text}.\n")


def _make_maildir(maildir: Path) -> None:
    for name in ("cur", "new", "tmp"):
        (maildir / name).mkdir(parents=True)
    subprocess.run(("chown", "-R", "65534:65534", str(maildir.parent)), check=True)


def _hashed(password: str) -> str:
    return run("openssl", "passwd", "-5", "-stdin", given=password).strip()

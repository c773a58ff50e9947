"""Accounts for a Dovecot: one JSON object per user, which its dict driver looks up, or tokens that a service knows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.support.lab.processes import run
from tests.support.lab.token_service import introspection
from tests.support.lab.world import Accounts, User

_CONFIG = """\
auth_mechanisms = {mechanisms}
auth_username_chars =
auth_failure_delay = 0
# Every refusal would make the next one wait longer, up to 15 s: then Postfix gives up asking and says 454.
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
mail_max_userip_connections = {connections}
mail_plugins = quota
protocol imap {{
  mail_plugins = quota imap_quota
}}
plugin {{
  quota = maildir:mailbox
}}
passdb {{
  driver = passwd-file
  deny = yes
  args = {directory}/disabled
}}
passdb {{
{passdb}}}
userdb {{
  driver = prefetch
}}
userdb {{
  driver = dict
  args = {directory}/users.ext
}}
"""
_STORED = """\
  driver = dict
  args = {directory}/users.ext
"""
_TOKENS = """\
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {directory}/oauth2.ext
"""
_USERS = """\
uri = file:{directory}/users
key passdb {{
  key = user/%u
  format = json
}}
key userdb {{
  key = user/%u
  format = json
}}
passdb_objects = passdb
userdb_objects = userdb
"""
_OAUTH2 = """\
introspection_mode = post
introspection_url = {url}
username_attribute = username
active_attribute = active
active_value = true
"""


def written(accounts: Accounts, directory: Path) -> str:
    """Write who *accounts* are below *directory*; return what Dovecot's configuration says about it."""
    mechanisms = " ".join(name.lower() for name in accounts.mechanisms)
    # The dict driver's own form of a file: key and value, each on its line.
    rows = "".join(f"shared/user/{user.name}\n{_row(user, directory)}\n" for user in accounts.users)
    (directory / "users").write_text(rows)
    (directory / "users.ext").write_text(_USERS.format(directory=directory))
    (directory / "disabled").write_text("".join(f"{user.name}:\n" for user in accounts.users if user.disabled))
    (directory / "oauth2.ext").write_text(_OAUTH2.format(url=introspection(accounts)))
    for user in accounts.users:
        if user.holds:
            _fill(directory / "mail" / user.name, user.holds)
    passdb = (_TOKENS if accounts.with_tokens else _STORED).format(directory=directory)
    return _CONFIG.format(mechanisms=mechanisms, connections=accounts.connections, directory=directory, passdb=passdb)


def _row(user: User, directory: Path) -> str:
    return "{" if user.broken else json.dumps(_fields(user, directory))


def _fields(user: User, directory: Path) -> dict[str, str]:
    """Return what Dovecot is to know of *user*: of the login, and behind `userdb_` of the mailbox."""
    mailbox = {"uid": "nobody", "gid": "nogroup", "home": str(directory / "mail" / user.name)}
    if user.quota:
        mailbox["quota_rule"] = f"*:bytes={user.quota}"
    refused = {"nologin": "y", **({"reason": user.says} if user.says else {})} if user.says or user.off else {}
    login = {"password": _stored(user), **refused}
    return {**login, **mailbox, **{f"userdb_{key}": value for key, value in mailbox.items()}}


def _stored(user: User) -> str:
    if user.stored == "PLAIN":
        return "{PLAIN}" + user.password
    twice = f"{user.password}\n{user.password}\n"
    return run("doveadm", "-O", "pw", "-s", user.stored, given=twice).splitlines()[-1]


def _fill(maildir: Path, octets: int) -> None:
    """Put one message of *octets* into the inbox."""
    start = "Subject: large\n\n"
    for name in ("cur", "new", "tmp"):
        (maildir / name).mkdir(parents=True)
    (maildir / f"new/1.large,S={octets}").write_text(start + "x" * (octets - len(start)))
    for path in (maildir, *maildir.rglob("*")):
        shutil.chown(path, "nobody", "nogroup")

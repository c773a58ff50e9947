"""Small tables to test against: one minimal valid provider, of which each case shows only its difference."""

from __future__ import annotations

import textwrap
from typing import Any

from mailsettings.provider_table.table import Table

IMAP = {"protocol": "imap", "host": "imap.example.org", "port": 993, "security": "tls"}
SMTP = {"protocol": "smtp", "host": "smtp.example.org", "port": 465, "security": "tls"}

MINIMAL = """\
providers:
  example:
    name: Example Mail
    domains:
      - example.org
    incoming:
      - {protocol: imap, host: imap.example.org, port: 993, security: tls}
    outgoing:
      - {protocol: smtp, host: smtp.example.org, port: 465, security: tls}
    source: https://help.example.org/imap
    checked: 2026-11-21
"""


def entry(**changes: Any) -> dict[str, Any]:
    """Return a provider with one IMAP and one SMTP server, and *changes*."""
    return {"name": "Example Mail", "incoming": [IMAP], "outgoing": [SMTP], **changes}


def table(**entries: dict[str, Any]) -> Table:
    """Return the compiled table of *entries*."""
    return Table.compiled({"providers": entries}, "a test's table")


def example_of(pattern: str) -> str:
    """Return a host that the MX *pattern* stands for."""
    return pattern.replace("**", "mx1.pub").replace("*", "1")


def with_line(text: str) -> str:
    """Return the minimal file with *text*, one field, added to its provider."""
    return MINIMAL + textwrap.indent(text, "    ") + "\n"

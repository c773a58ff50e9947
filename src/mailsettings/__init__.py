"""Find and verify the mail servers of an email address.

detection = await detect("ada@example.org")      # or sync.detect(...)
detection.incoming[0].endpoint                   # imap://imap.example.org:993 (tls)
detection.outgoing[0].verified, detection.confirm, detection.hints
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailsettings.address import EmailAddress, parse_address
    from mailsettings.engine import detect, detecting
    from mailsettings.errors import (
        AddressError,
        ConfirmationRequired,
        DocumentError,
        Kind,
        MailSettingsError,
        NetworkError,
        TableError,
    )
    from mailsettings.login.credentials import Credentials
    from mailsettings.login.verify import verify
    from mailsettings.model import (
        Auth,
        Authority,
        Choice,
        Claim,
        Detection,
        Endpoint,
        Evidence,
        Failure,
        Finding,
        Hint,
        Probe,
        Protocol,
        Provider,
        Security,
        ServerSettings,
        Trust,
    )
    from mailsettings.net.network import open_network
    from mailsettings.policy import Policy
    from mailsettings.troubleshooting import diagnose
    from mailsettings.unasked import offline, plan

__version__ = "0.1.0"
__all__ = [
    "AddressError",
    "Auth",
    "Authority",
    "Choice",
    "Claim",
    "ConfirmationRequired",
    "Credentials",
    "Detection",
    "DocumentError",
    "EmailAddress",
    "Endpoint",
    "Evidence",
    "Failure",
    "Finding",
    "Hint",
    "Kind",
    "MailSettingsError",
    "NetworkError",
    "Policy",
    "Probe",
    "Protocol",
    "Provider",
    "Security",
    "ServerSettings",
    "TableError",
    "Trust",
    "detect",
    "detecting",
    "diagnose",
    "offline",
    "open_network",
    "parse_address",
    "plan",
    "verify",
]

_HOME = {
    "address": ("EmailAddress", "parse_address"),
    "engine": ("detect", "detecting"),
    "errors": (
        "AddressError",
        "ConfirmationRequired",
        "DocumentError",
        "Kind",
        "MailSettingsError",
        "NetworkError",
        "TableError",
    ),
    "login.credentials": ("Credentials",),
    "troubleshooting": ("diagnose",),
    "login.verify": ("verify",),
    "net.network": ("open_network",),
    "policy": ("Policy",),
    "unasked": ("offline", "plan"),
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first used: the command answers from the table before the engine would load."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - part of the cost that is put off

    home = next((module for module, names in _HOME.items() if name in names), "model")
    return getattr(import_module(f"{__name__}.{home}"), name)

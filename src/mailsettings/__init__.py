"""Find and verify the mail servers of an email address.

detection = await detect("ada@example.org")      # or sync.detect(...)
detection.incoming[0].endpoint                   # imap://imap.example.org:993 (tls)
detection.outgoing[0].verified, detection.confirm, detection.hints
"""

from __future__ import annotations

import os
from functools import cache

__version__ = "0.1.0"

TYPE_CHECKING = False  # type checkers treat this name as true; loading typing costs a sixth of an offline answer
_SOURCE = __file__.removesuffix("c")  # .pyc: an executable made of bytecode alone
# The one list of public names: type checkers read it as it is, and __getattr__ finds in it where to load a name from.
# Without the source file all are loaded at once.
if TYPE_CHECKING or not os.path.isfile(_SOURCE):  # noqa: PTH113 - loading pathlib takes 8 ms
    from mailsettings.address import EmailAddress as EmailAddress
    from mailsettings.address import parse_address as parse_address
    from mailsettings.engine import detect as detect
    from mailsettings.engine import detect_stream as detect_stream
    from mailsettings.errors import AddressError as AddressError
    from mailsettings.errors import ConfirmationRequired as ConfirmationRequired
    from mailsettings.errors import DocumentError as DocumentError
    from mailsettings.errors import FailureKind as FailureKind
    from mailsettings.errors import MailSettingsError as MailSettingsError
    from mailsettings.errors import NetworkError as NetworkError
    from mailsettings.errors import TableError as TableError
    from mailsettings.login.credentials import Credentials as Credentials
    from mailsettings.login.verify import verify as verify
    from mailsettings.model import Auth as Auth
    from mailsettings.model import Authority as Authority
    from mailsettings.model import Choice as Choice
    from mailsettings.model import Claim as Claim
    from mailsettings.model import Confirmation as Confirmation
    from mailsettings.model import ConfirmReason as ConfirmReason
    from mailsettings.model import Detection as Detection
    from mailsettings.model import Endpoint as Endpoint
    from mailsettings.model import Evidence as Evidence
    from mailsettings.model import Failure as Failure
    from mailsettings.model import Finding as Finding
    from mailsettings.model import Hint as Hint
    from mailsettings.model import Probe as Probe
    from mailsettings.model import Protocol as Protocol
    from mailsettings.model import Provider as Provider
    from mailsettings.model import Security as Security
    from mailsettings.model import ServerSettings as ServerSettings
    from mailsettings.model import Trust as Trust
    from mailsettings.net.network import open_network as open_network
    from mailsettings.planning import offline as offline
    from mailsettings.planning import plan as plan
    from mailsettings.policy import Policy as Policy
    from mailsettings.troubleshooting import diagnose as diagnose
else:

    def __getattr__(name: str) -> object:
        """Load a public name when it is first used: importing the package must not load the networking libraries."""
        from importlib import import_module

        modules = _public_modules()
        if name == "__all__":
            return list(modules)
        if name not in modules:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return globals().setdefault(name, getattr(import_module(modules[name]), name))

    def __dir__() -> list[str]:
        return ["__all__", "__doc__", "__version__", *_public_modules()]


@cache
def _public_modules() -> dict[str, str]:
    """Return the module of each public name, from the import statements above."""
    import re

    with open(_SOURCE, encoding="utf-8") as file:  # noqa: PTH123 - as above
        found = re.findall(r"^    from (\S+) import (\w+) as \2$", file.read(), re.MULTILINE)
    return {name: module for module, name in found}

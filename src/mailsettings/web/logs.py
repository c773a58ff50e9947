"""One line of JSON for each request that did something. No local part, no visitor, no secret is ever in one.

{"at": "2026-11-22T10:00:00.000+00:00", "event": "answer", "domain": "example.org", "outcome": "verified"}
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

NAME = "mailsettings.web"
_log = logging.getLogger(NAME)


def say(event: str, **facts: str | float | bool) -> None:
    """Log *event* with *facts*; texts in it are domains and words of ours."""
    if _log.isEnabledFor(logging.INFO):
        _log.info(json.dumps({"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **facts}))


def to_stderr() -> None:
    """Write the lines to standard error: for the command; an app that mounts ours decides itself."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    _log.addHandler(handler)
    _log.setLevel(logging.INFO)
    _log.propagate = False

"""A service for setup wizards: detections over HTTP, as JSON, as a stream of events and as a page (docs/service.md).

from mailsettings.web import create_app
app.mount("/mail", create_app())

Needs `mailsettings[server]`.
"""

from __future__ import annotations

from mailsettings.web.app import create_app
from mailsettings.web.settings import Settings

__all__ = ["Settings", "create_app"]

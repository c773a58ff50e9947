"""An ASGI service for setup wizards: detection over HTTP, as JSON, event stream and web page (docs/service.md).

from mailsettings.web import create_app
app.mount("/mail", create_app())

Needs `mailsettings[server]`.
"""

from __future__ import annotations

from mailsettings.web.app import create_app
from mailsettings.web.settings import Settings

__all__ = ["Settings", "create_app"]

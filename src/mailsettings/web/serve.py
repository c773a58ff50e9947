"""The service as a process of its own, under uvicorn: what `mailsettings serve` runs."""

from __future__ import annotations

import os
import resource
import sys

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from mailsettings.web.app import create_app
from mailsettings.web.settings import CONFIG, Settings
from mailsettings.web.slow_clients import SlowClientProtocol
from mailsettings.web.telemetry import log_event, log_to_stderr

_OPEN_FILES = 8192  # for 64 detections with 16 connections and 40 DNS sockets each, and the connections of visitors


def app() -> FastAPI:
    """Return the app of one worker."""
    log_to_stderr()
    return create_app(settings=Settings.read(os.environ.get(CONFIG, "")))


def serve(host: str, port: int, *, workers: int = 1, certificate: str = "", key: str = "") -> int:
    """Serve until SIGTERM, then let running requests finish; return the exit code.

    ValueError if the settings are invalid.
    """
    settings = Settings.read(os.environ.get(CONFIG, ""))
    _raise_file_limit()
    config = uvicorn.Config(
        "mailsettings.web.serve:app",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        http=SlowClientProtocol,
        access_log=False,  # it would contain visitors' addresses
        log_level="warning",
        proxy_headers=False,  # admission.py reads them, from trusted proxies only
        server_header=False,
        timeout_graceful_shutdown=settings.drain,
        ssl_certfile=certificate or None,
        ssl_keyfile=key or None,
    )
    server = uvicorn.Server(config)
    sys.stderr.write(f"mailsettings: serving on http{'s' if certificate else ''}://{host}:{port}/\n")
    if workers > 1:
        Multiprocess(config, sockets=[config.bind_socket()]).run()
        return 0
    server.run()
    return 0 if server.started else 1


def _raise_file_limit() -> None:
    """Allow as many open files as full load needs; log if the hard limit is lower."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < _OPEN_FILES:
        log_event("few-files", allowed=allowed, wanted=_OPEN_FILES)

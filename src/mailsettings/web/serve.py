"""`mailsettings serve`: the service as a process of its own, under uvicorn."""

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

_FILES = 8192  # open at once: 64 detections with 16 connections and 40 DNS sockets each, and their visitors


def app() -> FastAPI:
    """Return the app of one worker."""
    log_to_stderr()
    return create_app(settings=Settings.read(os.environ.get(CONFIG, "")))


def serve(host: str, port: int, *, workers: int = 1, certificate: str = "", key: str = "") -> int:
    """Serve until SIGTERM, then let running requests end; return the exit code.

    ValueError if the settings are bad.
    """
    settings = Settings.read(os.environ.get(CONFIG, ""))
    _raise_limit()
    config = uvicorn.Config(
        "mailsettings.web.serve:app",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        http=SlowClientProtocol,
        access_log=False,  # it would have visitors' addresses in it
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


def _raise_limit() -> None:
    """Allow as many open files as full load needs, or say that there are fewer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    if wanted < _FILES:
        log_event("few-files", allowed=wanted, wanted=_FILES)

"""`mailsettings serve`: start the web service, if it is installed."""

from __future__ import annotations

import os

import click


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8025, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes.")
@click.option("--config", type=click.Path(exists=True, dir_okay=False), help="File of MAILSETTINGS_… settings.")
@click.option("--certificate", type=click.Path(exists=True, dir_okay=False), help="PEM file, to serve https.")
@click.option("--key", type=click.Path(exists=True, dir_okay=False), help="PEM file of its private key.")
@click.pass_context
def serve(
    ctx: click.Context,
    /,
    *,
    host: str,
    port: int,
    workers: int,
    config: str | None,
    certificate: str | None,
    key: str | None,
) -> None:
    """Serve detections over HTTP, with a page for people at / (docs/service.md)."""
    if config:
        os.environ["MAILSETTINGS_CONFIG"] = config  # read by every worker
    try:
        from mailsettings.web.serve import serve as run
    except ImportError as error:
        raise click.ClickException(f"{error.name} is missing: pip install 'mailsettings[server]'") from error
    try:
        code = run(host, port, workers=workers, certificate=certificate or "", key=key or "")
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    ctx.exit(code)

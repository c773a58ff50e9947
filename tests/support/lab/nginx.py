"""nginx: documents over HTTP and HTTPS, and web servers on ports where mail is expected."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mailsettings.model import Security
from tests.support.lab.addressing import Place
from tests.support.lab.certificate_authority import Authority
from tests.support.lab.processes import Daemon
from tests.support.lab.world import Speaks

_CONFIG = """\
daemon off;
worker_processes 1;
pid {directory}/pid;
error_log {directory}/error.log;
events {{}}
http {{
  log_format lab '$scheme $request_method $host$request_uri';
  access_log {directory}/access.log lab;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  types {{ text/xml xml; application/json json; text/html html; }}
{servers}}}
"""


def nginx(directory: Path, places: Iterable[Place], authority: Authority) -> Daemon:
    """Write configuration and documents of nginx below *directory*: one server per host, chosen by address."""
    directory.mkdir()
    served = [place for place in places if any(place.where(Speaks.HTTP))]
    for place in served:
        _write_pages(directory / str(place.number), place)
    servers = "".join(_server(place, directory / str(place.number), authority) for place in served)
    config = directory / "nginx.conf"
    config.write_text(_CONFIG.format(directory=directory, servers=servers))
    return Daemon("nginx", ("nginx", "-e", str(directory / "start.log"), "-c", str(config)))


def _server(place: Place, root: Path, authority: Authority) -> str:
    listen = "".join(
        f"    listen {f'[{ip}]' if ':' in ip else ip}:{s.port}{' ssl' if s.security is Security.TLS else ''};\n"
        for ip, s in place.where(Speaks.HTTP)
    )
    file = authority.file(place)
    return (
        f"  server {{\n{listen}    root {root};\n    ssl_certificate {file};\n    ssl_certificate_key {file};\n"
        f"    {place.host.rules}\n  }}\n"
    )


def _write_pages(root: Path, place: Place) -> None:
    for path, document in (("index.html", "<html><title>Welcome</title></html>"), *place.host.pages):
        file = root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(document)

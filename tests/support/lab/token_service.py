"""A token service: it says of a token whether it is valid and whose it is (RFC 7662).

python -m tests.support.lab.token_service FILE PORT                    FILE has {"token": "user", …}
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs

from tests.support.lab.addressing import Place
from tests.support.lab.processes import Daemon
from tests.support.lab.world import Accounts

_PORT = 8662  # on the loopback of the servers' namespace, where nothing else listens


def introspection(accounts: Accounts) -> str:
    """Return the URL at which Dovecot asks about the tokens of *accounts*."""
    return f"http://127.0.0.1:{_PORT}/{accounts.name}"


def tokens(directory: Path, places: Iterable[Place]) -> Iterator[Daemon]:
    """Yield the service that knows the tokens of all users who log in with one, if there are any."""
    groups = [place.host.accounts for place in places if place.host.accounts and place.host.accounts.with_tokens]
    known = {group.name: {user.password: user.name for user in group.users} for group in groups}
    if known:
        directory.mkdir()
        (directory / "tokens.json").write_text(json.dumps(known))
        yield Daemon(
            "tokens",
            (sys.executable, "-m", "tests.support.lab.token_service", str(directory / "tokens.json"), str(_PORT)),
        )


def _serve(file: str, port: str) -> None:
    known = json.loads(Path(file).read_text())

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            user = known.get(self.path.lstrip("/"), {}).get(parse_qs(form).get("token", [""])[0])
            answer = json.dumps({"active": True, "username": user} if user else {"active": False}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    HTTPServer(("127.0.0.1", int(port)), Service).serve_forever()


if __name__ == "__main__":
    _serve(*sys.argv[1:])

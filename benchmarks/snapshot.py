"""Answers for 200 addresses as files, to see whether a change of the code has changed any of them.

    python -m benchmarks.snapshot write DIRECTORY       lookups need root and the servers of tests/lab (docs/lab.md)
    python -m benchmarks.snapshot compare OLD NEW       exit code 1 if an answer differs

    worlds/…     the worlds of benchmarks.worlds, in virtual time
    plan/…       `mailsettings --plan --json ADDRESS`, of every address
    offline/…    `mailsettings --offline --json ADDRESS`, likewise
    card/…       `mailsettings --offline ADDRESS`, likewise
    lab/…        `mailsettings --json ADDRESS` beside the laboratory's servers
    alone/…      the same without any network, of the addresses that only the table knows

Sentences and times are left out of the comparison, as are fields that only the new answers have. `--sentences` compares
the sentences of all but lab/, too. Of lab/, what depends on which real server was faster is left out: see *_common*.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from benchmarks.latency import search
from benchmarks.worlds import WORLDS, World
from mailsettings.cli.app import run
from mailsettings.testing import FakeNetwork, run_virtual
from tests.support.lab import domains as lab
from tests.support.lab.laboratory import obstacle, opened
from tests.support.lab.namespaces import inside

COMMAND = str(Path(sys.executable).with_name("mailsettings"))
# Providers of every kind, and domains that the table does not know, among them misspelt ones and public suffixes.
UNSERVED = """
outlook.com yahoo.com icloud.com aol.com gmx.net gmx.com web.de t-online.de freenet.de mail.com mail.de posteo.de
mailbox.org fastmail.com zoho.com zoho.eu yandex.ru mail.ru qq.com 163.com 126.com 139.com sina.com sohu.com naver.com
daum.net nate.com rediffmail.com laposte.net orange.fr free.fr sfr.fr libero.it virgilio.it tiscali.it tim.it aruba.it
pec.it seznam.cz centrum.cz volny.cz azet.sk onet.pl wp.pl o2.pl interia.pl abv.bg ukr.net i.ua inbox.lv mail.ee
freemail.hu bluewin.ch hispeed.ch a1.net chello.at comcast.net cox.net att.net verizon.net charter.net earthlink.net
juno.com bell.net rogers.com shaw.ca btinternet.com sky.com virginmedia.com talktalk.net ziggo.nl kpnmail.nl telenet.be
skynet.be telia.com online.no bigpond.com xtra.co.nz docomo.ne.jp nifty.com yahoo.co.jp uol.com.br globo.com
proton.me tutanota.com hey.com duck.com privaterelay.appleid.com mailinator.com mozmail.com ovh.net gandi.net
secureserver.net your-server.de one.com migadu.com emailsrvr.com mit.edu privateemail.com titan.email
gmial.com hotmial.com gmx.ed yaho.com nowhere.example bücher.example mail.gmail.com com.br rub.de
"""
SENTENCES = frozenset(("reasons", "seen", "text", "advice", "notes", "settled_by", "sends", "then", "card", "errors"))
TIMES = frozenset(("seconds",))
BY_CHANCE = frozenset(("address", "steps", "greeting"))  # of a real server: IPv4 or IPv6 first; Exim greets with a date
CHOICES = ("incoming", "outgoing")
MISSING = "(missing)"

Answer = dict[str, Any]


def write(directory: Path) -> None:
    """Write all answers below *directory*."""
    for world in WORLDS:
        _save(directory / "worlds", world.name, _in_memory(world))
    addresses = [f"ada@{domain}" for domain in (*UNSERVED.split(), *(world.domain for world in lab.WORLDS))]
    for address in addresses:
        for mode in ("plan", "offline"):
            _save(directory / mode, address, _command(f"--{mode}", "--json", address))
        _save(directory / "card", address, _process("--offline", address))
    _write_live(directory)


def _write_live(directory: Path) -> None:
    """Write what the command finds in the laboratory, and without any network."""
    if reason := obstacle():
        print(f"no lookups: {reason}")
        return
    with opened((*lab.ZONES, *(world.zone for world in lab.WORLDS)), name="snapshot") as laboratory:
        options = ("--json", "--resolver", laboratory.resolver, "--ca", str(laboratory.ca_file))
        names = laboratory.namespaces
        for world in lab.WORLDS:
            arguments = (*options, *world.options, f"ada@{world.domain}")
            _save(directory / "lab", arguments[-1], _command(*arguments, namespace=names.client))
        for domain in UNSERVED.split():
            arguments = (*options, f"ada@{domain}")
            _save(directory / "alone", arguments[-1], _command(*arguments, namespace=names.island))


def _in_memory(world: World) -> Answer:
    """Return what is found in *world*."""
    net = FakeNetwork(rtt=0.05)
    world.build(net)
    detection, _ = run_virtual(search, net, world.address)
    return {"document": json.loads(detection.to_json())}


def _command(*arguments: str, namespace: str = "") -> Answer:
    """Return what the command answers, run in this process: a new one takes longer to start than most lookups."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err), inside(namespace) if namespace else nullcontext():
        code = run(arguments)
    return {"exit_code": code, "document": json.loads(out.getvalue()), "errors": err.getvalue()}


def _process(*arguments: str) -> Answer:
    """Return what a process of its own prints: without --json the answer of the table takes a shorter way."""
    done = subprocess.run((COMMAND, *arguments), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return {"exit_code": done.returncode, "card": done.stdout, "errors": done.stderr}


def _save(directory: Path, name: str, answer: Answer) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{name}.json").write_text(json.dumps(answer, indent=1), encoding="utf-8")


def compare(old: Path, new: Path, *, sentences: bool) -> int:
    """Print every difference, those of *sentences* if wanted; return how many answers differ."""
    names = sorted({str(path.relative_to(top)) for top in (old, new) for path in top.rglob("*.json")})
    differing = 0
    for name in names:
        found = list(_differing(name, _load(old / name), _load(new / name), sentences=sentences))
        print("".join(f"{name}{each}\n" for each in found), end="")
        differing += bool(found)
    print(f"{len(names)} answers compared, {differing} differ")
    return differing


def _differing(name: str, old: Any, new: Any, *, sentences: bool) -> Iterator[str]:
    """Yield every difference between two versions of the answer *name*; None is one that does not exist."""
    if name.startswith("lab") and old and new:
        old, new = _common(old, new)
        return _differences(old, new, TIMES | SENTENCES | BY_CHANCE)
    return _differences(old, new, TIMES if sentences else TIMES | SENTENCES)


def _load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _common(*answers: Answer) -> list[Answer]:
    """Return *answers* with their best choices, and of all further choices, evidence and failures those they share.

    What else was learned and contacted before the answer was settled depends on which real server was faster.
    """
    documents = [each["document"] for each in answers]
    found = [{**each, "best": {name: _best(each["document"][name]) for name in CHOICES}} for each in answers]
    for name in (*CHOICES, "failures"):
        _share(documents, name)
    for name in CHOICES:
        for choices in zip(*(document[name] for document in documents), strict=True):
            _share(choices, "evidence")
    return found


def _best(choices: list[Answer]) -> list[Answer]:
    """Return the first of *choices*, if any, with its strongest evidence."""
    return [{**choice, "evidence": choice["evidence"][:1]} for choice in choices[:1]]


def _share(owners: Sequence[Answer], name: str) -> None:
    """Leave in the list *name* of each of *owners* only what all of them have."""
    shared = set.intersection(*({_identity(item) for item in owner[name]} for owner in owners))
    for owner in owners:
        owner[name] = [item for item in owner[name] if _identity(item) in shared]


def _identity(item: Answer) -> tuple[str, ...]:
    """Return which choice, evidence or failure this is. Which one runs out of connections is a matter of order."""
    names = ("where", "protocol", "host", "port", "security", "authority", "source", "locator")
    return (*(str(item.get(name)) for name in names), str(item.get("kind") == "budget"))


def _differences(old: Any, new: Any, left_out: frozenset[str]) -> Iterator[str]:
    """Yield where *new* differs from *old*, and how."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() - left_out):
            if not (key == "evidence" and isinstance(old[key], str) and "text" in left_out):  # of a finding: a sentence
                yield from (f" {key}{each}" for each in _differences(old[key], new.get(key, MISSING), left_out))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, pair in enumerate(zip(old, new, strict=True)):
            yield from (f"[{number}]{each}" for each in _differences(*pair, left_out))
    elif old != new:
        yield f": {json.dumps(old)}  ->  {json.dumps(new)}"


def main() -> int:
    """Do what the command line says; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("write").add_argument("directory", type=Path)
    comparing = commands.add_parser("compare")
    comparing.add_argument("old", type=Path)
    comparing.add_argument("new", type=Path)
    comparing.add_argument("--sentences", action="store_true", help="compare the sentences, too")
    wanted = parser.parse_args()
    if wanted.command == "write":
        write(wanted.directory)
        return 0
    return int(compare(wanted.old, wanted.new, sentences=wanted.sentences) > 0)


if __name__ == "__main__":
    sys.exit(main())

"""`mailsettings providers [QUERY]` and `mailsettings provider ID`: what the provider table says."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

import click

from mailsettings.cli.exit_codes import ExitCode
from mailsettings.cli.terminal import Colour, Pen, pen, wants_colours, wrapped
from mailsettings.escape import printable
from mailsettings.provider_table.rows import Row, TableServer
from mailsettings.schema import dumps, plain

MAX_DOMAINS = 12  # of a provider; --json lists all


def _ids(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    from mailsettings.provider_table.table import all_providers

    return [row.provider.id for row in all_providers() if row.provider.id.startswith(incomplete)]


@click.command()
@click.argument("query", default="")
@click.option("--json", "as_json", is_flag=True, help="Print the rows as a JSON array.")
@click.pass_context
def providers(ctx: click.Context, query: str, *, as_json: bool) -> None:
    """List the providers in the table, those that have QUERY in their id, name, domains or MX names."""
    from mailsettings.provider_table.table import all_providers

    rows = [row for row in all_providers() if _matches(row, query.lower())]
    if as_json:
        click.echo(dumps([plain(row) for row in rows], indent=2))
    elif rows:
        click.echo("\n".join(_overview(row) for row in rows))
    else:
        click.echo(f"mailsettings: no provider has {printable(query)!r} in its name or domains", err=True)
    ctx.exit(ExitCode.VERIFIED if rows else ExitCode.NOTHING)


def _matches(row: Row, query: str) -> bool:
    texts = (row.provider.id, row.provider.name.lower(), *row.domains, *row.mx, *row.shared_mx)
    return any(query in text for text in texts)


def _overview(row: Row) -> str:
    """Return *row* as one line: id, name, the first domains."""
    domains = ", ".join(row.domains[:2]) + (f" and {len(row.domains) - 2} more" if len(row.domains) > 2 else "")
    return f"{row.provider.id:20} {printable(row.provider.name):26} {domains or row.provider.kind}".rstrip()


@click.command()
@click.argument("name", metavar="ID", shell_complete=_ids)
@click.option("--json", "as_json", is_flag=True, help="Print the row as JSON.")
@click.pass_context
def provider(ctx: click.Context, name: str, *, as_json: bool) -> None:
    """Show what the table says of the provider ID; a domain of it will do, too."""
    from mailsettings.provider_table.table import by_id, find_domain

    row = by_id(name.lower()) or find_domain(name.lower())
    if row is None:
        click.echo(f"mailsettings: {_unknown_message(name)}", err=True)
        ctx.exit(ExitCode.NOTHING)
    if as_json:
        click.echo(dumps(plain(row), indent=2))
    else:
        click.echo("\n".join(_page(row, pen(colours=wants_colours(sys.stdout)))))
    ctx.exit(ExitCode.VERIFIED)


def _unknown_message(name: str) -> str:
    from difflib import get_close_matches

    from mailsettings.provider_table.table import all_providers

    close = get_close_matches(name.lower(), [row.provider.id for row in all_providers()], n=2, cutoff=0.7)
    hint = f"; did you mean {' or '.join(close)}?" if close else "; `mailsettings providers` lists all"
    return f"no provider {printable(name)!r}{hint}"


def _page(row: Row, paint: Pen) -> Iterator[str]:
    """Yield the facts of *row*, one line or more for each."""
    facts = row.provider
    yield paint(f"{printable(facts.name)} ({facts.id}, {facts.kind})", Colour.STRONG)
    yield from _listed("Incoming", map(_server, row.incoming))
    yield from _listed("Outgoing", map(_server, row.outgoing))
    yield from _listed("To do first", (f"{hint.text} {hint.url}".strip() for hint in facts.hints))
    yield from _listed("Pages", (f"{page.url} {page.text}".strip() for page in facts.documentation))
    yield from _listed("Domains", _domain_list(row.domains))
    yield from _listed(
        "MX", (*row.mx, *(f"**.{suffix}, but customers can have such names, too" for suffix in row.shared_mx))
    )
    yield from _listed("Replaced", (f"{old} by {new}" for old, new in row.obsolete))
    yield from _listed("Source", (f"{row.source}, checked {row.checked}",))


def _server(server: TableServer) -> str:
    names = ", or ".join(server.usernames)
    return f"{server.endpoint}, user name {names}, login {' or '.join(server.auth)}"


def _domain_list(domains: tuple[str, ...]) -> tuple[str, ...]:
    more = len(domains) - MAX_DOMAINS
    return (", ".join(domains[:MAX_DOMAINS]) + (f" and {more} more" if more > 0 else ""),) if domains else ()


def _listed(label: str, texts: Iterable[str]) -> Iterator[str]:
    for number, text in enumerate(texts):
        yield from wrapped(printable(text), first=f"{'' if number else label:12}", rest=" " * 14)

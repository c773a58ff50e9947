"""The `mailsettings` command, also as `python -m mailsettings`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command with the process's arguments, and exit with its code (cli/exit_codes.py)."""
    try:
        from mailsettings.cli.fast_offline import answer_offline  # where it can be interrupted without a traceback

        code = answer_offline(sys.argv[1:])
        if code is None:
            _lighten()
            from mailsettings.cli.app import run

            _leave(run(sys.argv[1:]))
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


def _lighten() -> None:
    """Spare a process of one second what only long ones are paid back for; a library must not do this to its user."""
    import gc

    # Most of what is made here stays: looking through it every 700 objects costs 25 ms. Not where a process goes on.
    if sys.argv[1:2] not in (["bulk"], ["serve"]):
        gc.set_threshold(150_000)
    # httpcore loads trio where it is installed (100 ms), httpx its own command (10 ms, with rich 60). None: not there.
    for name in ("trio", "httpx._main"):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # documented with the import system, not in typeshed


def _leave(code: int) -> None:
    """End the process with *code*, its output being written: taking 500 modules down costs 30 ms."""
    import os

    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()

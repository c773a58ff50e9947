"""The `mailsettings` command, also as `python -m mailsettings`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command with the process's arguments, and exit with its code (cli/exit_codes.py)."""
    try:
        from mailsettings.cli.fast_offline import (
            answer_offline,
        )  # here an interrupt prints no traceback

        code = answer_offline(sys.argv[1:])
        if code is None:
            _lighten()
            from mailsettings.cli.app import run

            _leave(run(sys.argv[1:]))
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


def _lighten() -> None:
    """Save start-up time that only pays off in long processes; a library must not do this to its user."""
    import gc

    # Most objects made here stay: collecting garbage every 700 of them costs 25 ms. Not for processes that run long.
    if sys.argv[1:2] not in (["bulk"], ["serve"]):
        gc.set_threshold(150_000)
    # httpcore loads trio if it is installed (100 ms), httpx its own command (10 ms, with rich 60). None: not installed.
    for name in ("trio", "httpx._main"):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # documented with the import system, not in typeshed


def _leave(code: int) -> None:
    """Flush the output and end the process with *code*, without the 30 ms that tearing down 500 modules takes."""
    import os

    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()

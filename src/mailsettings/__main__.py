"""The `mailsettings` command, also as `python -m mailsettings`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command with the process's arguments, and exit with its code (cli/verdict.py)."""
    try:
        from mailsettings.cli.fast import answered  # noqa: PLC0415 - where it can be interrupted without a traceback

        code = answered(sys.argv[1:])
        if code is None:
            from mailsettings.cli.app import run  # noqa: PLC0415 - click costs 20 ms that the fast way does not have

            code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()

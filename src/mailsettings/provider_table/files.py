"""Paths of the tables: the compiled file in the package, its YAML in a checkout, the user's own table.

Paths are strings: importing pathlib would take a quarter of the time of the command's fast offline path.
"""

from __future__ import annotations

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
_SOURCES = os.path.dirname(os.path.dirname(_HERE))  # "src" in a checkout, "site-packages" once installed
COMPILED = os.path.join(_HERE, "_data", "providers.table")
YAML = os.path.join(os.path.dirname(_SOURCES), "data", "providers.yaml")


def is_stale() -> bool:
    """Say whether this is a checkout whose YAML is newer than what was compiled from it."""
    if os.path.basename(_SOURCES) != "src":
        return False  # installed: a data directory next to site-packages belongs to another project
    try:
        written = os.stat(YAML).st_mtime_ns
    except FileNotFoundError:
        return False
    try:
        return written > os.stat(COMPILED).st_mtime_ns
    except FileNotFoundError:
        return True


def own_path() -> str:
    """Return the path of the user's own table, whether or not there is one."""
    on_linux: bool = sys.platform == "linux"
    if on_linux:  # what platformdirs returns, without the time to import it
        config = os.environ.get("XDG_CONFIG_HOME", "").strip() or os.path.expanduser("~/.config")
        return os.path.join(config, "mailsettings", "providers.yaml")
    from platformdirs import user_config_dir

    return os.path.join(user_config_dir("mailsettings", appauthor=False), "providers.yaml")

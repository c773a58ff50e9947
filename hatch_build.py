"""Compile data/providers.yaml when a wheel or an editable install is built."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class TableHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's base class is generic over its config
    """Write the compiled provider table beside the package."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the table into src/mailsettings/_data and ship it."""

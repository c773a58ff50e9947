"""Compile data/providers.yaml when a wheel or an editable install is built."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

COMPILED = "src/mailsettings/provider_table/_data/providers.table"
SHIPPED = "mailsettings/provider_table/_data/providers.table"


class TableHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's base class is generic over its config
    """Write the compiled provider table beside the package."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the table into the package and ship it, in wheels; the sdist has the YAML itself."""
        if self.target_name != "wheel":
            return
        root = Path(self.root)
        _compiler(root).compile_file(str(root / "data/providers.yaml"), str(root / COMPILED))
        if version != "editable":
            build_data["force_include"][str(root / COMPILED)] = SHIPPED


def _compiler(root: Path) -> ModuleType:
    """Load the compiler by its path: the package's dependencies are not there while it is being built."""
    spec = importlib.util.spec_from_file_location("compiler", root / "src/mailsettings/provider_table/compiler.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

"""Tools for contributors; not part of the package."""

"""Reproducible measurements. Each prints what it measured beside what was wanted."""

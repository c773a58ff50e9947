"""Which places of the input have been answered: one bit each, 1.25 MB for ten million. Pure."""

from __future__ import annotations


class Done:
    """A set of places, which start at 1."""

    def __init__(self) -> None:
        self._bits = bytearray()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, place: int) -> bool:
        byte, bit = divmod(place, 8)
        return byte < len(self._bits) and bool(self._bits[byte] >> bit & 1)

    def add(self, place: int) -> None:
        """Take in *place*; again does nothing."""
        if place in self:
            return
        byte, bit = divmod(place, 8)
        self._bits.extend(bytes(max(0, byte + 1 - len(self._bits))))
        self._bits[byte] |= 1 << bit
        self._count += 1

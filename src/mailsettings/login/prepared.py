"""User names and passwords as SCRAM compares them: SASLprep (RFC 4013). Pure."""

from __future__ import annotations

import unicodedata


def prepared(text: str) -> str:
    """Return *text* after SASLprep, or unchanged where that is not allowed to have it.

    ASCII stays as it is. What the profile prohibits is left to the server to refuse: passwords with such characters
    exist, and a client that rejects them helps nobody.
    """
    if text.isascii():
        return text
    import stringprep

    mapped = "".join(
        " " if stringprep.in_table_c12(char) else char for char in text if not stringprep.in_table_b1(char)
    )
    normal = unicodedata.normalize("NFKC", mapped)
    return text if any(map(stringprep.in_table_c21_c22, normal)) else normal

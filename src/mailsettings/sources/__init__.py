"""Where settings are learned. A source is a function `EmailAddress -> Iterable[Lead]` that contacts nobody."""

"""The web page at /, which works without JavaScript."""

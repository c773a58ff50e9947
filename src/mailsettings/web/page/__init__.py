"""The page for people at /: whole without JavaScript."""

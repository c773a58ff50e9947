"""Logging in, when asked to: inside verified TLS, at a trusted server, and never more often than needed."""

"""Logins with a user's credentials: only inside verified TLS, only at trusted servers, as few as possible."""

"""The HTTP API: JSON, server-sent events, OpenAPI."""

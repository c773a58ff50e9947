"""The service for programs: JSON, server-sent events, OpenAPI."""

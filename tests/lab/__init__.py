"""A laboratory: real mail servers, a resolver and zones in network namespaces of their own. See docs/lab.md."""

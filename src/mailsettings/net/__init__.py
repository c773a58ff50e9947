"""Network I/O. No other package imports socket, ssl, httpx, httpcore or dns."""

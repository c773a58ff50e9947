"""The only package that opens the network. Nothing outside this package imports socket, ssl, httpx, httpcore or dns."""

"""The one door to the network. Nothing outside this package imports socket, ssl, httpx, httpcore or dns."""

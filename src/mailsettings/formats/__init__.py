"""Text formats as values and back. Pure: nothing here opens a file or the network."""

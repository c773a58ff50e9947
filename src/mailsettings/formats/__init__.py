"""Text formats as values and back: one module per document format. Pure: no file or connection is opened here.

What the formats share is in server and auth_names (server sections, login methods), in xml and json (bounded parsers of
untrusted bytes) and in text (untrusted text, links and names).
"""

"""Detections as they were written down once: a change that does not mean to change an answer leaves all of them alone.

    python -m tests.golden          write them anew, after a change that means to

One world a line in documents.jsonl, its name first, then the document without what was timed.
"""

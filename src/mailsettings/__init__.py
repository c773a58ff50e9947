"""Find and verify the mail servers of an email address."""

__version__ = "0.1.0"

"""Servers, zones and web pages that mean harm, end to end through detect()."""

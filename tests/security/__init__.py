"""Servers, zones and web pages that mean harm, met end to end through detect()."""

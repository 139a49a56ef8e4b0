"""Sections of other kinds than proxies and `global`."""

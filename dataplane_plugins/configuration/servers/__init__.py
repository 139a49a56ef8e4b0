"""Servers and binds, and their parameters."""

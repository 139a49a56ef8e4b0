"""Sections beside proxies."""

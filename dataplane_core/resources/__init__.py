"""Declarations of resources, and where their objects stand in a document.

Nothing here knows of HTTP or of the store.
"""

"""Hostile strings in every string that a client can send: `python -m tests.torture --injection`.

`objects` tries the objects of the configuration, as functions, `requests` all else over WSGI.
"""

"""Plugins that declare the sections and lines of haproxy.cfg, one module for each collection.

A section of "the manual" is one of the configuration manual of HAProxy 3.2, unless another version
is named.
"""

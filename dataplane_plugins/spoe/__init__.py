"""SPOE files: scopes, agents, messages and groups, in files of their own beside haproxy.cfg.

The facts are those of HAProxy's `doc/SPOE.txt`, section 2.
"""

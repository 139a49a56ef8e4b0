"""Plugins that declare the sections and lines of haproxy.cfg, one module for each collection."""

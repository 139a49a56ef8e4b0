"""A fleet: many nodes that take their configuration from one key-value store."""

PATH, TAG = "/fleet", "Fleet"
"""Where a fleet is served below the prefix of this server's own API, and what that is called."""

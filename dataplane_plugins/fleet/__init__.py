"""A fleet: many nodes that take their configuration from one key-value store."""

"""Hooks: what plugins can take part in, how plugins are loaded, and what their failures cost."""

"""Frontends, backends, listens and defaults, and their statements."""

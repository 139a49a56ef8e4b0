"""The HAProxy that is governed: its check, its reloads, its Runtime API, its keywords."""

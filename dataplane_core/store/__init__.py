"""Persistence: files written whole, state, history, transactions, the writer of haproxy.cfg."""

from dataplane_core.store.state import State

__all__ = ["State"]

"""Declared settings blocks of plugins, which a process keeps once it has looked for them."""

from collections.abc import Iterator
from contextlib import contextmanager

from dataplane_core.settings.plugin_blocks import plugin_blocks
from dataplane_core.settings.table import keys, members


@contextmanager
def looked_for_anew() -> Iterator[None]:
    """Forget the blocks that are known, and afterwards those that came to be known meanwhile."""
    _forget()
    yield
    _forget()


def _forget() -> None:
    for cache in (plugin_blocks, keys, members):
        cache.cache_clear()

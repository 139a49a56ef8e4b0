"""Start without the plugins of third parties that cannot take part: the fault of one is its own.

What was half made with such a plugin is thrown away, and everything is made anew without it.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

from dataplane_core.errors import DataplaneError, StartRefused
from dataplane_core.hooks.containment import PluginError
from dataplane_core.hooks.manager import LeftOut

T = TypeVar("T")

log = logging.getLogger("dataplane.plugins")


def without_faulty(
    make: Callable[[LeftOut], T],
    candidates: Sequence[str],
    error: Exception,
    required: Mapping[str, str] = MappingProxyType({}),
) -> T:
    """Return what is made without those of the candidates that keep it from being made.

    `candidates` are names of plugins, in their order, and `error` is what `make` has raised with
    all of them. Those that are `required`, each with a clause that says why, are none of them.
    Raises what `make` raises where no candidate is at fault.
    """
    left_out: dict[str, str] = {}
    while True:
        if not isinstance(error, PluginError):
            if isinstance(error, StartRefused | DataplaneError):
                raise error
            return _tried_without(make, left_out, candidates, error, required)
        culprit = _culprit(error, [one for one in candidates if one not in left_out])
        if not culprit:
            raise _needed(error, required)
        left_out[culprit] = str(error)
        _tell(error, str(error))
        try:
            return make(left_out)
        except Exception as another:
            error = another


def _culprit(error: PluginError, candidates: Sequence[str]) -> str:
    """Return the plugin that an error names, the later one of two; empty for none of them."""
    return next((one for one in reversed(error.plugins) if one in candidates), "")


def _needed(error: PluginError, required: Mapping[str, str]) -> PluginError:
    """Return the error with the reason why the server does not start without the plugin."""
    name = next((one for one in reversed(error.plugins) if one in required), "")
    if not name:
        return error
    said = f"{error}; the server does not start without {name}, {required[name]}"
    return PluginError(said, *error.plugins)


def _tried_without(
    make: Callable[[LeftOut], T],
    left_out: LeftOut,
    candidates: Sequence[str],
    error: Exception,
    required: Mapping[str, str],
) -> T:
    """Make it without the one plugin that fails in a way that tells nobody's name, or without all.

    Such are declarations that are no declarations, which only fail when they are used.
    """
    reason = f"the server does not start with it ({type(error).__name__}: {error})"
    rest = [one for one in candidates if one not in left_out]
    trials = [[one] for one in reversed(rest)]
    for trial in [*trials, rest] if len(rest) > 1 else trials:
        added = {one: f"the plugin {one} cannot be used: {reason}" for one in trial}
        try:
            made = make({**left_out, **added})
        except Exception:
            continue
        for one in trial:
            _tell(error, added[one])
        return made
    if not required:
        raise error
    names = " or ".join(required)
    said = f"the server does not start with {names} ({type(error).__name__}: {error})"
    raise _needed(PluginError(said, *required), required) from error


def _tell(error: Exception, sentence: str) -> None:
    # at a terminal the sentence is enough; where log lines go, authors look for the rest
    cause = error.__cause__ or (None if isinstance(error, PluginError) else error)
    trace = cause if log.hasHandlers() else None
    log.error("a plugin is left out: %s", sentence, exc_info=trace)

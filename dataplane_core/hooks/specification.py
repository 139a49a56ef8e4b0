"""What a hook is: its signature, what an implementation returns, and what the failure of one does.

A module of hooks has a function for each, decorated with `hookspec`. The server's own are in
`dataplane_core.hookspecs`; a plugin declares hooks of its own by having such functions.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import pluggy

from dataplane_core.hooks.containment import PROJECT, Failure, Result, Terms

F = TypeVar("F", bound=Callable[..., Any])

_marker = pluggy.HookspecMarker(PROJECT)
_TERMS = f"{PROJECT}_terms"


def anything(value: Any) -> Any:
    """Return the value: the result of the hook is nobody's business."""
    return value


def none_or(kind: type) -> Result:
    """Return a check that takes a value of a type, or None."""

    def checked(value: Any) -> Any:
        if value is None or isinstance(value, kind):
            return value
        raise TypeError(f"returned {type(value).__name__}, not {kind.__name__} or None")

    return checked


def list_of(what: str, fits: Callable[[Any], bool]) -> Result:
    """Return a check that makes a list of an iterable whose items fit; of None, an empty one.

    `what` names the items in the message of the `TypeError` that anything else raises.
    """

    def checked(value: Any) -> Any:
        if value is None:
            return []
        if isinstance(value, str | bytes) or not isinstance(value, Iterable):
            raise TypeError(f"returned {type(value).__name__}, not a list of {what}")
        items = list(value)
        wrong = [item for item in items if not fits(item)]
        if wrong:
            raise TypeError(f"returned {type(wrong[0]).__name__} among {what}")
        return items

    return checked


def texts_or_none(value: Any) -> Any:
    """Return a list of texts, or None; raise TypeError for anything else."""
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise TypeError(f"returned {type(value).__name__}, not a list of texts or None")
    return value


def hookspec(
    failure: Failure,
    result: Result = anything,
    *,
    firstresult: bool = False,
    restores: bool = False,
    limited: bool = True,
) -> Callable[[F], F]:
    """Mark a function as the signature of a hook.

    `failure` is what the failure of an implementation does, `result` checks and completes what one
    returns. With `firstresult` the first answer that is not None ends the question; with `restores`
    a dictionary among the arguments is as it was where an implementation failed. Unless the hook is
    not `limited`, implementations that do not return in time have failed (`hook_timeout`); each is
    called in a thread of its own.
    """

    def marked(function: F) -> F:
        setattr(function, _TERMS, Terms(failure, result, restores, limited))
        return _marker(function, firstresult=firstresult)

    return marked


def declared_hooks(namespace: object) -> dict[str, Terms]:
    """Return the hooks that a module or an object declares, by name, each with its terms."""
    found = {name: getattr(getattr(namespace, name, None), _TERMS, None) for name in dir(namespace)}
    return {name: terms for name, terms in found.items() if isinstance(terms, Terms)}

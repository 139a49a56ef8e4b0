"""Give each plugin of a third party its own form of what hooks are given, such as the settings."""

import functools
import inspect
from collections.abc import Callable, Generator
from typing import Any


def with_own_forms(function: Callable[..., Any], form: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return a hook that is called with the form of each of its arguments."""
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def generated(*arguments: Any) -> Generator[Any, Any, Any]:
            return (yield from function(*map(form, arguments)))

        return generated

    @functools.wraps(function)
    def given(*arguments: Any) -> Any:
        return function(*map(form, arguments))

    return given

"""Make regular expressions that are compiled when they are first used: a start uses few of them.

To compile one takes 0.2 ms and a few KiB. Type checkers see `re.compile`, which is otherwise the
same.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from re import compile as lazy_pattern
else:
    import re

    class lazy_pattern:  # noqa: N801 (it stands for a function)
        """A pattern whose methods are those of the compiled one, from the first use on."""

        def __init__(self, pattern, flags=0):
            self._given = pattern, flags

        def __getattr__(self, name):
            getattr(re.Pattern, name)  # fails where somebody looks for what no pattern has
            found = getattr(re.compile(*self._given), name)
            setattr(self, name, found)
            return found


__all__ = ["lazy_pattern"]

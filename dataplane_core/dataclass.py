"""Make dataclasses that cost a start little: most of their methods are shared, not compiled.

The standard library compiles six methods for a frozen class, which takes 0.3 ms and 15 KiB; a start
makes a hundred such classes. Here a class has one method compiled for it, `__init__`. Type checkers
see the standard decorator, and to it that nothing is assigned to a field of a frozen class; at run
time nobody does.
"""

from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    import dataclasses

    def dataclass(*, frozen=False, eq=True, repr=True, **options):
        """Return the decorator of a class; all but the cost is as the standard library has it."""

        def make(kind):
            made = dataclasses.dataclass(eq=False, repr=False, **options)(kind)
            if eq:
                compared = [one.name for one in dataclasses.fields(made) if one.compare]
                made._compared = staticmethod(attrgetter(*compared))
                made.__eq__ = _is_equal
                made.__hash__ = _hash if frozen else None
            if repr:
                made.__repr__ = _shown
            return made

        return make

    def _is_equal(self: Any, other: Any) -> bool:
        if self.__class__ is not other.__class__:
            return NotImplemented
        return self._compared(self) == self._compared(other)

    def _hash(self: Any) -> int:
        return hash(self._compared(self))

    def _shown(self: Any) -> str:
        shown = (one.name for one in dataclasses.fields(self) if one.repr)
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__qualname__}({values})"

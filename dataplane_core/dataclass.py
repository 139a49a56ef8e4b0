"""Make dataclasses that cost a start little: methods are shared, or compiled when first called.

The standard library compiles six methods for a frozen class, which takes 0.4 ms and 15 KiB; a start
makes a hundred and fifty such classes, and of half of them no object. Here a class has one method
compiled for it, `__init__`, when its first object is made. Type checkers see the standard
decorator, and to it that nothing is assigned to a field of a frozen class; at run time nobody does.
"""

from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass

    def compile_now(*kinds: type) -> None:
        """Compile what the first object of a class would: before a fork, so that it is shared."""
else:
    import dataclasses

    def dataclass(kind=None, /, *, frozen=False, init=True, eq=True, repr=True, **options):
        """Return the decorator of a class; all but the cost is as the standard library has it."""

        def make(kind):
            at_once = init and hasattr(kind, "__post_init__")
            made = dataclasses.dataclass(init=at_once, eq=False, repr=False, **options)(kind)
            if init and "__init__" not in vars(made):
                made.__init__ = _compiled_when_called(made)
            if eq:
                compared = [one.name for one in dataclasses.fields(made) if one.compare]
                made._compared = staticmethod(attrgetter(*compared))
                made.__eq__ = _is_equal
                made.__hash__ = _hash if frozen else None
            if repr:
                made.__repr__ = _shown
            return made

        return make if kind is None else make(kind)

    def _compiled_when_called(kind):
        """Return an `__init__` that puts the compiled one in its own place."""

        def compile_and_call(self, *given, **named):
            kind.__init__ = _compiled_init(kind)
            kind.__init__(self, *given, **named)

        return compile_and_call

    def compile_now(*kinds):
        """Compile what the first object of a class would: before a fork, so that it is shared."""
        for kind in kinds:
            if kind.__init__.__name__ == "compile_and_call":
                kind.__init__ = _compiled_init(kind)

    def _compiled_init(kind):
        """Return the function that takes the fields in their order, and sets them."""
        fields = sorted(dataclasses.fields(kind), key=attrgetter("kw_only"))
        taken, lines, names = ["self"], ["pass"], {"_missing": object()}
        for one in fields:
            value = name = one.name
            default = f"_default_{name}"
            if one.default_factory is not dataclasses.MISSING:
                names[default], value = one.default_factory, f"{default}()"
                if one.init:
                    value, default = f"{value} if {name} is _missing else {name}", "_missing"
            elif one.default is not dataclasses.MISSING:
                names[default], value = one.default, value if one.init else default
            else:
                default = ""
            if one.init:
                taken += ["*"] if one.kw_only and "*" not in taken else []
                taken.append(f"{name}={default}" if default else name)
            if one.init or default:
                lines.append(f"self.{name} = {value}")
        exec(f"def __init__({', '.join(taken)}):\n " + "\n ".join(lines), names)
        init = names.pop("__init__")
        init.__qualname__, init.__module__ = f"{kind.__qualname__}.__init__", kind.__module__
        return init

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

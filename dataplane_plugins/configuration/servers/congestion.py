"""`quic-cc-algo` of `bind` and `server` lines (manual, section 5.1): `cubic(64k,32)`."""

from collections.abc import Iterable, Iterator, Sequence

from dataplane_core.plugin import (
    Layout,
    NoMatch,
    Problem,
    Prop,
    Reading,
    Term,
    Values,
    lazy_pattern,
    misplaced,
    unquote,
)

ALGORITHMS = ("cubic", "newreno", "bbr", "nocc")
"""The algorithms of QUIC congestion control; `bbr` since HAProxy 3.1."""

_SHIFT = {"k": 0, "m": 10, "g": 20}
_WORD = lazy_pattern(r"(\w+)(?:\((?:([0-9]{1,10})([kmg]))?(?:,([0-9]{1,4}))?\))?")

_ALGORITHM = Prop("quic-cc-algo", enum=ALGORITHMS, help="Congestion control of QUIC connections.")
_WINDOW = Prop(
    "quic_cc_algo_max_window",
    "integer",
    minimum=10,
    maximum=4194304,
    nullable=True,
    help="Largest congestion window, in kilobytes.",
)
_BURST = Prop(
    "quic_cc_algo_burst_size",
    "integer",
    minimum=0,
    maximum=1024,
    nullable=True,
    help="Packets that are sent in one burst.",
)


class CongestionControl(Term):
    """An algorithm, with its window and, where `burst`, the size of a burst in brackets."""

    def __init__(self, *, burst: bool) -> None:
        self.burst = burst

    def declared(self) -> Iterable[Prop]:
        return (_ALGORITHM, _WINDOW, *((_BURST,) if self.burst else ()))

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        match = _WORD.fullmatch(unquote(tokens[at])) if at < len(tokens) else None
        if match is None or match[1] not in ALGORITHMS or (match[4] and not self.burst):
            wanted = f"one of {', '.join(ALGORITHMS)}"
            raise NoMatch(tokens[at] if at < len(tokens) else None, wanted)
        said: dict[str, str | int] = {_ALGORITHM.name: match[1]}
        if match[2]:
            said[_WINDOW.name] = int(match[2]) << _SHIFT[match[3]]
        if match[4]:
            said[_BURST.name] = int(match[4])
        reading.values.update(said)
        reading.layout[self] = tokens[at], said
        return at + 1

    def write(self, values: Values, layout: Layout) -> list[str]:
        own = {name: value for name, value in values.items() if name in self.names}
        word, said = layout.get(self, ("", None))
        return [word if own == said else str(own[_ALGORITHM.name]) + _arguments(own)]

    def needs(self, values: Values) -> Iterator[str]:
        if _ALGORITHM.name not in values:
            yield _ALGORITHM.name

    def problems(self, values: Values) -> Iterator[Problem]:
        if _ALGORITHM.name not in values:
            for name in sorted(self.names & values.keys()):
                yield misplaced(name, f"{name} says nothing without {_ALGORITHM.name}")


def _arguments(own: Values) -> str:
    """Return the brackets with what stands in them; none where nothing does."""
    window = own.get(_WINDOW.name)
    burst = f",{own[_BURST.name]}" if _BURST.name in own else ""
    if window is None:
        return f"({burst})" if burst else ""
    unit = next(unit for unit, shift in reversed(_SHIFT.items()) if window % (1 << shift) == 0)
    return f"({window >> _SHIFT[unit]}{unit}{burst})"


def congestion_control(*, burst: bool = False) -> Term:
    """Return the term for the argument of `quic-cc-algo`; `burst` as `bind` lines have it."""
    return CongestionControl(burst=burst)

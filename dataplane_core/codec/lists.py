"""Whole lists of objects: what a client sends to replace all rows of a section at once."""

from collections.abc import Iterator, Sequence
from itertools import islice, repeat
from typing import Any

from dataplane_core.codec.codec import Codec, Loaded
from dataplane_core.codec.refusals import MOST_NAMED, raise_violations, refuse_other_types
from dataplane_core.codec.untouched import partners
from dataplane_core.codec.violations import Violation, ordered
from dataplane_core.dataclass import dataclass
from dataplane_core.errors import WrongShape


@dataclass(frozen=True, slots=True)
class LoadedList:
    """A list after decoding: its objects, each as a `Loaded`."""

    items: tuple[Loaded, ...]

    @property
    def echo(self) -> list[dict[str, Any]]:
        """The list as it is answered."""
        return [one.echo for one in self.items]

    @property
    def problems(self) -> tuple[Violation, ...]:
        """The rules that the objects break, each with the place of its object (`1.type`)."""
        return tuple(ordered(_placed(self.items)))

    @property
    def ignored(self) -> tuple[str, ...]:
        """The properties that were left out, the first of them."""
        names = (f"{at}.{name}" for at, one in enumerate(self.items) for name in one.ignored)
        return tuple(islice(names, MOST_NAMED))

    def check(self) -> None:
        """Raise the error that names every broken rule; its code is the first one's."""
        raise_violations(self.problems)


class ListCodec:
    """The codec of a list of objects that `codec` decodes."""

    def __init__(self, codec: Codec) -> None:
        self.codec = codec

    def load(self, body: Any, shown: Sequence[Any] | None = None) -> LoadedList:
        """Decode a client's list; raises `BadRequest` when a value has another JSON type.

        Raises `WrongShape` where the body is no list of objects. `shown` is the list that a PUT
        replaces, as a GET shows it: its objects are not judged.
        """
        if not isinstance(body, list) or not all(isinstance(item, dict) for item in body):
            raise WrongShape("the body must be a JSON array of objects")
        olds = partners(shown, body) if shown else repeat(None)
        items: list[Loaded] = []
        broken = 0
        for item, old in zip(body, olds, strict=False):
            items.append(self.codec.read(item, old))
            broken += bool(items[-1].problems)
            if broken > MOST_NAMED:  # no answer would name the others
                break
        loaded = LoadedList(tuple(items))
        refuse_other_types(loaded.problems)
        return loaded


def _placed(items: Sequence[Loaded]) -> Iterator[Violation]:
    for at, one in enumerate(items):
        for path, rule in one.problems:
            if path:
                yield f"{at}.{path}", rule
            else:
                yield "", type(rule)(rule.code, f"{at}.{rule}")

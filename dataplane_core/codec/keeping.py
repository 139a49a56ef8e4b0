"""What an object says that a version of the interface cannot say: kept when clients replace it."""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from dataplane_core.codec.conversions import CONVERSIONS
from dataplane_core.codec.masks import ModelMask
from dataplane_core.codec.untouched import partners
from dataplane_core.grammar import Prop

Tied = Mapping[str, Mapping[str, Any]]
_NOTHING: Mapping[str, Any] = {}


class Keeping:
    """Keeps values of a model's objects that one version lacks.

    `hidden` are the flat paths of properties that the version lacks, but for those that it `says`
    otherwise. Those of a nested object are kept as long as what it cannot do without stays: the
    required properties beside them, and, for the objects in `tied`, the values of other properties
    on which the object depends. Those of an object in a list are kept in the one that looks the
    same, or has the same required properties. `around` is the list's path, in front of all paths.
    """

    def __init__(
        self,
        props: Sequence[Prop],
        version: str,
        mask: ModelMask,
        *,
        says: Container[str] = (),
        tied: Tied | None = None,
        around: str = "",
    ) -> None:
        lacking = (one.name for one in props if mask.hides(around + one.path(version)))
        self.hidden = tuple(name for name in lacking if name not in says)
        self._lacking = frozenset(self.hidden)
        self._tied = tied or {}
        self._converted = {
            prop.name: CONVERSIONS[prop.types[version]].shown
            for prop in props
            if version in prop.types and prop.name not in self._lacking
        }
        lists = {
            prop.name: Keeping(
                prop.items, version, mask, around=f"{around}{prop.path(version)}[]."
            )
            for prop in props
            if isinstance(prop.items, tuple) and version not in prop.types
        }
        self._lists = {
            name: one
            for name, one in lists.items()
            if one.hidden and name not in self._lacking
        }
        self._key = [one.name for one in props if one.required and one.name not in self._lacking]
        needed: dict[str, list[str]] = {}
        for prop in props:
            if prop.required and prop.name not in self._lacking:
                needed.setdefault(prop.name.rpartition(".")[0], []).append(prop.name)
        self._needed = {path: needed.get(path.rpartition(".")[0], []) for path in self.hidden}

    def keep(self, before: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
        """Return `values` with what the object says `before` and this version cannot say.

        These are the values that the version lacks, and those that it shows as it shows the new.
        """
        for path in self.hidden:
            if path in before and self._is_at_home(path, before, values):
                values[path] = before[path]
        for path, shown in self._converted.items():
            if path in before and path in values and shown(before[path]) == shown(values[path]):
                values[path] = before[path]
        for path, items in self._lists.items():
            if path in before and path in values:
                values[path] = items.keep_alike(before[path], values[path])
        return values

    def keep_alike(
        self, before: Iterable[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        """Return the objects of a list inside of another object, each with what its former was."""
        left, olds = list(before), [_NOTHING] * len(wanted)
        for alike in (self._seen, self._identity):
            for at, new in enumerate(wanted):
                known = (one for one in left if alike(one) == alike(new))
                old = _NOTHING if olds[at] else next(known, _NOTHING)
                if old:
                    olds[at] = old
                    left.remove(old)
        return [self.keep(old, dict(new)) for old, new in zip(olds, wanted, strict=True)]

    def _identity(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return what makes an object of a list the same one, although it has changed."""
        return {name: values.get(name) for name in self._key or values}

    def _is_at_home(
        self, path: str, before: Mapping[str, Any], values: Mapping[str, Any]
    ) -> bool:
        """Return whether the nested object that a path is in, if any, is still there."""
        around = path.partition(".")[0] if "." in path else ""
        if around and any(one in before and one not in values for one in self._needed[path]):
            return False
        return self._tied.get(around, {}).items() <= values.items()

    def keep_each(
        self, before: Iterable[Mapping[str, Any]], wanted: Sequence[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Return the objects of a list, each with what its former self was, as `keep` does.

        An object is the former one that says the same, or has the same `name`.
        """
        if not self.hidden and not self._converted:
            return list(wanted)
        whole: dict[int, tuple[dict[str, Any], Mapping[str, Any]]] = {}
        for one in before:
            seen = self._seen(one)
            whole[id(seen)] = seen, one
        kept = []
        news = [self._seen(one) for one in wanted]
        olds = partners([seen for seen, _ in whole.values()], news)
        for old, new, values in zip(olds, news, wanted, strict=True):
            is_same = old is not None and (old == new or "name" in old)
            kept.append(self.keep(whole[id(old)][1] if is_same else {}, dict(values)))
        return kept

    def _seen(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return what this version shows of flat values, under their flat paths."""
        return {
            path: self._converted[path](value) if path in self._converted else value
            for path, value in values.items()
            if path not in self._lacking
        }

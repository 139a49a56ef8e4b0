"""Find what names mean that stand in files beside the configuration, or mean what stands there."""

from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import Finding, Reference
from dataplane_core.references.existing import reader_for
from dataplane_core.references.file_parts import FilePlace, PartNames, ReadFile, used_files
from dataplane_core.references.file_parts import UsedFile as Used
from dataplane_core.references.script_names import ScriptLine, ScriptNames
from dataplane_core.resources.document_names import DocumentNames, Thing, Use
from dataplane_core.resources.reading import missing
from dataplane_core.resources.referring import NamedUse, Shown, named_by, words_of_thing
from dataplane_core.resources.registry import Registry
from dataplane_core.resources.renaming import rewritten_uses
from dataplane_core.text import Document
from dataplane_core.text.lines import split_lines

Place = Reference | FilePlace


@dataclass(frozen=True, slots=True)
class FileUse:
    """A name in a line of a `file`, or in one of the configuration, where that is empty.

    `line` counts from 1, `section` is the header of the line's section; `property`, `kinds` and
    `name` are as those of `NamedUse`. `resource` is the object of the line, and `targets` are what
    the name means. `user` is the line of the configuration that names the file.
    """

    file: str
    line: int
    section: str
    resource: Place | None
    property: str
    kinds: tuple[str, ...]
    name: str
    targets: tuple[Place, ...]
    user: NamedUse


class NamesInFiles:
    """The names in files that a document uses, and the names of what is in these files."""

    def __init__(self, registry: Registry, document: Document, read: ReadFile) -> None:
        self._registry = registry
        self._document = document
        self._read = read
        self._names = DocumentNames(registry.names, document)
        self.used = [*used_files(registry, self._names, read)]

    def dangling(self) -> Iterator[FileUse]:
        """Yield what means nothing: parts, names in parts, and names of what is in none."""
        for used in self.used:
            if used.names is None:
                if used.path:
                    yield self._lacking(used)
                continue
            for one in used.names.dangling_uses():
                yield self._inner(used, used.names, one)
            for one in self._inward(used):
                if not used.names.meant_from_outside(one.mention.name):
                    yield self._outer(used, one)
        for scripts in self._scripts:
            yield from self._uses_of(scripts, scripts.lacks)

    def referring_to(self, reference: Reference) -> Iterator[FileUse]:
        """Yield the uses, in files, of an object of the configuration."""
        wanted = named_by(self._registry, self._document, reference) if self.used else []
        for used in self.used:
            for one in used.names.all_uses() if used.names else ():
                assert used.names is not None
                found = used.names.things(one.section, one.mention.name)
                if any(thing in wanted for thing in found):
                    yield self._inner(used, used.names, one)

    def renamed(self, reference: Reference, name: str) -> dict[str, str]:
        """Return the texts of files in which an object of the configuration has another name.

        Raises `Conflict` for a line that cannot be written with the name.
        """
        wanted = named_by(self._registry, self._document, reference, alone=False)[:1]
        texts: dict[str, list[str]] = {}
        for used in self.used if wanted else ():
            names, found = used.names, self._read(used.name.text)
            if names is None or found is None:
                continue
            uses = [
                one
                for one in names.all_uses()
                if wanted[0] in names.things(one.section, one.mention.name)
            ]
            for section, at, line in rewritten_uses(names, wanted[0], uses, name):
                lines = texts.setdefault(used.path, split_lines(found[1]))
                lines[names.line_number(section, at) - 1] = line.raw
        return {path: "".join(lines) for path, lines in texts.items()}

    def named(self) -> set[tuple[str, str]]:
        """Return what names in files mean in the configuration: kinds, with names."""
        return {
            (thing.kind, thing.name)
            for used in self.used
            if used.names is not None
            for one in used.names.all_uses()
            for thing in used.names.things(one.section, one.mention.name)
            if not used.names.has(thing.section)
        }

    def referring_into(self, place: FilePlace) -> Iterator[FileUse]:
        """Yield the uses of a part of a file, or of an object in it."""
        for used in self._parts(place):
            wanted, names = place.reference, used.names
            if wanted is None or names is None:
                yield self._outer(used, used.use)
                continue
            section = names.document.find(wanted.kind, wanted.section)
            for one in names.all_uses():
                found = names.things(one.section, one.mention.name)
                if one.section is not section and any(it.section is section for it in found):
                    yield self._inner(used, names, one)
            for one in self._inward(used):
                if any(it.section is section for it in _meant(used, one)):
                    yield self._outer(used, one)

    def named_in(self, place: FilePlace) -> Iterator[FileUse]:
        """Yield the names in a part of a file, or in an object of it."""
        for used in self._parts(place)[:1]:
            wanted, names = place.reference, used.names
            for one in names.all_uses() if names is not None else ():
                key = one.section.kind, one.section.name
                if names and (wanted is None or key == (wanted.kind, wanted.section)):
                    yield self._inner(used, names, one)

    @cached_property
    def _scripts(self) -> list[ScriptNames]:
        """The names that scripts give, by their kind."""
        return [
            ScriptNames(self._registry, self._names, kind, self._read)
            for kind in self._registry.script_languages
        ]

    def _uses_of(self, scripts: ScriptNames, is_one: Callable[[str], bool]) -> Iterator[FileUse]:
        """Yield the uses of some names that scripts give, in files as well."""
        for one in scripts.uses(self._names):
            if is_one(one.mention.name.text):
                yield self._plain(one)
        for used in self.used:
            for one in scripts.uses(used.names) if used.names else ():
                if used.names is not None and is_one(one.mention.name.text):
                    yield self._inner(used, used.names, one)

    def uses_of_script(self, path: Path) -> Iterator[FileUse]:
        """Yield the uses of the names that a script gives."""
        for scripts in self._scripts:
            given = {one.name for one in scripts.lines if Path(one.file) == path}
            if given:
                yield from self._uses_of(scripts, given.__contains__)

    def giving(self, name: str) -> list[ScriptLine]:
        """Return the lines of scripts that give a name."""
        return [one for scripts in self._scripts for one in scripts.lines if one.name == name]

    def _parts(self, place: FilePlace) -> list[Used]:
        """Return the lines that use the part of a file that a place is in."""
        here = place.file, place.part
        return [one for one in self.used if (one.path, one.name.part) == here]

    def meant(self, line: int, property: str) -> Iterator[FilePlace]:
        """Yield what the name in a property of a line of the configuration means in a file."""
        for used in self.used:
            if used.names is not None and self._is_at(used.use, line, property):
                yield used.place()
            for one in self._inward(used):
                if self._is_at(one, line, property):
                    yield from (used.place(thing.section) for thing in _meant(used, one))

    def lost(self, before: Document) -> Iterator[tuple[Thing, FileUse]]:
        """Yield what the document `before` had, and names in files that mean nothing without it."""
        former = DocumentNames(self._registry.names, before) if self.used else None
        for used in self.used if former is not None else ():
            for one in used.names.dangling_uses() if used.names else ():
                assert used.names is not None and former is not None
                for thing in former.things(one.section, one.mention.name)[:1]:
                    yield thing, self._inner(used, used.names, one)

    def _inward(self, used: Used) -> Iterator[Use]:
        """Yield the names, in the section of a line that uses a file, of what is in the file."""
        for one in self._names.uses(used.use.section):
            name = one.mention.name
            if used.name.holds in name.scope_kinds and name.scope == used.name.part:
                yield one

    @cached_property
    def _shown(self) -> Shown:
        return Shown(self._registry, self._document)

    def _is_at(self, use: Use, line: int, property: str) -> bool:
        return use.mention.path == property and self._shown.use(use).line == line

    def _lacking(self, used: Used) -> FileUse:
        """Return the line that uses a part of a file which the file has not."""
        one = self._shown.use(used.use)
        name = f"{used.name.part} in {used.path}".lstrip()
        kinds = (used.name.holds,)
        return FileUse("", one.line, one.section, one.resource, one.property, kinds, name, (), one)

    def _plain(self, use: Use) -> FileUse:
        """Return a line of the configuration with a name that a script gives."""
        one = self._shown.use(use)
        return FileUse(
            "", one.line, one.section, one.resource, one.property, one.kinds, one.name, (), one
        )

    def _outer(self, used: Used, use: Use) -> FileUse:
        """Return a line of the configuration that names a part of a file, or what is in it."""
        one = self._shown.use(use)
        found = [used.place(thing.section) for thing in _meant(used, use)]
        if use is used.use:
            found = [used.place()]
        return FileUse(
            "", one.line, one.section, one.resource, one.property, one.kinds, one.name,
            tuple(found), one,
        )  # fmt: skip

    def _inner(self, used: Used, names: PartNames, use: Use) -> FileUse:
        """Return a line of a file."""
        section, name = use.section, use.mention.name
        text = f"{name.scope}/{name.text}" if name.scope and name.text else name.text or name.scope
        title = f"{section.kind} {section.name}".rstrip()
        return FileUse(
            used.path, names.line_number(section, use.at), title,
            used.place(section, use.at), use.mention.path, name.kinds, text,
            tuple(filter(None, (self._target(used, it) for it in names.things(section, name)))),
            self._shown.use(used.use),
        )  # fmt: skip

    def _target(self, used: Used, thing: Thing) -> Place | None:
        if used.names is not None and used.names.has(thing.section):
            return used.place(thing.section)
        return self._shown.reference(thing)


def _meant(used: Used, use: Use) -> list[Thing]:
    return [] if used.names is None else used.names.meant_from_outside(use.mention.name)


def newly_dangling_in_files(
    registry: Registry, before: Document, after: Document, read: ReadFile
) -> list[FileUse]:
    """Return the names in files, and of what is in files, that only a change leaves dangling."""
    found = [*NamesInFiles(registry, after, read).dangling()]
    if found:
        former = NamesInFiles(registry, before, read).dangling()
        known = {(one.file, one.section, one.property, one.name) for one in former}
        found = [
            one for one in found if (one.file, one.section, one.property, one.name) not in known
        ]
    return found


def lost_in_files(
    registry: Registry, before: Document, after: Document, config_file: Path
) -> Iterator[tuple[str, str]]:
    """Yield what a change takes from lines of files, in words, each with such a line."""
    read = reader_for(config_file, after)
    for thing, use in NamesInFiles(registry, after, read).lost(before):
        yield words_of_thing(thing), f"line {use.line} of {use.file}"


def findings_in_files(
    registry: Registry, document: Document, severity: str, read: ReadFile
) -> Iterator[Finding]:
    """Yield a finding for each name in a file, or of what is in one, that means nothing.

    It stands at the line of the configuration that names the file.
    """
    for one in NamesInFiles(registry, document, read).dangling():
        user = one.user
        what = missing(one.kinds, one.name)
        if one.kinds[0] in registry.script_languages:
            what = f"no script that is loaded gives {one.kinds[0]}.{one.name}"
        place = f"line {one.line} of {one.file}: " if one.file else ""
        said = "notice" if user.perhaps else severity
        yield Finding(user.line, said, place + what, user.section, user.resource)

"""Run the recorded cases on the declarations themselves: no server, no HTTP, a few seconds for all.

    python -m tests.golden.offline [--kind write] [--resource server] [--show 20]

A body becomes flat values, values become lines, lines become values again; all three are compared
with what was recorded. What this leaves out (statuses, envelopes, `from`) the cases over HTTP cover.
"""

import argparse
import collections
import importlib
import json
import os
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import dataplane_plugins.configuration
from dataplane_core.codec.shape import Unused, build, flatten, tidy
from dataplane_core.errors import DataplaneError
from dataplane_core.grammar import Problem, Row, Values
from dataplane_core.resources.collections import (
    Collection,
    RowCollection,
    SectionCollection,
    SingleSection,
)
from dataplane_core.resources.registry import Registry
from dataplane_core.text import Document, Section

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("DATAPLANE_SHARED", ROOT.parent / "shared"))
GOLDEN = SHARED / "golden"
ALLOW = Path(__file__).with_name("allow.txt")
Case = dict[str, Any]
Verdict = tuple[str, bool, str]


def registry() -> Registry:
    """A registry with every family of `dataplane_plugins.configuration` that there is."""
    found = Registry()
    for module in pkgutil.walk_packages(
        dataplane_plugins.configuration.__path__, "dataplane_plugins.configuration."
    ):
        register = getattr(importlib.import_module(module.name), "dataplane_register", None)
        if register is not None:
            register(found)
    return found


def cases(kind: str) -> Iterator[Case]:
    """The recorded cases of a kind, with a folder in place of its placeholder."""
    for line in (GOLDEN / f"{kind}.jsonl").read_text().splitlines():
        yield json.loads(line.replace("@FILES@", "/files").replace("@DIR@", "/scratch"))


def nested(values: dict[str, Any]) -> dict[str, Any]:
    """Dotted paths as a JSON object."""
    result: dict[str, Any] = {}
    for path, item in values.items():
        *outer, last = path.split(".")
        place = result
        for name in outer:
            place = place.setdefault(name, {})
        if isinstance(item, list):
            item = [nested(one) if isinstance(one, dict) else one for one in item]
        place[last] = item
    return result


def clean(value: Any) -> Any:
    """Drop, at every depth, the values that mean "unset"."""
    if isinstance(value, dict):
        pairs = ((key, clean(item)) for key, item in value.items())
        return {
            k: v for k, v in pairs if v is not None and v is not False and v not in ("", [], {})
        }
    return [clean(item) for item in value] if isinstance(value, list) else value


def agrees(got: Any, expected: Any) -> bool:
    """Whether two cleaned values are equal, less a `from` or a 0 that only `got` has."""
    if isinstance(got, dict) and isinstance(expected, dict):
        kept = {k: v for k, v in got.items() if k in expected or not (k == "from" or v == 0)}
        return kept.keys() == expected.keys() and all(agrees(kept[k], expected[k]) for k in kept)
    if isinstance(got, list) and isinstance(expected, list):
        return len(got) == len(expected) and all(map(agrees, got, expected))
    return bool(got == expected)


def words(section: Section | None) -> collections.Counter[str]:
    """A section's lines, blanks normalised and comments left out."""
    lines = section.lines if section else ()
    return collections.Counter(
        text for line in lines if (text := " ".join(re.sub(r"\s#.*$", "", line.raw).split()))
    )


def placed(values: dict[str, Any], rules: Callable[[Values], Iterable[Problem]]) -> dict[str, Any]:
    """The values without those that belong to another choice; other problems are an error."""
    astray = {problem.path for problem in rules(values) if problem.misplaced}
    values = {path: value for path, value in values.items() if path not in astray}
    if problems := list(rules(values)):
        raise ValueError(problems)
    return values


class Checker:
    """Runs cases against a registry."""

    def __init__(self) -> None:
        self.registry = registry()
        self.base = Document.parse(
            (GOLDEN / "files" / "base.cfg").read_text().replace("@FILES@", "/files"),
            self.registry.language,
        )

    def collection(self, case: Case) -> Collection | None:
        return self.registry.collections.get(case["path"].split("/")[-1])

    def values(self, collection: Collection, body: dict[str, Any]) -> dict[str, Any]:
        root = build(collection.props, "v2")
        values = flatten(tidy(body, root, Unused()), root)
        if isinstance(collection, RowCollection):
            if collection.indexed:
                values.pop("index", None)
        else:
            values.pop("name", None)
            values.pop("from", None)
        return values

    def parent(self, document: Document, collection: RowCollection, query: dict[str, str]) -> Section:
        name = query.get("parent_name") or query.get(collection.query.parameter or "", "")
        label = query.get("parent_type", "")
        kinds = collection.parents
        kind = collection.query.kind(label, kinds) if label else kinds[0]
        found = document.find(kind, name) if name else document.of_kind(kind)[-1]
        assert found is not None, f"{kind} {name}"
        return found

    def apply(
        self,
        document: Document,
        collection: Collection,
        case: Case,
        body: dict[str, Any],
        put: str | int | None = None,
    ) -> tuple[Document, Section, dict[str, Any]]:
        """The document with the body applied, the section it went to, and what it reads back as."""
        values = self.values(collection, body)
        if isinstance(collection, RowCollection):
            return self._row(document, collection, case, body, values, put)
        model = collection.model  # type: ignore[attr-defined]
        values = placed(values, model.problems)
        if isinstance(collection, SingleSection):
            section = document.of_kind(collection.kind)[-1 if collection.last else 0]
        elif put is not None:
            section = document.find(collection.kind, str(put))
        else:
            assert isinstance(collection, SectionCollection)
            section = Section.new(collection.kind, body["name"])
            document = document.add(section, self.registry.section_order)
            section = document.find(collection.kind, body["name"])
        after = model.put(section, values).with_parent(body.get("from"))
        document = document.replace(section, after)
        return (
            document,
            after,
            nested(model.read(after)) | {key: body[key] for key in ("name", "from") if key in body},
        )

    def _row(
        self,
        document: Document,
        collection: RowCollection,
        case: Case,
        body: dict[str, Any],
        values: dict[str, Any],
        put: str | int | None,
    ) -> tuple[Document, Section, dict[str, Any]]:
        section = self.parent(document, collection, case.get("query") or {})
        table = collection.table
        values = placed(values, table.problems)
        rows = table.rows(section)
        if put is None:
            after = table.insert(section, values, body.get("index"))
        else:
            old = (
                rows[int(put)]
                if collection.indexed
                else next(r for r in rows if self.name(collection, r) == put)
            )
            after = table.replace(section, old, values)
        document = document.replace(section, after)
        fresh = table.rows(after)
        row = next((r for r in fresh if r.line not in section.lines), fresh[-1] if fresh else None)
        if row is None or (row.line in section.lines and put is None):
            raise ValueError(
                f"the new line is not read back: {[x for x in after.lines if x not in section.lines]}"
            )
        read = nested(row.values)
        if collection.indexed:
            read["index"] = fresh.index(row)
        elif collection.key not in read and collection.unnamed:
            read[str(collection.key)] = collection.unnamed(row.line)
        return document, after, read

    @staticmethod
    def name(collection: RowCollection, row: Row) -> Any:
        made = collection.unnamed(row.line) if collection.unnamed else None
        return row.values.get(str(collection.key), made)

    def write(self, case: Case) -> Iterator[Verdict]:
        collection = self.collection(case)
        if collection is None:
            return
        before = self._section(self.base, case)
        try:
            _, after, got = self.apply(self.base, collection, case, case.get("body", {}))
        except (DataplaneError, ValueError) as error:
            yield "json", False, str(error)
            yield "lines", False, ""
            return
        yield from self.judge(case, got, before, after, case.get("lines"), case.get("removed"))

    def put(self, case: Case) -> Iterator[Verdict]:
        first, second = case.get("first"), case.get("then_put")
        collection = self.collection(case) if case.get("path") else None
        if (
            collection is None
            or first is None
            or second is None
            or case.get("put_status") not in (200, 202)
        ):
            return
        try:
            document, _, read = self.apply(self.base, collection, case, first)
            before = self._section(document, case)
            key = getattr(collection, "key", None)
            put = read.get("index", 0) if key is None else read.get(key)
            _, after, got = self.apply(document, collection, case, second, put)
        except (DataplaneError, ValueError, StopIteration) as error:
            yield "json", False, repr(error)
            return
        yield from self.judge(case, got, before, after, case.get("added"), case.get("removed"))

    def _section(self, document: Document, case: Case) -> Section | None:
        header = (case.get("section") or "").split(" from ")[0].split()
        return document.find(header[0], header[1] if len(header) > 1 else "") if header else None

    def judge(
        self,
        case: Case,
        got: Any,
        before: Section | None,
        after: Section,
        lines: list[str] | None,
        removed: list[str] | None,
    ) -> Iterator[Verdict]:
        if case.get("returned") is not None:
            expected = clean(case["returned"])
            yield "json", agrees(clean(got), expected), f"{clean(got)} instead of {expected}"
        if case.get("section") is None and case.get("lines") is None:
            return
        old, new = words(before), words(after)
        plus = collections.Counter(" ".join(x.split()) for x in lines or [])
        minus = collections.Counter(" ".join(x.split()) for x in removed or [])
        ok = (new - old, old - new) == (plus - minus, minus - plus)
        yield (
            "lines",
            ok,
            f"{sorted(new - old)} gone {sorted(old - new)} instead of {sorted(plus - minus)} and {sorted(minus - plus)}",
        )

    def parse(self, case: Case) -> Iterator[Verdict]:
        if case.get("json") is None or (
            case["haproxy_ok_2_8"] is False and case["haproxy_ok_2_6"] is False
        ):
            return
        collection = next(
            (
                c
                for c in self.registry.collections.values()
                if c.naming.schema in (case["resource"], case["resource"] + "_section")
                or c.name == case["resource"] + "s"
            ),
            None,
        )
        if collection is None:
            return
        name = "" if case["section"] == "global" else " case"
        text = f"{case['section']}{name}\n  {case['line']}\n"
        section = Document.parse(text, self.registry.language).sections[0]
        expected = clean(case["json"])
        if isinstance(collection, RowCollection):
            rows = collection.table.rows(section)
            got = nested(rows[0].values) if rows else {}
            if collection.indexed and rows:
                got["index"] = 0
            elif rows and collection.key not in got and collection.unnamed:
                got[str(collection.key)] = collection.unnamed(rows[0].line)
        else:
            got = nested(collection.model.read(section))  # type: ignore[attr-defined]
            expected = {k: v for k, v in expected.items() if k not in ("name", "from")}
            expected = {
                k: v
                for k, v in expected.items()
                if k not in ("docroot", "command") or k in case["line"]
            }
        yield (
            "json",
            agrees(clean(got), expected),
            f"{case['line']}: {clean(got)} instead of {expected}",
        )


def main() -> int:
    """Run and print; 0 when every case holds or is allowed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", action="append", choices=("write", "put", "parse"))
    parser.add_argument("--resource", action="append")
    parser.add_argument("--show", type=int, default=20)
    arguments = parser.parse_args()
    allowed = {
        tuple(line.split()[:2])
        for line in ALLOW.read_text().splitlines()
        if line.strip() and line[0] != "#"
    }
    checker, shown, bad = Checker(), arguments.show, 0
    counts: dict[tuple[str, str, str], list[int]] = collections.defaultdict(lambda: [0, 0])
    for kind in arguments.kind or ("write", "put", "parse"):
        for case in cases(kind):
            resource = case.get("resource") or ""
            if arguments.resource and resource not in arguments.resource:
                continue
            for check, holds, detail in getattr(checker, kind)(case):
                if (case["id"], check) in allowed:
                    continue
                count = counts[kind, check, resource]
                count[0] += holds
                count[1] += 1
                bad += not holds
                if not holds and shown > 0:
                    shown -= 1
                    print(
                        f"{kind} {check} {case['id']} 2.6={case.get('haproxy_ok_2_6')} 2.8={case.get('haproxy_ok_2_8')}: {detail}"
                    )
    for (kind, check, resource), (good, total) in sorted(counts.items()):
        print(f"{kind:6} {check:6} {resource:28} {good:5} /{total:5}")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())

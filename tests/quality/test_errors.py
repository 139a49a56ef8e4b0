"""The table of failures names each of them, with its status."""

import re
from collections.abc import Iterator

from dataplane_core import errors


def below(kind: type[errors.DataplaneError]) -> Iterator[type[errors.DataplaneError]]:
    for one in kind.__subclasses__():
        yield one
        yield from below(one)


def test_the_table_of_failures_is_whole() -> None:
    rows = re.findall(r"^    (\d{3})  (.+)$", errors.__doc__ or "", re.MULTILINE)
    stated = {name: int(status) for status, names in rows for name in names.split(", ")}
    known = {one for one in below(errors.DataplaneError) if one.__module__ == errors.__name__}
    assert stated == {one.__name__: one.status for one in known}

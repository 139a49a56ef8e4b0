"""Functions whose arguments are names: all that HAProxy has, and no other argument."""

import re

import pytest

from dataplane_core.grammar.expressions import Functions
from dataplane_core.haproxy import binaries, build_keywords
from dataplane_plugins.configuration.rules.functions import FUNCTIONS

KINDS = {
    "backend": "backend",
    "frontend": "frontend",
    "server": "server",
    "table": "backend",
    "user list": "userlist",
}
"""The types that HAProxy prints, and the first kind of the names that they are."""
PROGRAMS = binaries.installed()


@pytest.mark.haproxy
@pytest.mark.parametrize("version", PROGRAMS)
def test_the_arguments_that_are_names_are_declared(version: str) -> None:
    functions = Functions(FUNCTIONS)
    found = build_keywords.keywords(str(PROGRAMS[version]))
    for one in (*found["smp"], *found["cnv"]):
        signature = re.match(r"\(([^)]*)\)", one.usage)
        types = re.sub(r"[][]", "", signature[1]).split(",") if signature else []
        wanted = {at: KINDS[it.strip()] for at, it in enumerate(types) if it.strip() in KINDS}
        declared = functions.of(one.name)
        said = {at: it.kinds[0] for at, it in (declared.arguments if declared else ())}
        if signature and not one.name.startswith("map"):  # files are strings to HAProxy
            assert said == wanted, f"{one.name}{one.usage}"

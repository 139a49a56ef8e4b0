"""The laws that authors of plugins try, over what the server itself declares, on a served file.

Those of single lines are in tests/grammar; versions 2 and 3 have tests of their own on odder files.
"""

from collections.abc import Iterator

import pytest

from dataplane_core.testing import Bench, Law, declared_laws

LAWS = [law for law in declared_laws() if law.name.startswith("documents: ") or law.name.startswith("put back: ") and law.name.endswith(" in v1")]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with Bench(tmp_path_factory.mktemp("declared"), []) as made:
        yield made


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_a_law_holds(law: Law, bench: Bench) -> None:
    law.check(bench)


def test_every_version_is_tried() -> None:
    assert {law.name.rpartition(" ")[2] for law in LAWS} == {"v1", "v2", "v3"}
    assert len(LAWS) > 150

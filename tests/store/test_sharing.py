"""What a plugin is asked before a version takes its place, where other servers share it."""

import pytest

from dataplane_core.errors import Conflict
from tests.store.support import add_server


def test_it_is_asked_once_the_check_is_through_and_nobody_was_faster(bench):
    config, asked = bench.store(), []

    def share(change):
        asked.append((change.version, change.after.text(), len(bench.checker.texts), bench.text))

    config.sharing.version = share
    before = bench.text
    add_server(config, "be1", "s2", version=1)
    [(version, after, checks, file)] = asked
    assert (version, checks, file) == (2, 1, before)
    assert bench.text == f"# _version=2\n{after}"


def test_what_it_raises_leaves_everything_as_it_was(bench):
    config = bench.store()

    def refuse(change):
        raise Conflict("another server was faster")

    config.sharing.version = refuse
    before = bench.text
    with pytest.raises(Conflict, match="faster"):
        add_server(config, "be1", "s2", version=1)
    assert (bench.text, config.version(), bench.reloads.requested) == (before, 1, [])
    config.sharing.version = None
    assert add_server(config, "be1", "s2", version=1).version == 2


def test_a_version_that_others_have_already_keeps_its_number(bench):
    config = bench.store()
    with config.edit(version=1, number=7) as edit:
        edit.document = edit.document.parse(bench.text.replace("be2", "be3"), edit.document.language)
    assert (edit.outcome.version, config.version()) == (7, 7)
    assert bench.text.startswith("# _version=7\n")
    with config.edit(version=7, number=3) as edit:
        edit.document = edit.document.parse(bench.text.replace("be3", "be4"), edit.document.language)
    assert config.version() == 8, "no number is used twice"

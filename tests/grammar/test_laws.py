"""The laws over every declaration that is registered: later families are covered unasked."""

import pytest

from dataplane_core.grammar import statement, word
from dataplane_core.grammar.declare import Custom
from dataplane_core.grammar.laws import breaches, lint, name_of
from dataplane_core.resources.collections import RowCollection
from tests.golden.offline import registry

COLLECTIONS = list(registry().collections.values())
STATEMENTS = [
    pytest.param(one, id=f"{collection.name}: {name_of(one)}")
    for collection in COLLECTIONS
    for one in (
        [collection.table.statement]
        if isinstance(collection, RowCollection)
        else collection.model.statements
    )
]


@pytest.mark.parametrize("one", STATEMENTS)
def test_examples_obey_the_laws(one):
    assert list(breaches(one)) == []


@pytest.mark.parametrize("collection", COLLECTIONS, ids=lambda collection: collection.name)
def test_properties_are_declared_once_and_explained(collection):
    assert list(lint(collection.name, collection.props)) == []


def test_custom_terms_are_few_and_say_why():
    assert all(custom.why for custom in Custom.made)
    print(f"{len(Custom.made)} custom terms", *(custom.why for custom in Custom.made), sep="\n  ")
    assert len({custom.why for custom in Custom.made}) <= 12


def test_statements_of_families_own_are_few_and_say_why():
    kinds = {type(one.values[0]) for one in STATEMENTS}
    own = sorted(
        (kind for kind in kinds if kind.__module__.startswith("dataplane_plugins.")),
        key=lambda kind: kind.__name__,
    )
    reasons = [f"{kind.__name__}: {(kind.__doc__ or '').splitlines()[0]}" for kind in own]
    print(f"{len(own)} kinds of statements of families' own", *reasons, sep="\n  ")
    assert all(kind.__doc__ for kind in own)
    assert len(own) <= 10


def test_a_breach_is_found():
    assert list(breaches(statement("x", word("a"), examples=["x a b"])))
    assert list(breaches(statement("x", word("a"), examples=["x a"], rejects=["x b"])))
    assert list(breaches(statement("x", word("a"))))

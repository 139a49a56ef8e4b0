"""The laws over every declaration that is registered: later families are covered unasked."""

import importlib
import pkgutil

import pytest

import dataplane_plugins
from dataplane_core.grammar import statement, word
from dataplane_core.grammar.declaration import Declaration
from dataplane_core.grammar.laws import breaches
from dataplane_core.resources.collections import RowCollection
from dataplane_core.testing import Bench, declared_laws
from tests.golden.offline import registry

COLLECTIONS = list(registry().collections.values())
LAWS = [law for law in declared_laws() if law.name.startswith(("examples: ", "properties: "))]
"""Those of the others have tests of their own, on other files: `tests/laws`, `tests/versions`."""


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_declarations_keep_the_laws(law, tmp_path):
    with Bench(tmp_path, []) as bench:
        law.check(bench)


WHAT_THE_GRAMMAR_CANNOT_SAY = {
    "AgentModel": "a property, `engine-name`, for which HAProxy has no keyword",
    "ExpectedMatch": "`!` in front of a keyword, apart from it or touching it",
    "PersistRules": "lines under two names: a list of all, an object for the last",
    "HeaderMatch": "a name and a pattern of which each may stand alone",
    "HTTPErrorsModel": "an entry without a property is a bad request, not a broken rule",
    "LogTargetStatement": "a default that is written only where another word follows it",
    "BackendConnectionMode": "options that exclude one another, and can be undone one by one",
    "ValueSynonyms": "words that are taken, and shown as other words",
    "RuleStatement": "actions and properties that the interface knows under two names",
    "ServerStatement": "commands for properties of a table that other lines share",
    "NegatableFlag": "a `no` line that a boolean replaces and never writes",
    "CongestionControl": "numbers in one word, either of which may be missing",
    "DoubledProperty": "one value under two names",
    "SwitchedLimit": "a switch that says no more than the number beside it",
    "FormWithoutProperties": "a line that counts and has no value",
}
"""The families' own kinds of declarations, each with what no declaration of the core can say."""


def test_every_kind_of_declaration_outside_of_the_core_has_its_reason():
    def below(kind):
        for one in kind.__subclasses__():
            yield one
            yield from below(one)

    for module in pkgutil.walk_packages(dataplane_plugins.__path__, "dataplane_plugins."):
        importlib.import_module(module.name)
    own = [one for one in below(Declaration) if one.__module__.startswith("dataplane_plugins.")]
    assert sorted(one.__name__ for one in own) == sorted(WHAT_THE_GRAMMAR_CANNOT_SAY)


MODELS = [one.model for one in COLLECTIONS if not isinstance(one, RowCollection)]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_a_statement_has_nothing_to_say_about_properties_of_others(model):
    for one in model.statements:
        others = {prop.name: "x" for prop in model.props if prop.name not in one.names}
        assert one.own(others) == {}
        assert one.collect(one.arrange({}, [])) == {}
        assert list(one.problems(others)) == []


def test_a_breach_is_found():
    assert list(breaches(statement("x", word("a"), examples=["x a b"])))
    assert list(breaches(statement("x", word("a"), examples=["x a"], rejects=["x b"])))
    assert list(breaches(statement("x", word("a"))))

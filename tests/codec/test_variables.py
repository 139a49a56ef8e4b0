"""Variables of one word mean the same as an object, whatever quotes and backslashes they have."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dataplane_core.codec.codec import Codec
from dataplane_core.codec.schema import SchemaFactory
from dataplane_core.codec.variables import VALUE, variables_of, word_of
from dataplane_core.errors import BadRequest, Code, Invalid
from dataplane_core.grammar import Prop
from dataplane_core.text.tokens import has_variable, in_weak_quotes, is_one_word, unquote

PROPS = (Prop("vars", types={"v9": "variables"}),)
OLD, NEW = (Codec("thing", PROPS, version, SchemaFactory()) for version in ("v2", "v9"))
SIGNS = st.text("ab=,\"'\\$ #n", max_size=8)


@given(st.dictionaries(st.from_regex("[A-Za-z0-9_]{1,3}", fullmatch=True), SIGNS, min_size=1, max_size=3))
def test_what_is_written_is_one_word_that_says_the_same(values):
    if all(re.search(VALUE, value) for value in values.values()):
        loaded = NEW.load({"vars": values})
        loaded.check()
        word = loaded.values["vars"]
        assert is_one_word(word)
        assert NEW.project(loaded.values) == {"vars": values}
    else:
        with pytest.raises(Invalid) as refusal:
            NEW.load({"vars": values}).check()
        assert refusal.value.code == Code.PATTERN


@given(SIGNS)
def test_weak_quotes_mean_what_a_word_means(word):
    assume(is_one_word(word))
    weak = f'"{in_weak_quotes(word)}"'
    assert (unquote(weak), has_variable(weak)) == (unquote(word), has_variable(word))


@given(SIGNS)
def test_what_a_put_sends_back_stays_as_it_is_written(word):
    assume(is_one_word(word))
    shown = NEW.project({"vars": word})
    loaded = NEW.load(shown, shown)
    loaded.check()
    assert NEW.keeping.keep({"vars": word}, loaded.values) == {"vars": word}


@pytest.mark.parametrize(
    ("word", "values"),
    [
        ('"a=b,c=d"', {"a": "b", "c": "d"}),
        ("a=b", {"a": "b"}),
        (r'"ApiKey=FEFF\,==\",foo=bar"', {"ApiKey": 'FEFF,=="', "foo": "bar"}),
        ('"token=$TOKEN"', {"token": "$TOKEN"}),
        ("token='$5'", {"token": r"\$5"}),
        ("alone,", {"alone": ""}),
    ],
)
def test_words_of_a_file_are_shown_as_variables(word, values):
    assert variables_of(word) == values
    assert variables_of(word_of(values)) == values


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"a": "x\ny"}, "vars.a in body must not hold control characters"),
        ({"a": "x\ud800"}, "vars.a in body must not hold halves of characters"),
        ({"a": "x\\"}, "vars.a in body should match"),
        ({"a,b": "x"}, "vars.a,b in body has a name that should match"),
        ({'a"': "x"}, 'vars.a" in body has a name that should match'),
        ({"": "x"}, "vars. in body has a name that"),
    ],
)
def test_what_would_not_stay_one_variable_is_refused(values, said):
    with pytest.raises(Invalid) as refusal:
        NEW.load({"vars": values}).check()
    assert str(refusal.value).startswith(said)


@pytest.mark.parametrize("value", ["a=b", ["a"], 1, {"a": 1}, {"a": None}])
def test_values_of_other_types_are_refused(value):
    with pytest.raises(BadRequest):
        NEW.load({"vars": value})

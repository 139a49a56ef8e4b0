import json
import re

from hypothesis import assume, example, given
from hypothesis import strategies as st

from dataplane_core.settings.hcl_file import read_hcl
from dataplane_core.settings.kinds import DURATION, MODE, SIZE, one_of, several
from dataplane_core.settings.nodes import SyntaxProblem
from dataplane_core.settings.yaml_file import read_yaml

TEXT = st.text(
    st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"], blacklist_characters="\ufeff")
)


def quoted(text):
    """A string of HCL; as JSON has it, but for what begins a template."""
    return json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


@given(TEXT)
@example("${a}")
@example("$${a}")
@example("%{a}")
@example('\\"')
@example("a # b // c /* d")
@example("%{ if x }")
def test_any_text_means_the_same_in_yaml_and_hcl(text):
    # The HCL library takes an escaped template only with its closing brace.
    assume(not re.search(r"[$%]\{[^}]*\Z", text))
    (yaml,) = read_yaml(json.dumps({"name": text}, ensure_ascii=False)).entries
    assert yaml.value.text == text
    (hcl,) = read_hcl(f"name = {quoted(text)}\n").entries
    assert hcl.value.text == text


@given(st.text(max_size=60))
def test_no_file_makes_the_readers_fail_otherwise_than_with_a_line(text):
    for read in (read_yaml, read_hcl):
        try:
            read(text)
        except SyntaxProblem as problem:
            assert problem.line >= 1


@given(st.integers(0, 10**9))
def test_what_is_shown_of_a_value_is_read_as_that_value(number):
    assert SIZE.parse(SIZE.show(number)) == number
    assert DURATION.parse(DURATION.show(number / 1000)) == number / 1000
    assert MODE.parse(MODE.show(number % 512).zfill(3)) == number % 512


@given(st.lists(st.sampled_from(["http", "https", "unix"])))
def test_lists(words):
    kind = several(one_of("http", "https", "unix"))
    assert kind.parse(kind.show(tuple(words))) == tuple(words)

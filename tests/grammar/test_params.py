"""What a keyword table keeps of words that it cannot say, and keywords that say more than one thing."""

import pytest

from dataplane_core.grammar import (
    Model,
    NoMatch,
    ParameterTable,
    Prop,
    Reading,
    arg,
    args,
    flag,
    group,
    integer,
    joined,
    merged,
    one_of,
    params,  # fmt: skip
    seq,
    switch,
    synonym,
    word,
)
from dataplane_core.grammar.declaration import nearest_parts
from dataplane_core.grammar.dispatch import Template
from dataplane_core.grammar.parameter_keywords import ParameterKeyword
from dataplane_core.grammar.parameter_table import unknown_words
from dataplane_core.grammar.props import normal
from dataplane_core.text import Line, Section
from dataplane_core.wiring import make_manager, register_collections

TABLE = params(
    switch("force-tls", "force_tls", off="no-tls"),
    synonym("no-tls", "no_tls", "enabled", unless="force_tls"),
    flag("ssl", "ssl"),
    arg("crt", word("crt"), several=True),
    arg("weight", integer("weight", 0, 256)),
    arg("tlv(", group("tlv", seq(Template("tlv({id})"), word("value"))), several=True),
    arg("verify", one_of("verify", "none", "required")),
    args("alias", "aliases", word("aliases")),
    joined("store", word("store")),
    tolerant=True,
)


def rewritten(text, change):
    reading = Reading()
    tokens = text.split()
    assert TABLE.read(tokens, 0, reading) == len(tokens)
    return reading.values, " ".join(TABLE.write({**reading.values, **change}, reading.layout))


def test_an_argument_that_cannot_be_read_hides_its_own_property_alone():
    values, text = rewritten("ssl verify maybe weight 3", {"weight": 4})
    assert values == {"ssl": True, "weight": 3}
    assert text == "ssl verify maybe weight 4"


def test_a_value_takes_the_place_of_what_could_not_be_read():
    assert (
        rewritten("ssl verify maybe weight 3", {"verify": "none"})[1] == "ssl verify none weight 3"
    )


def test_a_table_is_not_tolerant_of_a_missing_argument():
    with pytest.raises(NoMatch):
        rewritten("ssl weight", {})


def test_of_several_the_first_is_the_property_and_the_others_stay():
    values, text = rewritten("ssl crt a crt b", {"crt": "c"})
    assert values["crt"] == "a"
    assert text == "ssl crt c crt b"


def test_a_repeated_keyword_keeps_its_places_while_its_list_stays():
    text = "alias a ssl alias b weight 3"
    values, after = rewritten(text, {"weight": 4})
    assert values["aliases"] == ["a", "b"]
    assert after == "alias a ssl alias b weight 4"
    assert rewritten(text, {"aliases": ["a", "c"]})[1] == "alias a alias c ssl weight 3"


def test_a_keyword_whose_lists_add_up():
    values, after = rewritten("store a ssl store b,c", {"ssl": True})
    assert values["store"] == "a,b,c"
    assert after == "store a ssl store b,c"
    assert rewritten("store a ssl store b,c", {"store": "d"})[1] == "store d ssl"


def test_a_keyword_that_stands_twice_stays_while_its_value_does():
    assert rewritten("weight 3 weight 4 ssl", {"crt": "a"})[1] == "weight 3 weight 4 ssl crt a"
    assert rewritten("weight 3 weight 4 ssl", {"weight": 5})[1] == "weight 5 ssl"


def test_of_several_the_first_goes_alone():
    reading = Reading()
    TABLE.read(["ssl", "crt", "a", "crt", "b"], 0, reading)
    assert TABLE.write({"ssl": True}, reading.layout) == ["ssl", "crt", "b"]
    assert unknown_words(reading) == ["crt", "b"]


def test_a_keyword_with_a_property_in_its_name():
    values, text = rewritten("ssl tlv(0x20) %[src]", {"tlv.value": "%[dst]"})
    assert values == {"ssl": True, "tlv.id": "0x20", "tlv.value": "%[src]"}
    assert text == "ssl tlv(0x20) %[dst]"


def test_a_synonym_writes_what_the_other_reads():
    assert TABLE.write({"no_tls": "enabled"}, {}) == ["no-tls"]
    assert TABLE.write({"no_tls": "enabled", "force_tls": "disabled"}, {}) == ["no-tls"]
    assert TABLE.write({"no_tls": "disabled"}, {}) == []
    assert TABLE.write({"no_tls": "enabled", "force_tls": "enabled"}, {}) == ["force-tls"]
    assert rewritten("no-tls", {})[0] == {"force_tls": "disabled"}


MODEL = Model("peers", merged("default-server", "base", TABLE, help="What servers start from."))
TEXT = ("default-server ssl weight 3  # one", "default-server weight 4 crt a")


def section(*lines):
    return Section(Line("peers p\n"), (), tuple(Line(f"    {line}\n") for line in lines))


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        ({}, TEXT),
        ({"base.crt": "b"}, (TEXT[0], "default-server weight 4 crt b")),
        ({"base.ssl": None}, ("default-server weight 3  # one", TEXT[1])),
        ({"base.verify": "none"}, (TEXT[0], "default-server weight 4 crt a verify none")),
        ({"base.weight": None, "base.crt": None}, ("default-server ssl  # one",)),
        ({"base.weight": None, "base.ssl": None, "base.crt": None}, ()),
    ],
)
def test_lines_that_add_up_stay_lines(change, lines):
    before = section(*TEXT)
    values = MODEL.read(before)
    assert values == {"base.ssl": True, "base.weight": 4, "base.crt": "a"}
    values = {name: value for name, value in {**values, **change}.items() if value is not None}
    after = MODEL.put(before, values)
    assert [line.raw.strip() for line in after.lines] == list(lines)
    assert MODEL.read(after) == values


def test_lines_that_say_nothing_are_an_empty_object():
    bare = section("default-server")
    assert MODEL.read(bare) == {"base": {}}
    assert MODEL.put(bare, {"base": {}}) is bare
    assert not MODEL.put(bare, {}).lines
    assert MODEL.put(section(), {"base": {}}).text == bare.text.replace("    ", "  ")
    assert MODEL.read(MODEL.put(bare, {"base.ssl": True})) == {"base.ssl": True}
    assert MODEL.read(MODEL.put(section(*TEXT), {"base": {}})) == {"base": {}}


def test_the_first_of_lines_that_add_up():
    after = MODEL.put(section(), {"base.ssl": True})
    assert [line.raw.strip() for line in after.lines] == ["default-server ssl"]


@pytest.mark.parametrize(
    ("facts", "value", "kept"),
    [
        ({}, False, False),
        ({"nullable": True}, False, True),
        ({"required": True}, False, True),
        ({}, 0, False),
        ({"nullable": True}, 0, True),
        ({"nullable": True}, None, False),
        ({}, "", False),
        ({}, True, True),
    ],
)
def test_what_counts_as_unset(facts, value, kept):
    prop = Prop("name", "boolean" if isinstance(value, bool) else "integer", **facts)
    assert (normal({"name": prop}, {"name": value}) == {"name": value}) is kept


class Unasked(ParameterKeyword):
    """A keyword that nobody may ask: none of its properties is given."""

    def choose(self, values):
        raise AssertionError(f"asked about {sorted(values)}")


def test_only_keywords_whose_properties_are_given_are_asked():
    table = params(flag("ssl", "ssl"), Unasked({"crt": word("crt")}), arg("alpn", word("alpn")))
    values = {"alpn": "h2", "ssl": True}
    assert list(table.problems(values)) == []
    assert table.write(values, {}) == ["ssl", "alpn", "h2"]


def test_a_keyword_without_its_properties_is_not_there_and_not_wrong():
    tables = [
        table
        for rows in register_collections(make_manager()).all_rows()
        for table in nearest_parts(rows.table.statement, ParameterTable, ())
    ]
    assert len(tables) > 10
    for entry in (entry for table in tables for entry in table.keywords if not entry.required):
        assert not entry.given({})
        assert not list(entry.problems({}))

"""Values of properties that say what other properties say: `Prop.same_as`."""

import pytest

from dataplane_core.codec.codec import Codec
from dataplane_core.codec.schema import SchemaFactory
from dataplane_core.grammar import Model, Reading, merged
from dataplane_plugins.configuration.servers.bind_params import BIND_PARAMS
from dataplane_plugins.configuration.servers.params import server_params

SERVER = Codec("server", server_params().props, "v3", SchemaFactory())
BIND = Codec("bind", BIND_PARAMS.props, "v3", SchemaFactory())
OLDER = Codec("server", server_params().props, "v2", SchemaFactory())


@pytest.mark.parametrize(
    ("codec", "words", "shown"),
    [
        (SERVER, "force-tlsv12", {"force_tlsv12": "enabled", "tlsv12": "enabled"}),
        (SERVER, "no-tlsv12", {"force_tlsv12": "disabled", "tlsv12": "disabled"}),
        (SERVER, "force-sslv3", {"force_sslv3": "enabled", "sslv3": "enabled"}),
        (
            SERVER,
            "no-sslv3",
            {"force_sslv3": "disabled", "no_sslv3": "enabled", "sslv3": "disabled"},
        ),
        (OLDER, "no-sslv3", {"no_sslv3": "enabled"}),
        (BIND, "no-tlsv13", {"no_tlsv13": True, "tlsv13": "disabled"}),
        (BIND, "strict-sni", {"strict_sni": True, "force_strict_sni": "enabled"}),
        (BIND, "no-tls-tickets", {"no_tls_tickets": True, "tls_tickets": "disabled"}),
        (BIND, "tls-tickets", {"tls_tickets": "enabled"}),
    ],
)
def test_one_keyword_is_shown_by_all_its_names_and_sent_back_changes_nothing(codec, words, shown):
    table = BIND_PARAMS if codec is BIND else server_params()
    read = reading(table, words)
    assert codec.project(read) == shown
    values = codec.load(shown, shown).values
    assert values == read
    assert table.write(values, {}) == [words]


@pytest.mark.parametrize(
    ("codec", "shown", "sent", "values"),
    [
        (SERVER, {}, {"tlsv11": "enabled"}, {"force_tlsv11": "enabled"}),
        (BIND, {}, {"tlsv11": "disabled"}, {"no_tlsv11": True}),
        (SERVER, {}, {"force_sslv3": "disabled"}, {"no_sslv3": "enabled"}),
        (OLDER, {}, {"force_sslv3": "disabled"}, {"no_sslv3": "enabled"}),
        # Only the alias was changed, and the rest came back as it was shown.
        (
            BIND,
            {"force_tlsv11": True, "tlsv11": "enabled"},
            {"force_tlsv11": True, "tlsv11": "disabled"},
            {"no_tlsv11": True},
        ),
        # The other property was changed, and the alias came back as it was shown.
        (
            SERVER,
            {"force_tlsv11": "enabled", "tlsv11": "enabled"},
            {"force_tlsv11": "disabled", "tlsv11": "enabled"},
            {"force_tlsv11": "disabled"},
        ),
        # Both are new: the property that a keyword has counts.
        (
            SERVER,
            {},
            {"force_tlsv11": "enabled", "tlsv11": "disabled"},
            {"force_tlsv11": "enabled"},
        ),
    ],
)
def test_what_a_client_changed_counts(codec, shown, sent, values):
    assert codec.load(sent, shown).values == values


def test_an_alias_in_a_nested_object():
    model = Model("peers", merged("default-server", "base", server_params(), help="Common words."))
    codec = Codec("peers", model.props, "v3", SchemaFactory())
    assert codec.load({"base": {"tlsv12": "disabled"}}).values == {"base.force_tlsv12": "disabled"}
    shown = {"base": {"force_tlsv12": "disabled", "tlsv12": "disabled"}}
    assert codec.project({"base.force_tlsv12": "disabled"}) == shown


def reading(table, words):
    found = Reading()
    table.read(words.split(), 0, found)
    return found.values

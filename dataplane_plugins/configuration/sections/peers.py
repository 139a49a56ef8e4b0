"""`peers` sections, their peers and their stick tables (manual, sections 11.1 and 11.2)."""

from collections.abc import Iterator

from dataplane_core.plugin import (
    STICK_TABLES,
    Declared,
    Model,
    NameKind,
    Orphans,
    Problem,
    Registry,
    Values,
    arg,
    checked,
    flag,
    impl,
    integer,
    joined,
    keyword,
    misplaced,
    one_of,
    params,
    seq,
    statement,
    word,
)
from dataplane_plugins.configuration.common.addresses import peer_address
from dataplane_plugins.configuration.common.keywords import valued
from dataplane_plugins.configuration.common.values import OBJECT_NAME
from dataplane_plugins.configuration.servers.binds import default_bind_statement
from dataplane_plugins.configuration.servers.params import default_server_statement

PEERS = Model(
    "peer_section",
    keyword("enabled", "enabled", help="Exchange tables with the peers."),
    keyword("disabled", "disabled", help="Exchange nothing."),
    default_bind_statement(),
    default_server_statement(),
    valued("shards", integer("shards", help="Parts that tables are divided into."), "3"),
    annotated=("default_bind",),
)

PEER = statement(
    "peer",
    seq(
        word("name", OBJECT_NAME, required=True, help="Name of the peer."),
        peer_address("Address of the peer.", lax=True),
        params(
            arg("shard", integer("shard", help="Part of the tables that the peer is told.")),
            tolerant=True,
        ),
    ),
    examples=["peer lb1 10.0.0.1:1024", "peer lb2 [::1]:1024 shard 2"],
    rejects=["peer", "peer lb1 10.0.0.1", "peer lb1 :1024"],
)


def _check_key_length(values: Values) -> Iterator[Problem]:
    """Keys of a stick table have a length if they are strings or bytes (section 11.1)."""
    if "type_len" in values and values.get("type") not in ("string", "binary"):
        yield misplaced("type_len", "type_len belongs to type string or binary")


TABLE = statement(
    "table",
    seq(
        word(
            "name",
            pattern=None,
            declares=Declared(NameKind.TABLE, idle=True),
            help="Name of the table.",
        ),
        checked(
            params(
                arg(
                    "type",
                    one_of(
                        "type",
                        "ip",
                        "ipv6",
                        "integer",
                        "string",
                        "binary",
                        help="Type of the keys.",
                    ),
                ),
                arg("len", integer("type_len", nullable=True, help="Longest key, in bytes.")),
                arg(
                    "size",
                    word(
                        "size",
                        r"^\d+(k|K|m|M|g|G)?$",
                        help="Most entries; k, m and g count in 1024s.",
                    ),
                ),
                arg(
                    "expire",
                    word(
                        "expire",
                        r"^\d+(ms|s|m|h|d)?$",
                        nullable=True,
                        help="Life of an unused entry, with its unit.",
                    ),
                ),
                flag("nopurge", "no_purge", help="Refuse new entries when full, purge none."),
                flag("recv-only", "recv_only", help="Take entries of peers and send none."),
                arg(
                    "srvkey",
                    one_of(
                        "srvkey", "addr", "name", help="What servers are known by in the table."
                    ),
                ),
                arg(
                    "write-to",
                    word(
                        "write_to",
                        pattern=None,
                        nullable=True,
                        refers_to=STICK_TABLES,
                        help="Table that gets copies.",
                    ),
                ),
                joined(
                    "store",
                    word("store", pattern=None, help="What is counted, separated by commas."),
                ),
                tolerant=True,
            ),
            _check_key_length,
        ),
    ),
    examples=[
        "table t1 type ip size 1m expire 5m store gpc0,conn_rate(30s)",
        "table t2 type string len 32 size 200k nopurge store gpc0 store gpc1",
    ],
    rejects=["table", "table t1 type"],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the `peers` sections, their peers and tables.

    Their servers and binds belong to the collections `servers` and `binds`.
    """
    registry.sections(
        "peer_section",
        kind="peers",
        idle=True,
        model=PEERS,
        above_rows="peers",
        schema="peer_section",
        title="Peer",
        operations=("list", "create", "read", "delete"),
        operation_ids={"list": "getPeerSections", "read": "getPeerSection"},
        help="HAProxy processes that tell each other what is in their stick tables.",
    )
    registry.rows(
        "peer_entries",
        PEER,
        parents=("peers",),
        parameter="peer_section",
        typed=False,
        always_in_query=True,
        rank=60,
        orphans=Orphans(list=400),
        schema="peer_entry",
        schemas="peer_entries",
        title="PeerEntry",
        titles="PeerEntries",
        help="The processes that take part.",
    )
    registry.rows(
        "tables",
        TABLE,
        parents=("peers",),
        parameter="peer_section",
        typed=False,
        rank=80,
        orphans=Orphans(list=400),
        help="Stick tables that are shared with peers.",
    )

"""`stick-table`: what a proxy remembers of its clients (manual, section 4.2)."""

from collections.abc import Iterator

from dataplane_core.plugin import (
    STICK_TABLES,
    Declared,
    NameKind,
    NameOf,
    Problem,
    Values,
    arg,
    checked,
    duration,
    flag,
    group,
    integer,
    joined,
    misplaced,
    one_of,
    params,
    size,
    word,
)
from dataplane_plugins.configuration.common.keywords import valued
from dataplane_plugins.configuration.proxies.section_kinds import NAMED, taken_by


def _check_key_length(values: Values) -> Iterator[Problem]:
    """Keys of a stick table have a length if they are strings or bytes (section 11.1)."""
    if "keylen" in values and values.get("type") not in ("string", "binary"):
        yield misplaced("keylen", f"keylen does not belong to type {values.get('type')}")


_SIZE = size("size", nullable=True, help="Most entries.", facts={"v3": {"minimum": 0}})

STICK_TABLE = taken_by(
    NAMED,
    valued(
        "stick-table",
        group(
            "stick_table",
            checked(
                params(
                    arg(
                        "type",
                        one_of(
                            "type",
                            *("ip", "ipv6", "integer", "string", "binary"),
                            declares=Declared(NameKind.TABLE, by="section"),
                            help="Type of the keys.",
                        ),
                        required=True,
                    ),
                    arg("len", integer("keylen", nullable=True, help="Longest key, in bytes.")),
                    arg("size", _SIZE, required=True),
                    arg(
                        "expire",
                        duration("expire", nullable=True, help="Life of an unused entry, in ms."),
                    ),
                    flag("nopurge", "nopurge", help="Refuse new entries when full, purge none."),
                    flag("recv-only", "recv_only", help="Let peers alone change the entries."),
                    arg(
                        "brates-factor",
                        integer("brates_factor", 1, help="Unit that rates of bytes count in."),
                    ),
                    arg(
                        "peers",
                        word(
                            "peers", refers_to=NameOf("peers"), help="Peers that share the table."
                        ),
                    ),
                    arg(
                        "srvkey",
                        one_of(
                            "srvkey",
                            *("addr", "name"),
                            nullable=True,
                            help="What servers are known by in the table.",
                        ),
                    ),
                    arg(
                        "write-to",
                        word(
                            "write_to",
                            nullable=True,
                            refers_to=STICK_TABLES,
                            help="Table of peers that gets copies.",
                        ),
                    ),
                    joined("store", word("store", help="What is counted, separated by commas.")),
                ),
                _check_key_length,
            ),
        ),
        *(
            "type ip size 1m expire 5m store gpc0,conn_rate(30s)",
            "type string len 32 size 200k nopurge peers pr1 srvkey addr write-to t2",
        ),
        rejects=["type", "type ip size 2m srvkey"],
    ),
)

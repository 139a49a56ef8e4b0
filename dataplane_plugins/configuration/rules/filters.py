"""`filter` lines: what processes the data of a proxy, in order (manual, section 9)."""

from dataplane_core.plugin import (
    EXPRESSION,
    FILES,
    STICK_TABLES,
    Declared,
    FileWith,
    NameKind,
    NameOf,
    Registry,
    Term,
    arg,
    case,
    dispatch,
    duration,
    first_of,
    flag,
    impl,
    integer,
    params,
    seq,
    size,
    statement,
    word,
)

RANK = 25


def bandwidth_limit() -> Term:
    """Return the name and the limit of a bandwidth filter (manual, section 9.7).

    The limit is one for each stream, or one that all streams with the same key share.
    """
    smallest = size("min_size", help="Bytes that are forwarded at once, at the least.")
    per_stream = params(
        arg(
            "default-limit",
            size("default_limit", help="Bytes that a stream may forward in a period."),
            required=True,
        ),
        arg(
            "default-period",
            duration("default_period", help="The period, in milliseconds."),
            required=True,
        ),
        arg("min-size", smallest),
        strict=True,
    )
    shared = params(
        arg(
            "limit",
            size("limit", help="Bytes per second that streams with the same key may forward."),
            required=True,
        ),
        arg(
            "key",
            word("key", None, refers_to=EXPRESSION, help="Sample that is the key."),
            required=True,
        ),
        arg(
            "table",
            word(
                "table",
                None,
                refers_to=STICK_TABLES,
                help="Proxy whose stick table holds the rates.",
            ),
        ),
        arg("min-size", smallest),
        strict=True,
    )
    name = word(
        "bandwidth_limit_name",
        declares=Declared(NameKind.FILTER, idle=True),
        help="Name that rules refer to.",
    )
    return seq(name, first_of(shared, per_stream))


FILTER = statement(
    "filter",
    dispatch(
        "type",
        case("bwlim-in", bandwidth_limit()),
        case("bwlim-out", bandwidth_limit()),
        case(
            "cache",
            word(
                "cache_name",
                refers_to=NameOf("cache"),
                help="Cache that answers are taken from and put into.",
            ),
        ),
        case("compression"),
        case("comp-req"),
        case("comp-res"),
        case(
            "fcgi-app",
            word(
                "app_name",
                refers_to=NameOf("fcgi-app"),
                help="FastCGI application that requests are for.",
            ),
        ),
        case(
            "opentracing",
            params(
                arg("id", word("opentracing_id", help="Part of the tracer's file that is used.")),
                arg(
                    "config",
                    word("opentracing_config", refers_to=FILES, help="File of the tracer."),
                    required=True,
                ),
            ),
        ),
        case(
            "spoe",
            params(
                arg(
                    "engine",
                    word(
                        "spoe_engine",
                        declares=Declared(NameKind.ENGINE),
                        help="Scope of the file that is used.",
                    ),
                ),
                arg(
                    "config",
                    word(
                        "spoe_config",
                        refers_to=FileWith(NameKind.ENGINE, "spoe_engine"),
                        help="File of the engine.",
                    ),
                    required=True,
                ),
            ),
        ),
        case(
            "trace",
            params(
                arg("name", word("trace_name", help="Name in the trace.")),
                flag("quiet", "trace_quiet", help="Show what passes, but not its content."),
                flag("random-parsing", "trace_rnd_parsing", help="Parse data in random portions."),
                flag(
                    "random-forwarding",
                    "trace_rnd_forwarding",
                    help="Forward data in random portions.",
                ),
                arg(
                    "max-fwd",
                    integer("trace_max_fwd", nullable=True, help="Largest portion, in bytes."),
                ),
                flag("hexdump", "trace_hexdump", help="Show data as hexadecimal numbers too."),
            ),
        ),
        help="What the filter does.",
    ),
    examples=[
        "filter bwlim-in name default-limit 1024 default-period 10 min-size 32",
        "filter bwlim-out name limit 625k key src table st_src_global min-size 32",
        "filter cache ca1",
        "filter compression",
        "filter comp-req",
        "filter fcgi-app php",
        "filter opentracing id tracer config ot.cfg",
        "filter spoe engine name config spoe.cfg",
        "filter trace name T1 quiet random-parsing random-forwarding max-fwd 128 hexdump",
    ],
    rejects=[
        "filter",
        "filter bwlim-in name",
        "filter bwlim-in name default-limit 1024",
        "filter bwlim-in name limit 1024 default-period 100",
        "filter bwlim-in name default-limit 1024 default-period 1 key src",
        "filter fcgi-app",
        "filter fcgi-app first second",
        "filter spoe engine name",
        "filter trace name",
    ],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the filters of frontends, backends and `listen` sections."""
    registry.rows(
        "filters",
        FILTER,
        key=None,
        parents=("frontend", "backend"),
        rank=RANK,
        help="What looks at or changes the data that passes.",
    )

"""`fcgi-app` sections: how FastCGI applications are spoken to (manual, section 10.1.1)."""

from dataplane_core.plugin import (
    FORMAT,
    Model,
    Registry,
    Template,
    arg,
    const,
    first_of,
    group,
    impl,
    integer,
    lit,
    one_of,
    opt,
    option,
    params,
    rule,
    seq,
    statements,
    word,
)
from dataplane_plugins.configuration.common.keywords import one_word, valued
from dataplane_plugins.configuration.common.names import LOG_TARGET
from dataplane_plugins.configuration.common.syslog import FORMATS, LENGTH

_SAMPLE = Template(
    "{ranges}:{size:int}",
    {
        "ranges": {"required": True, "help": "Which messages of a period are sent: 1,3-5."},
        "size": {"required": True, "help": "Messages in a period."},
    },
)
_TARGET = seq(
    word(
        "address",
        None,
        refers_to=LOG_TARGET,
        help="Where messages go: an address, a socket, a ring.",
    ),
    params(
        arg("len", integer("len", *LENGTH, help="Longest message, in bytes.")),
        arg("format", one_of("format", *FORMATS, help="Format of messages.")),
        arg("sample", group("sample", _SAMPLE)),
        strict=True,
    ),
    word("facility", None, help="Facility of messages."),
    opt(
        seq(
            word("level", None, help="The least severe messages that are sent."),
            opt(word("minlevel", None, help="Severity that worse messages are given.")),
        )
    ),
)


FCGI_APP = Model(
    "fcgi_app",
    one_word(
        "docroot",
        "docroot",
        "Directory of the application, on its host.",
        "/srv/www",
        required=True,
    ),
    one_word("index", "index", "Script that stands for a directory.", "/srv/www"),
    statements(
        "log-stderr",
        "log_stderrs",
        first_of(
            seq(lit("global"), const("global", True, help="Log where `global` says.")), _TARGET
        ),
        help="Where the application's error output is logged.",
        examples=[
            "log-stderr global",
            "log-stderr 127.0.0.1:1515 len 8192 format rfc5424 sample 1,2-5:6 local2 info debug",
            "log-stderr ring@r local0",
        ],
        rejects=["log-stderr", "log-stderr 127.0.0.1", "log-stderr a sample 1,2 local0"],
    ),
    statements(
        "pass-header",
        "pass_headers",
        rule(word("name", None, help="Name of the header.")),
        help="Headers of requests that the application is given although they are kept by default.",
        examples=["pass-header Authorization", "pass-header X if TRUE"],
        rejects=["pass-header"],
    ),
    one_word(
        "path-info",
        "path_info",
        "Expression that cuts a path into script and path info.",
        "/srv/www",
    ),
    option("get-values", "get_values", help="Ask the application for its limits."),
    option("keep-conn", "keep_conn", help="Keep connections open between requests."),
    valued(
        "option max-reqs",
        integer(
            "max_reqs",
            1,
            help="Requests at the same time on one connection.",
            facts={"v3": {"default": 1}},
        ),
        "4",
        rejects=["x"],
    ),
    option("mpxs-conns", "mpxs_conns", help="Send several requests at once on a connection."),
    statements(
        "set-param",
        "set_params",
        rule(
            seq(
                word("name", None, help="Name of the parameter."),
                word("format", None, refers_to=FORMAT, help="Log format of its value."),
            )
        ),
        help="Parameters that the application is given.",
        examples=["set-param NAME %[src]", 'set-param NAME "a b" unless { src 10.0.0.0/8 }'],
        rejects=["set-param", "set-param NAME"],
    ),
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the `fcgi-app` sections."""
    registry.sections(
        "fcgi_apps",
        kind="fcgi-app",
        idle=True,
        model=FCGI_APP,
        schema="fcgiApp",
        title="FCGIApp",
        help="Applications that are spoken to over FastCGI.",
    )

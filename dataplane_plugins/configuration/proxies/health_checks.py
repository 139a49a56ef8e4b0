"""How servers are checked: the `option …chk` family and external checks (manual, section 4.2)."""

from dataplane_core.plugin import (
    choose,
    dangerous,
    first_of,
    group,
    lit,
    nothing,
    one_of,
    opt,
    rest,
    seq,
    word,
)
from dataplane_plugins.configuration.checks.steps import METHODS
from dataplane_plugins.configuration.common.keywords import valued
from dataplane_plugins.configuration.common.values import idle_without
from dataplane_plugins.configuration.proxies.section_kinds import BACK, taken_by

_METHOD = word("method", None, enum=METHODS, help="Method of the check's request.")
_URI = word("uri", r"^[^ ]*$", help="Path that the check asks for.")
_VERSION = rest("version", help="Protocol, such as `HTTP/1.1`; before 2.2 headers behind it too.")

_HOST = word("host", None, help="Value of the `Host` header, from HAProxy 3.1 on.")

_HTTP = group(
    "httpchk_params",
    first_of(
        seq(_METHOD, _URI, word("version", None, help=_VERSION.prop.help), _HOST),
        seq(_METHOD, _URI, _VERSION),
        seq(_METHOD, _URI),
        _URI,
        nothing,
    ),
    {"v1": "httpchk"},
)
_MYSQL = group(
    "mysql_check_params",
    opt(
        seq(
            lit("user"),
            word("username", None, help="User that logs in."),
            opt(one_of("client_version", "pre-41", "post-41", help="Protocol of the client.")),
        )
    ),
)
_PGSQL = group(
    "pgsql_check_params", seq(lit("user"), word("username", None, help="User that logs in."))
)
_SMTP = group(
    "smtpchk_params",
    idle_without(
        "hello",
        opt(
            seq(
                word("hello", None, help="Greeting: `HELO` or `EHLO`."),
                opt(word("domain", None, help="Domain that the greeting names.")),
            )
        ),
        "domain",
    ),
)

ADVANCED_CHECK = taken_by(
    BACK,
    choose(
        "adv_check",
        {
            "httpchk": ("option httpchk", _HTTP),
            "ldap-check": ("option ldap-check", nothing),
            "mysql-check": ("option mysql-check", _MYSQL),
            "pgsql-check": ("option pgsql-check", _PGSQL),
            "redis-check": ("option redis-check", nothing),
            "smtpchk": ("option smtpchk", _SMTP),
            "ssl-hello-chk": ("option ssl-hello-chk", nothing),
            "tcp-check": ("option tcp-check", nothing),
        },
        help="What a health check does beyond connecting.",
        examples=[
            "option httpchk",
            "option httpchk /alive",
            "option httpchk HEAD /",
            "option httpchk GET /alive HTTP/1.1 www.example.com",
            r"option httpchk OPTIONS * HTTP/1.1\r\nHost:\ www",
            "option ldap-check",
            "option mysql-check",
            "option mysql-check user monitor post-41",
            "option pgsql-check user monitor",
            "option redis-check",
            "option smtpchk",
            "option smtpchk EHLO example.com",
            "option ssl-hello-chk",
            "option tcp-check",
        ],
        rejects=[
            "option pgsql-check",
            "option pgsql-check user",
            "option mysql-check user",
            "option ldap-check x",
            "no option tcp-check",
        ],
    ),
)

CHECK_ARGUMENTS = {
    "httpchk": _HTTP,
    "ldap-check": nothing,
    "mysql-check": _MYSQL,
    "pgsql-check": _PGSQL,
    "redis-check": nothing,
    "smtpchk": _SMTP,
    "spop-check": nothing,
    "ssl-hello-chk": nothing,
    "tcp-check": nothing,
}
"""What stands behind the name of a check in `healthcheck` sections."""

CHECK_PARAMETERS = {
    "httpchk_params": {"adv_check": "httpchk"},
    "mysql_check_params": {"adv_check": "mysql-check"},
    "smtpchk_params": {"adv_check": "smtpchk"},
}
"""The objects for arguments that a check can do without, each with its check."""

EXTERNAL_CHECK = taken_by(
    BACK,
    dangerous(
        valued(
            "external-check path",
            word("external_check_path", help="`PATH` of the check's command."),
            '"/usr/bin:/bin"',
        )
    ),
    dangerous(
        valued(
            "external-check command",
            word("external_check_command", help="Command that checks a server."),
            "/bin/true",
        )
    ),
)

"""`healthcheck` sections: health checks that servers name. HAProxy has them since 3.4."""

from dataplane_core.plugin import Model, Registry, choose, impl
from dataplane_plugins.configuration.proxies.health_checks import CHECK_ARGUMENTS

HEALTHCHECK = Model(
    "healthcheck",
    choose(
        "type",
        {name: (f"type {name}", arguments) for name, arguments in CHECK_ARGUMENTS.items()},
        help="What a health check does beyond connecting.",
        examples=[
            "type httpchk",
            "type httpchk GET /alive",
            "type mysql-check user monitor post-41",
            "type pgsql-check user monitor",
            "type smtpchk EHLO example.com",
            "type spop-check",
            "type tcp-check",
        ],
        rejects=["type", "type pgsql-check", "type ldap-check x", "type none"],
    ),
    empty={
        "httpchk_params": {"type": "httpchk"},
        "mysql_check_params": {"type": "mysql-check"},
        "smtpchk_params": {"type": "smtpchk"},
    },
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the `healthcheck` sections; their steps are `http_checks` and `tcp_checks`."""
    registry.sections(
        "healthchecks",
        kind="healthcheck",
        model=HEALTHCHECK,
        versions=("v3",),
        title="HealthCheck",
        holder="Healthcheck",
        help="Health checks with names.",
    )

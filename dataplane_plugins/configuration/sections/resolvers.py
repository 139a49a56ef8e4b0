"""`resolvers` sections and their name servers (manual, section 5.3.2)."""

from dataplane_core.plugin import (
    Model,
    Orphans,
    Registry,
    Statement,
    duration,
    impl,
    integer,
    keyword,
    seq,
    statement,
    word,
)
from dataplane_plugins.configuration.common.addresses import server_address
from dataplane_plugins.configuration.common.keywords import valued
from dataplane_plugins.configuration.common.values import OBJECT_NAME

_HOLD = {
    "nx": "a name that does not exist",
    "obsolete": "an address that is missing from new answers",
    "other": "an error of another kind",
    "refused": "a refusal",
    "timeout": "no answer in time",
    "valid": "a valid answer",
}


def _hold(status: str, what: str) -> Statement:
    """Return `hold <status>`, of which a section has one line for each status."""
    term = duration(
        f"hold_{status}",
        nullable=True,
        help=f"How long the last answer holds after {what}, in milliseconds.",
    )
    return statement(
        f"hold {status}", term, examples=[f"hold {status} 30s"], rejects=[f"hold {status}"]
    )


RESOLVER = Model(
    "resolver",
    *(_hold(status, what) for status, what in _HOLD.items()),
    valued(
        "timeout resolve",
        duration(
            "timeout_resolve", help="Time between two resolutions of a name, in milliseconds."
        ),
        "1s",
    ),
    valued(
        "timeout retry",
        duration(
            "timeout_retry", help="Time between two questions without an answer, in milliseconds."
        ),
        "500ms",
    ),
    valued(
        "accepted_payload_size",
        integer("accepted_payload_size", 512, 8192, help="Largest answer over UDP, in bytes."),
        "4096",
    ),
    keyword(
        "parse-resolv-conf", "parse-resolv-conf", help="Add the name servers of /etc/resolv.conf."
    ),
    valued(
        "resolve_retries",
        integer(
            "resolve_retries", 1, help="Questions in a row without an answer before giving up."
        ),
        "3",
    ),
)

NAMESERVER = valued(
    "nameserver",
    seq(
        word("name", OBJECT_NAME, required=True, help="Name of the name server."),
        server_address(
            brackets=False,
            nullable=True,
            help="Address of the name server.",
            port_help="Port of the name server.",
        ),
    ),
    *("dns1 10.0.0.1:53", "dns2 tcp@[::1]:53"),
    rejects=["dns1"],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the `resolvers` sections, and their name servers."""
    registry.sections(
        "resolvers",
        kind="resolvers",
        idle=True,
        model=RESOLVER,
        schema="resolver",
        title="Resolver",
        titles="Resolvers",
        help="Name servers that names are resolved with at run time.",
    )
    registry.rows(
        "nameservers",
        NAMESERVER,
        parents=("resolvers",),
        parameter="resolver",
        typed=False,
        always_in_query=True,
        rank=20,
        orphans=Orphans(list=400),
        help="The name servers of a section.",
    )

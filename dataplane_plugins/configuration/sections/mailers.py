"""`mailers` sections: who is told of servers' states by mail (manual, section 12.3)."""

from dataplane_core.plugin import Model, Orphans, Registry, duration, impl, seq, statement, word
from dataplane_plugins.configuration.common.addresses import peer_address
from dataplane_plugins.configuration.common.keywords import valued

MAILERS = Model(
    "mailers_section",
    valued(
        "timeout mail",
        duration(
            "timeout",
            0,
            nullable=True,
            suffix=True,
            help="Time that sending may take, in milliseconds.",
        ),
        "20s",
    ),
)

MAILER = statement(
    "mailer",
    seq(
        word("name", r'^[A-Za-z0-9-_${}"]+$', required=True, help="Name of the mail server."),
        peer_address("Address of the mail server.", pattern=r"^\S+$", nullable=False),
    ),
    examples=["mailer smtp1 192.168.0.1:587", "mailer smtp2 [::1]:25"],
    rejects=["mailer", "mailer smtp1", "mailer smtp1 192.168.0.1"],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the `mailers` sections, and their mail servers."""
    registry.sections(
        "mailers_section",
        kind="mailers",
        idle=True,
        model=MAILERS,
        schema="mailers_section",
        title="MailersSection",
        tag="Mailers",
        key_pattern=r"^[A-Za-z0-9-_]+$",
        operation_ids={"replace": "editMailersSection"},
        help="Mail servers that alerts are sent to.",
    )
    registry.rows(
        "mailer_entries",
        MAILER,
        parents=("mailers",),
        parameter="mailers_section",
        typed=False,
        always_in_query=True,
        rank=50,
        orphans=Orphans(list=400),
        schema="mailer_entry",
        schemas="mailer_entries",
        title="MailerEntry",
        titles="MailerEntries",
        help="The mail servers of a section.",
    )

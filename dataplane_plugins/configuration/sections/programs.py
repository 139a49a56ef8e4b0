"""`program` sections: processes that the master starts beside itself (manual, section 3.7)."""

from dataplane_core.plugin import Model, Registry, impl, option, rest, statement, word

PROGRAM = Model(
    "program",
    statement(
        "command",
        rest("command", required=True, help="The program and its arguments."),
        examples=["command spoa-mirror --runtime 0", 'command echo "Hello, World!"'],
        rejects=["command"],
    ),
    statement(
        "user",
        word("user", None, help="User that the program runs as."),
        examples=["user nobody"],
        rejects=["user"],
    ),
    statement(
        "group",
        word("group", None, help="Group that the program runs in."),
        examples=["group nogroup"],
        rejects=["group"],
    ),
    option(
        "start-on-reload", "start-on-reload", help="Start the program again when HAProxy reloads."
    ),
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the `program` sections."""
    registry.sections(
        "programs",
        kind="program",
        model=PROGRAM,
        tag="ProcessManager",
        help="Programs that HAProxy's master process runs.",
    )

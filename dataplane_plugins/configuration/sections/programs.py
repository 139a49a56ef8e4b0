"""`program` sections: processes that the master starts beside itself (manual, section 12.9)."""

from dataplane_core.plugin import Model, Registry, dangerous, impl, option, rest, word
from dataplane_plugins.configuration.common.keywords import valued

PROGRAM = Model(
    "program",
    dangerous(
        valued(
            "command",
            rest("command", required=True, help="The program and its arguments."),
            *("/bin/sleep infinity", "spoa-mirror --runtime 0", 'echo "Hello, World!"'),
        )
    ),
    valued("user", word("user", None, help="User that the program runs as."), "nobody"),
    valued("group", word("group", None, help="Group that the program runs in."), "nogroup"),
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

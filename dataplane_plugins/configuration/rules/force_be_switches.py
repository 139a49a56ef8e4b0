"""`force-be-switch` lines: who may be sent to a backend that takes no others (manual, 4.2).

HAProxy has them since 3.4.
"""

from dataplane_core.plugin import CONDITION, Registry, impl, one_of, rest, seq, statement

RANK = 69

FORCE_BE_SWITCH = statement(
    "force-be-switch",
    seq(
        one_of(
            "cond", "if", "unless", required=True, help="Whether the condition must hold or fail."
        ),
        rest(
            "cond_test",
            required=True,
            refers_to=CONDITION,
            help="The condition for using a backend that is disabled or not published.",
        ),
    ),
    examples=["force-be-switch if { src 10.0.0.0/8 }", "force-be-switch unless is_guest"],
    rejects=["force-be-switch", "force-be-switch if", "force-be-switch is_guest"],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the rules of frontends and `listen` sections."""
    registry.rows(
        "force_be_switches",
        FORCE_BE_SWITCH,
        key=None,
        parents=("frontend",),
        rank=RANK,
        appended=True,
        schema="force_be_switch",
        title="ForceBeSwitch",
        titles="ForceBeSwitches",
        help="Who is sent to a backend even if that takes no requests.",
    )

"""`email-alert …`: mails about servers that change their state (manual, section 4.2)."""

from dataplane_core.plugin import Statement, one_of, statement, word
from dataplane_plugins.configuration.common.syslog import LEVELS
from dataplane_plugins.configuration.proxies.section_kinds import ANY, taken_by

ADDRESS = r"^\S+@\S+$"
"""A mailbox; HAProxy sends the word to the mail server as it is."""


def _mail(head: str, help: str) -> Statement:
    term = word(f"email_alert.{head}", ADDRESS, required=True, nullable=True, help=help)
    head = f"email-alert {head}"
    return statement(head, term, examples=[f"{head} ops@example.com"], rejects=[head])


EMAIL_ALERTS = taken_by(
    ANY,
    _mail("from", "Sender of alerts."),
    _mail("to", "Recipient of alerts."),
    statement(
        "email-alert level",
        one_of("email_alert.level", *LEVELS, help="The least severe message that is sent."),
        examples=["email-alert level err"],
        rejects=["email-alert level", "email-alert level max"],
    ),
    statement(
        "email-alert myhostname",
        word("email_alert.myhostname", None, help="Name that mail servers are greeted with."),
        examples=["email-alert myhostname lb1"],
        rejects=["email-alert myhostname"],
    ),
    statement(
        "email-alert mailers",
        word(
            "email_alert.mailers",
            None,
            required=True,
            nullable=True,
            refers_to=("mailers",),
            help="The mailers section.",
        ),
        examples=["email-alert mailers local"],
        rejects=["email-alert mailers"],
    ),
)

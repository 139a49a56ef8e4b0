"""`email-alert …`: mails about servers that change their state (manual, section 4.2)."""

from dataplane_core.plugin import NameOf, Statement, one_of, word
from dataplane_plugins.configuration.common.keywords import valued
from dataplane_plugins.configuration.common.syslog import LEVELS
from dataplane_plugins.configuration.proxies.section_kinds import ANY, taken_by

ADDRESS = r"^\S+@\S+$"
"""A mailbox; HAProxy sends the word to the mail server as it is."""


def _mail(head: str, help: str) -> Statement:
    """Return `email-alert from` or `email-alert to`, without which HAProxy sends no mail."""
    mailbox = word(f"email_alert.{head}", ADDRESS, required=True, nullable=True, help=help)
    return valued(f"email-alert {head}", mailbox, "ops@example.com")


EMAIL_ALERTS = taken_by(
    ANY,
    _mail("from", "Sender of alerts."),
    _mail("to", "Recipient of alerts."),
    valued(
        "email-alert level",
        one_of("email_alert.level", *LEVELS, help="The least severe message that is sent."),
        "err",
        rejects=["max"],
    ),
    valued(
        "email-alert myhostname",
        word("email_alert.myhostname", None, help="Name that mail servers are greeted with."),
        "lb1",
    ),
    valued(
        "email-alert mailers",
        word(
            "email_alert.mailers",
            None,
            required=True,
            nullable=True,
            refers_to=NameOf("mailers"),
            help="The mailers section.",
        ),
        "local",
    ),
)

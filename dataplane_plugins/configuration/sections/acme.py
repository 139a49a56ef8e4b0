"""`acme` sections: where certificates are ordered, and how (manual, section 12.8)."""

from dataplane_core.plugin import (
    Model,
    Prop,
    Registry,
    Statement,
    duration,
    impl,
    integer,
    listed,
    mapped,
    on_off,
    one_of,
    word,
)
from dataplane_plugins.configuration.common.keywords import one_word, valued

CHALLENGES = ("http-01", "dns-01", "dns-persist-01")
"""Kinds of challenges (RFC 8555, section 8); HAProxy reads them in any case."""

READY = {
    "items": Prop("", enum=("cli", "dns", "none")),
    "min_items": 1,
    "max_items": 2,
    "unique": True,
}
"""What can say that a challenge is answered."""


def wait_time(head: str, name: str, help: str) -> Statement:
    """Return a keyword with a time, which HAProxy counts in seconds where no unit stands."""
    term = duration(name, unit="s", nullable=True, help=f"{help}, in milliseconds.")
    return valued(head, term, "30")


ACME = Model(
    "acme_provider",
    valued(
        "directory",
        word(
            "directory",
            r"^https://[^\s]+$",
            required=True,
            help="Address of the provider's directory.",
        ),
        "https://acme.example/directory",
    ),
    one_word("account-key", "account_key", "File with the account's key."),
    valued(
        "acme-vars",
        word(
            "acme_vars",
            None,
            types={"v3": "variables"},
            secret=True,
            help="Variables for whoever sets DNS records: name=value,…",
        ),
        *("a=b", '"a=b,c=d e"'),
    ),
    valued("bits", integer("bits", nullable=True, help="Length of RSA keys."), "2048"),
    valued(
        "challenge",
        mapped(
            "challenge",
            {**{name.upper(): name for name in CHALLENGES}, **{name: name for name in CHALLENGES}},
            help="How the provider sees whose a name is.",
        ),
        *("http-01", "DNS-01"),
        rejects=["x"],
    ),
    valued(
        "challenge-ready",
        listed(
            "challenge_ready",
            facts={"v3": READY},
            help="What says that a challenge can be answered.",
        ),
        "cli,dns",
    ),
    one_word("contact", "contact", "Address that the provider writes to."),
    one_word("curves", "curves", "Curve of ECDSA keys."),
    wait_time("dns-delay", "dns_delay", "Time between two looks for a DNS record"),
    wait_time("dns-timeout", "dns_timeout", "How long a DNS record is looked for"),
    valued("keytype", one_of("keytype", "RSA", "ECDSA", help="Type of keys."), "ECDSA"),
    one_word("map", "map", "Map with the answers to challenges."),
    one_word("profile", "profile", "Kind of certificate that is ordered."),
    one_word("provider-name", "acme_provider", "Who sets DNS records."),
    valued(
        "reuse-key",
        on_off("reuse_key", help="Keep the key when a certificate is renewed."),
        *("on", "off"),
    ),
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the `acme` sections."""
    registry.sections(
        "acme",
        kind="acme",
        idle=True,
        model=ACME,
        schema="acme_provider",
        title="AcmeProvider",
        tag="ACME",
        otherwise={"v3": {"tag": "Acme", "operation_ids": {"replace": "editAcmeProvider"}}},
        help="Authorities that issue certificates over ACME.",
    )

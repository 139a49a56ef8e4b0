"""`acme` sections: where certificates are ordered, and how (manual, section 3.12)."""

from dataplane_core.plugin import (
    Model,
    Registry,
    Statement,
    duration,
    impl,
    integer,
    listed,
    mapped,
    on_off,
    one_of,
    statement,
    word,
)

CHALLENGES = ("http-01", "dns-01", "dns-persist-01")
"""Kinds of challenges (RFC 8555, section 8); HAProxy reads them in any case."""


def one_word(head: str, name: str, help: str) -> Statement:
    """A keyword with one word."""
    return statement(head, word(name, None, help=help), examples=[f"{head} a"], rejects=[head])


def wait_time(head: str, name: str, help: str) -> Statement:
    """A keyword with a time that HAProxy counts in seconds."""
    term = duration(name, unit="s", nullable=True, help=f"{help}, in milliseconds.")
    return statement(head, term, examples=[f"{head} 30"], rejects=[head])


ACME = Model(
    "acme_provider",
    statement(
        "directory",
        word(
            "directory",
            r"^https://[^\s]+$",
            required=True,
            help="Address of the provider's directory.",
        ),
        examples=["directory https://acme.example/directory"],
        rejects=["directory"],
    ),
    one_word("account-key", "account_key", "File with the account's key."),
    one_word("acme-vars", "acme_vars", "Variables for whoever sets DNS records: name=value,…"),
    statement(
        "bits",
        integer("bits", nullable=True, help="Length of RSA keys."),
        examples=["bits 2048"],
        rejects=["bits"],
    ),
    statement(
        "challenge",
        mapped(
            "challenge",
            {**{name.upper(): name for name in CHALLENGES}, **{name: name for name in CHALLENGES}},
            help="How the provider sees whose a name is.",
        ),
        examples=["challenge http-01", "challenge DNS-01"],
        rejects=["challenge", "challenge x"],
    ),
    statement(
        "challenge-ready",
        listed("challenge_ready", help="What says that a challenge can be answered."),
        examples=["challenge-ready cli,dns"],
        rejects=["challenge-ready"],
    ),
    one_word("contact", "contact", "Address that the provider writes to."),
    one_word("curves", "curves", "Curve of ECDSA keys."),
    wait_time("dns-delay", "dns_delay", "Time between two looks for a DNS record"),
    wait_time("dns-timeout", "dns_timeout", "How long a DNS record is looked for"),
    statement(
        "keytype",
        one_of("keytype", "RSA", "ECDSA", help="Type of keys."),
        examples=["keytype ECDSA"],
        rejects=["keytype"],
    ),
    one_word("map", "map", "Map with the answers to challenges."),
    one_word("profile", "profile", "Kind of certificate that is ordered."),
    one_word("provider-name", "acme_provider", "Who sets DNS records."),
    statement(
        "reuse-key",
        on_off("reuse_key", help="Keep the key when a certificate is renewed."),
        examples=["reuse-key on", "reuse-key off"],
        rejects=["reuse-key"],
    ),
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the `acme` sections."""
    registry.sections(
        "acme",
        kind="acme",
        model=ACME,
        schema="acme_provider",
        title="AcmeProvider",
        tag="ACME",
        help="Authorities that issue certificates over ACME.",
    )

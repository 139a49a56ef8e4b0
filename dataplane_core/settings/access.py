"""Settings of who may do what, and of what they are shown: the first part of `dataplane`."""

from dataplane_core.dataclass import dataclass
from dataplane_core.settings.fields import setting
from dataplane_core.settings.kinds import BOOLEAN, COUNT, DURATION, TEXT, TEXTS, integer, one_of

ROLES = ("reader", "operator", "editor", "admin")


def moment_of(text: str) -> float:
    """Return a day or a moment in seconds since 1970, 0 for an empty text; raises `ValueError`.

    >>> moment_of("2027-01-31") == moment_of("2027-01-31T01:00:00+01:00")
    True
    """
    if not text:
        return 0.0
    from datetime import UTC, datetime

    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


@dataclass(frozen=True, slots=True)
class TokenSettings:
    """A token of a program; `dataplane token NAME` makes one, and prints these lines."""

    name: str = setting("", TEXT, "What the audit trail calls the program.")
    digest: str = setting(
        "", TEXT, "SHA-256 of the token, in hexadecimal digits.", secret=True
    )
    role: str = setting("reader", one_of(*ROLES), "What the program may do.")
    paths: tuple[str, ...] = setting(
        (), TEXTS,
        "Paths that the token is for, below the prefix of a version, each with all below it; not "
        "set: all.",
    )  # fmt: skip
    expires: str = setting(
        "", TEXT, "Day (`2027-01-31`, until it begins) or moment at which it ends, in UTC; empty: "
        "never.",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """Who may do what, and what they are shown."""

    dangerous_lines: str = setting(
        "allow", one_of("allow", "refuse"),
        "What becomes of a change that adds lines that run commands or open the system, such as "
        "`program`, `lua-load` or a bind to a file of the system: it is carried out, or refused.",
        flag="--dangerous-lines",
    )  # fmt: skip
    dangerous_role: str = setting(
        "editor", one_of("editor", "admin"),
        "The least role that may add such lines, where `dangerous_lines` allows them.",
        flag="--dangerous-role",
    )  # fmt: skip
    hide_secrets: str = setting(
        "nobody", one_of("nobody", "readers", "everybody"),
        "From whom tokens and passwords in answers are hidden, behind words that stand for them: "
        "from `readers` (and operators), or from `everybody`. Who sends such a word back keeps the "
        "secret that is there.",
        flag="--hide-secrets",
    )  # fmt: skip
    allowed_hosts: tuple[str, ...] = setting(
        (), TEXTS,
        "Names by which clients may come to this server (`Host`), besides addresses, `localhost`, "
        "and what machine, listeners and TLS certificate are called; `*.example.org`: all names "
        "below one, `*`: all.",
        flag="--allowed-host",
    )  # fmt: skip
    plain_network: bool = setting(
        False, BOOLEAN,
        "Whether the plain listener may have an address that is not loopback: passwords and "
        "secrets cross the network as they are then. `behind_tls` permits it too.",
        flag="--plain-network", environment="DATAPLANE_PLAIN_NETWORK",
    )  # fmt: skip
    paths_first: bool = setting(
        False, BOOLEAN,
        "Whether versions 1 and 2 of the API tell strangers which paths and methods there are "
        "(404, 405), instead of asking everybody for credentials first (401).",
        flag="--paths-first",
    )  # fmt: skip
    behind_tls: bool = setting(
        False, BOOLEAN,
        "Browsers come over TLS, which a proxy in front of the plain listener ends: cookies are "
        "for TLS alone.",
        flag="--behind-tls",
    )  # fmt: skip
    session_idle: float = setting(
        1800.0, DURATION, "A session of the page that is not used for this long ends.",
        flag="--session-idle",
    )  # fmt: skip
    session_lifetime: float = setting(
        43200.0, DURATION, "A session of the page ends after this time in any case.",
        flag="--session-lifetime",
    )  # fmt: skip
    credential_ttl: float = setting(
        60.0, DURATION, "How long a verified password is remembered; 0: not at all.",
        flag="--credential-ttl",
    )  # fmt: skip
    password_rounds: int = setting(
        1_000_000, COUNT,
        "Rounds that a password's hash may take at most, as SHA-512 has them, and others take as "
        "long; a user with more is not admitted. 0: no limit.",
        flag="--password-rounds",
    )  # fmt: skip
    password_tries: int = setting(
        30, integer(0, 100_000),
        "Wrong passwords for a user a minute that are looked at from one address, in all workers, "
        "and ten times as many for all users; more are answered with 429. 0: no limit.",
        flag="--password-tries",
    )  # fmt: skip
    empty_passwords: bool = setting(
        False, BOOLEAN,
        "Whether a user whose password is empty (`insecure-password \"\"`) is admitted over the "
        "network too, and not over the Unix socket alone.",
        flag="--empty-passwords",
    )  # fmt: skip
    userlist_roles: tuple[str, ...] = setting(
        (), TEXTS,
        "What users of the userlist may do: a role, and a group (`reader:@monitoring`), a user "
        "(`admin:alice`) or all others (`editor:*`). The first that fits counts, and nothing else "
        "is permitted; not set: all may do all.",
        flag="--userlist-role",
    )  # fmt: skip
    token: tuple[TokenSettings, ...] = ()

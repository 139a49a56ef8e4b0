"""Declare the block `plugin_settings.enterprise` of the settings, and judge its values together."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from dataplane_core.plugin import Settings, setting, setting_kinds as kinds

BLOCK = "plugin_settings.enterprise"


@dataclass(frozen=True)
class TokenSettings:
    """A token: what it is called, how it is known, and what it is good for."""

    name: str = setting("", kinds.TEXT, "Name of the token, as the audit trail shows it.")
    sha256: str = setting("", kinds.TEXT, "SHA-256 of the token, in hex.", secret=True)
    scope: str = setting("read", kinds.one_of("read", "write"), "Whether it may change things.")
    frontends: tuple[str, ...] = setting(
        (), kinds.TEXTS, "Frontends that it is good for; with no section named: all there is."
    )
    backends: tuple[str, ...] = setting((), kinds.TEXTS, "Backends that it is good for.")
    expires: str = setting("", kinds.TEXT, "The last day it is good for, as 2030-12-31.")


@dataclass(frozen=True)
class EnterpriseSettings:
    """All settings of the add-on."""

    license_file: str = setting(
        "/etc/dataplane/enterprise.license", kinds.PATH, "The licence; without it nothing is done."
    )
    policy: str = setting(
        "enforce", kinds.one_of("enforce", "report", "off"),
        "What is done about configurations that break the policy: refused, or only reported.",
    )  # fmt: skip
    audit: str = setting(
        "off", kinds.one_of("off", "file", "syslog"), "Where it is told who changed what."
    )
    audit_file: str = setting("", kinds.PATH, "File of the audit trail.")
    syslog_address: str = setting(
        "/dev/log", kinds.TEXT, "Socket of the audit trail, or host:port for UDP."
    )
    tokens: tuple[TokenSettings, ...] = ()


def problems(settings: Settings) -> Iterator[object]:
    """Yield what stops the start, each with file, line and key."""
    mine = settings.block(EnterpriseSettings)
    if mine.audit == "file" and not mine.audit_file:
        yield settings.problem(f"{BLOCK}.audit_file", "is empty, and audit: file needs it")
    names: set[str] = set()
    for number, token in enumerate(mine.tokens):
        key = f"{BLOCK}.tokens[{number}]"
        if not token.name or token.name in names:
            fault = f"is given twice: {token.name}" if token.name else "is empty"
            yield settings.problem(f"{key}.name", fault)
        names.add(token.name)
        if not re.fullmatch(r"[0-9a-f]{64}", token.sha256):
            fault = "is not 64 hex digits; `dataplane-enterprise token NAME` prints them"
            yield settings.problem(f"{key}.sha256", fault)
        if token.expires and not _is_day(token.expires):
            yield settings.problem(f"{key}.expires", "is not a day such as 2030-12-31")


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True

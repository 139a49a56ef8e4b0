"""Keywords of `bind` lines that allow or forbid versions of TLS (manual, section 5.1)."""

from dataplane_core.plugin import ParameterKeyword, alias, flag

_VERSIONS = {
    "sslv3": "SSLv3",
    "tlsv10": "TLSv1.0",
    "tlsv11": "TLSv1.1",
    "tlsv12": "TLSv1.2",
    "tlsv13": "TLSv1.3",
}
"""The versions as keywords have them, and as they are called."""


def _never(version: str) -> ParameterKeyword:
    return flag(f"no-{version}", f"no_{version}", help=f"Never speak {_VERSIONS[version]}.")


FORCE_TLS = tuple(
    flag(f"force-{version}", f"force_{version}", help=f"Speak {name} and nothing else.")
    for version, name in _VERSIONS.items()
)
NO_SSLV3, *NO_TLS = map(_never, _VERSIONS)
TLS_ALIASES = tuple(
    alias(
        version,
        {"enabled": (f"force_{version}", True), "disabled": (f"no_{version}", True)},
        same_in=("v3",),
        help=f"Speak {name} and nothing else (enabled), or anything but it (disabled).",
    )
    for version, name in _VERSIONS.items()
)
"""What version 3 shows for `force-…` and `no-…` alike."""

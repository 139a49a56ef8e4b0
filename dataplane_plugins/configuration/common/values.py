"""Facts that several tables share."""

TLS_VERSIONS = ("SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
"""The versions that `ssl-min-ver` and `ssl-max-ver` know."""

CONGESTION_CONTROLS = ("cubic", "newreno", "bbr", "nocc")
"""The algorithms of QUIC congestion control."""

OBJECT_NAME = r'^[A-Za-z0-9-_.:${}"]+$'
"""The names that HAProxy takes for servers, ACLs and the like (manual, section 2.1), and what
variables in them are written with."""


def or_variable(pattern: str) -> str:
    """A pattern for values that can come from environment variables as well."""
    return rf"^({pattern}|.*\$.*)$"


GUID = r"^[A-Za-z0-9-_.:]+$"
"""What a globally unique identifier is made of."""

"""Authentication: users of the settings or of a userlist, sessions, and client certificates."""

from dataplane_core.auth.authenticator import (
    CHALLENGE,
    SESSION_CHALLENGE,
    Admission,
    Authenticator,
    Identity,
)
from dataplane_core.auth.roles import Role
from dataplane_core.auth.sessions import Session, Sessions
from dataplane_core.auth.tokens import Token, Tokens
from dataplane_core.auth.userlists import Account

__all__ = [
    "CHALLENGE", "SESSION_CHALLENGE", "Account", "Admission", "Authenticator", "Identity",
    "Role", "Session", "Sessions", "Token", "Tokens",
]  # fmt: skip

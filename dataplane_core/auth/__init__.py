"""Authentication: users of the settings or of a userlist, and client certificates."""

from dataplane_core.auth.authenticator import CHALLENGE, Admission, Authenticator, Identity
from dataplane_core.auth.userlists import Account

__all__ = ["CHALLENGE", "Account", "Admission", "Authenticator", "Identity"]

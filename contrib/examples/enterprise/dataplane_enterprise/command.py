"""The command `dataplane-enterprise`."""

import secrets
import sys
from hashlib import sha256

from dataplane_enterprise.keywords import LUA

_USAGE = """usage: dataplane-enterprise token NAME    make a token, and print what the settings need
       dataplane-enterprise trial         print a licence to try the add-on with
       dataplane-enterprise lua           print the line that the action enterprise-stamp needs
"""


def main() -> None:
    """Carry out what the command line says."""
    match sys.argv[1:]:
        case ["token", name]:
            token = secrets.token_urlsafe(32)
            print(f"# the token, which is shown this once: {token}")
            print(f"- {{name: {name}, sha256: {sha256(token.encode()).hexdigest()}, scope: read}}")
        case ["trial"]:
            print(LUA.with_name("trial.license").read_text("utf-8"), end="")
        case ["lua"]:
            print(f"lua-load {LUA}")
        case _:
            sys.exit(_USAGE)

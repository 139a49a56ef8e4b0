"""Declare the command `fleet-key`: the key that all members of a new fleet have."""

import base64
import os

import click

from dataplane_core.commands.common import command, print_json

_KEY_BYTES = 32


@command("fleet-key")
def fleet_key(as_json: bool) -> None:
    """Make the key of a new fleet.

    All its members have it in a file of their own (`fleet.key_file`), and the store never sees it.
    """
    key = base64.b64encode(os.urandom(_KEY_BYTES)).decode()
    if as_json:
        print_json({"key": key})
    else:
        click.echo(key)

"""Declare the commands for the first run: init, passwd, sample."""

import secrets
import sys
from dataclasses import asdict
from typing import Any

import click

from dataplane_core.auth.passwords import hash_password
from dataplane_core.commands.common import command, print_json
from dataplane_core.errors import Invalid
from dataplane_core.settings.access import ROLES
from dataplane_core.settings.load import INIT_FILE

_PASSWORD_STDIN = click.Option(
    ["--password-stdin"], is_flag=True, help="Read the password from standard input."
)


@command("sample", click.Argument(["name"], metavar="NAME", required=False))
def sample(name: str | None, as_json: bool) -> None:
    """Print a sample of settings.

    Without NAME the names are listed: settings in YAML and HCL, a configuration of HAProxy, and
    others.
    """
    from dataplane_core.first_run.samples import sample as text_of
    from dataplane_core.first_run.samples import sample_names

    if name is None:
        names = sample_names()
        print_json(names) if as_json else click.echo("\n".join(names))
    elif as_json:
        print_json({"name": name, "text": text_of(name)})
    else:
        click.echo(text_of(name), nl=False)


@command("passwd", click.Argument(["name"], metavar="NAME"), _PASSWORD_STDIN)
def passwd(name: str, password_stdin: bool, as_json: bool) -> None:
    """Hash a password for a user NAME.

    The password is asked for, or read from standard input where that is no terminal. Printed are
    the lines for the settings and those for a userlist; nothing is written.
    """
    from dataplane_core.first_run.settings_text import user_lines

    _check_name(name)
    asks = sys.stdin.isatty() and not password_stdin
    prompt = click.prompt("Password", hide_input=True, confirmation_prompt=True) if asks else ""
    stored = hash_password(prompt or _read_password())
    if as_json:
        print_json({"name": name, "password": stored})
        return
    click.echo(f"# in the settings, below dataplaneapi:\n{user_lines(name, stored)}", nl=False)
    click.echo("# or in haproxy.cfg, or the file of the setting userlist_file:")
    click.echo(f"userlist controller\n  user {name} password {stored}")


@command(
    "token",
    click.Argument(["name"], metavar="NAME"),
    click.Option(["--role"], type=click.Choice(ROLES), default="reader", show_default=True,
                 help="What the program may do."),
    click.Option(["--path", "paths"], multiple=True, metavar="PATH",
                 help="Path that the token is for, without the version; else all."),
    click.Option(["--days"], type=click.IntRange(0, 3650), default=90, show_default=True,
                 help="Days until it ends; 0: it does not."),
)  # fmt: skip
def token(name: str, role: str, paths: tuple[str, ...], days: int, as_json: bool) -> None:
    """Make a token for a program NAME.

    The token is printed, and never again, with the lines for the settings, which have its SHA-256
    alone; nothing is written. A running server makes tokens, too: `POST /dataplane/v1/tokens`.
    """
    from datetime import UTC, datetime, timedelta

    from dataplane_core.auth.tokens import digest_of_token, new_secret
    from dataplane_core.first_run.settings_text import token_lines
    from dataplane_core.settings import Settings, TokenSettings
    from dataplane_core.settings.rules import broken_rules

    secret = new_secret()
    ends = (datetime.now(UTC) + timedelta(days)).date().isoformat() if days else ""
    made = TokenSettings(name, digest_of_token(secret), role, tuple(paths), ends)
    settings = Settings.default().replace(**{"dataplane.token": (made,)})
    for problem in broken_rules(settings):
        if ".token[" in problem.key:
            raise Invalid(f"{problem.key.rpartition('.')[2]} {problem.message}")
    said = {key: value for key, value in asdict(made).items() if value}
    if as_json:
        print_json({"token": secret, "settings": said})
        return
    click.echo(f"# sent by the program as Authorization: Bearer, and shown here alone:\n{secret}")
    click.echo(f"# in the settings, below dataplane:\n{token_lines(said)}", nl=False)


@command(
    "init",
    click.Option(["-f", "file"], metavar="FILE", default=INIT_FILE, show_default=True,
                 help="Settings file to write, in YAML."),
    click.Option(["-c", "--config-file", "configuration"], metavar="PATH", default="",
                 help="HAProxy's configuration; else that of a running HAProxy, or the usual one."),
    click.Option(["-b", "--haproxy-bin", "program"], metavar="PATH", default="",
                 help="HAProxy's program; else that of a running HAProxy, or the one on PATH."),
    click.Option(["--host"], default="127.0.0.1", show_default=True, help="Address to listen on."),
    click.Option(["--port"], type=click.IntRange(1, 65535),
                 help="Port to listen on; else the first free one from 5555 on."),
    click.Option(["--state-dir", "state"], metavar="PATH", default="",
                 help="The server's own files; else /var/lib/dataplane, or one of yours."),
    click.Option(["--user"], metavar="NAME", help="User to make; `admin` where nobody may log in."),
    _PASSWORD_STDIN,
    click.Option(["--force"], is_flag=True, help="Overwrite the settings file."),
)  # fmt: skip
def init(password_stdin: bool, as_json: bool, **given: Any) -> None:
    """Write settings for this machine.

    HAProxy's configuration, sockets and service are looked for, and a user is made. The password is
    read from standard input with `--password-stdin`, asked for on a terminal, and made up and shown
    once where neither gives one.
    """
    from dataplane_core.first_run.steps import InitOptions, first_run

    _check_name(given["user"] or "admin")
    password = _chosen_password(password_stdin, as_json)
    if password or password_stdin:
        done = first_run(InitOptions(**given), password)
    else:
        done = first_run(InitOptions(**given), secrets.token_urlsafe(15), made_up=True)
    if as_json:
        print_json(done.as_dict())
    else:
        click.echo(done.as_text(), nl=False)


def _check_name(name: str) -> None:
    """Refuse a name that basic authentication or a userlist cannot say."""
    if not name or ":" in name or any(one.isspace() or not one.isprintable() for one in name):
        raise Invalid(f"{name!r} is no name of a user: no blanks, no colon, no control characters")
    if set(name) & set("\"'\\#$"):
        raise Invalid(f"{name!r} is no name of a user: no quotes, no backslash, no # and no $")


def _read_password() -> str:
    """Return the first line of standard input."""
    return sys.stdin.readline().rstrip("\r\n")


def _chosen_password(from_stdin: bool, as_json: bool) -> str:
    """Return the password that a person gives; "" where a password is to be made up."""
    if from_stdin:
        return _read_password()
    if as_json or not sys.stdin.isatty():
        return ""
    text = "Password for the API (nothing: one is made up)"
    return str(click.prompt(text, hide_input=True, default="", show_default=False))

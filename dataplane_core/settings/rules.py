"""Judge settings together, where no key is wrong alone: listeners, users, paths."""

import os
import re
from collections.abc import Iterator

from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.settings.access import ROLES, moment_of
from dataplane_core.settings.haproxy import CANDIDATE_VARIABLE, CANDIDATE_WORD
from dataplane_core.settings.plugin_blocks import PREFIX, block_name
from dataplane_core.settings.problems import SettingsProblem
from dataplane_core.settings.tree import Settings

# What crypt(3) makes: md5, sha256, sha512, bcrypt, scrypt, yescrypt, or the old DES.
_HASH = lazy_pattern(r"\$(?:1|5|6|7|2[abxy]|y|gy)\$.+|[./0-9A-Za-z]{13}")
_SHA256 = lazy_pattern(r"[0-9a-fA-F]{64}")
_TOKEN_NAME = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
_PATH = lazy_pattern(r"(?!/(?:v\d+|dataplane)(?:/|\Z))(?:/[^/\s?#%]+)+/?")


def broken_rules(settings: Settings) -> Iterator[SettingsProblem]:
    """Yield what stops the start: keys that are each right, and wrong together."""
    yield from _paths(settings)
    yield from _listeners(settings)
    yield from _users(settings)
    yield from _roles(settings)
    yield from _tokens(settings)
    if not settings.dataplane.master and settings.dataplane.workers != 1:
        yield settings.problem("dataplane.master", "can be false with dataplane.workers: 1 alone")
    transactions = settings.dataplaneapi.transaction.transaction_dir
    if os.path.normpath(settings.state_dir) == os.path.normpath(transactions):
        yield settings.problem("dataplane.state_dir", "must not be the folder of transaction_dir")


def doubts(settings: Settings) -> Iterator[SettingsProblem]:
    """Yield what does not stop the start, but is hardly what was meant."""
    command, path = settings.haproxy.reload.validate_cmd, settings.haproxy.config_file
    names_candidate = CANDIDATE_WORD in command or CANDIDATE_VARIABLE in command
    if not names_candidate and re.search(rf"{re.escape(path)}(?![\w./-])", command):
        fault = (
            f"checks {path}, which is the former configuration, and never the candidate; "
            f"write {CANDIDATE_WORD} in place of the path"
        )
        yield settings.problem("haproxy.reload.validate_cmd", fault)
    yield from _idle_blocks(settings)


def _idle_blocks(settings: Settings) -> Iterator[SettingsProblem]:
    """Yield blocks that are given to plugins which other settings leave out."""
    given = settings.given_blocks()
    if not given:
        return
    only = {block_name(name) for name in settings.dataplane.plugins.only}
    blocked = {block_name(name) for name in settings.dataplane.block_plugins}
    for block, place in given.items():
        if block in blocked or (only and block not in only):
            key = "block_plugins" if block in blocked else "plugins.only"
            fault = f"is given, and dataplane.{key} leaves the plugin out: it guards nothing"
            yield SettingsProblem(place, f"{PREFIX}{block}", fault)


def _paths(settings: Settings) -> Iterator[SettingsProblem]:
    """Yield paths that are empty and needed, and a folder in the place of a file."""
    needed = {
        "haproxy.config_file": settings.haproxy.config_file,
        "haproxy.haproxy_bin": settings.haproxy.haproxy_bin,
        "dataplaneapi.transaction.transaction_dir": (
            settings.dataplaneapi.transaction.transaction_dir
        ),
    }
    if settings.dataplane.embedded:
        del needed["haproxy.haproxy_bin"]
    for key, path in needed.items():
        if not path.strip():
            yield settings.problem(key, "is empty")
    if os.path.isdir(settings.haproxy.config_file):
        fault = f"{settings.haproxy.config_file} is a folder, and not a file of HAProxy's"
        yield settings.problem("haproxy.config_file", fault)
    for key, target in settings.logs():
        if target.log_to == "file" and not target.log_file:
            yield settings.problem(f"{key}.log_file", "is empty, and log_to file needs it")


def is_loopback(host: str) -> bool:
    """Tell whether an address is this machine's own, which no network reaches.

    >>> is_loopback("localhost"), is_loopback("127.0.0.2"), is_loopback("::1"), is_loopback("::")
    (True, True, True, False)
    """
    name = host.strip("[]").lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost") or name in ("::1", "ip6-localhost"):
        return True
    return re.fullmatch(r"127(?:\.\d{1,3}){1,3}", name) is not None


def _listeners(settings: Settings) -> Iterator[SettingsProblem]:
    server = settings.dataplaneapi
    if not server.scheme:
        fault = "names no listener: http, https or unix"
        yield settings.problem("dataplaneapi.scheme", fault)
    place = settings.place("dataplaneapi.scheme")
    if "https" in server.scheme and not server.tls.tls_certificate:
        fault = "is not set, and the listener https needs it"
        yield SettingsProblem(place, "dataplaneapi.tls.tls_certificate", fault)
    own = settings.dataplane
    is_plain = "http" in server.scheme and not (own.plain_network or own.behind_tls)
    if is_plain and not is_loopback(server.host):
        fault = (
            f"is {server.host or 'every address'}, where passwords cross the network without "
            "TLS: use the scheme https, or let a proxy end TLS and set dataplane.behind_tls, "
            "or set dataplane.plain_network (--plain-network)"
        )
        yield settings.problem("dataplaneapi.host", fault)
    if "unix" in server.scheme and not server.socket_path:
        yield SettingsProblem(
            place, "dataplaneapi.socket_path", "is empty, and the listener unix needs it"
        )


def _roles(settings: Settings) -> Iterator[SettingsProblem]:
    for rule in settings.dataplaneapi.tls.tls_roles:
        word, _, name = rule.partition(":")
        if word.lower() not in ROLES or not name.strip("*. "):
            fault = f"has {rule!r}, which is no role ({', '.join(ROLES)}), colon and name"
            yield settings.problem("dataplaneapi.tls.tls_roles", fault)
    for rule in settings.dataplane.userlist_roles:
        word, _, name = rule.partition(":")
        if word.lower() not in ROLES or not name.removeprefix("@").strip():
            fault = f"has {rule!r}, which is no role ({', '.join(ROLES)}), colon and name"
            yield settings.problem("dataplane.userlist_roles", fault)


def _tokens(settings: Settings) -> Iterator[SettingsProblem]:
    names: set[str] = set()
    for number, token in enumerate(settings.dataplane.token):
        path = f"dataplane.token[{number}]"
        if not _TOKEN_NAME.fullmatch(token.name):
            yield settings.problem(f"{path}.name", "is not a name: letters, digits and `_.:-`")
        elif token.name in names:
            yield settings.problem(f"{path}.name", f"the token {token.name} is already given")
        if not _SHA256.fullmatch(token.digest):
            fault = "is not the SHA-256 of a token: `dataplane token NAME` prints the lines"
            yield settings.problem(f"{path}.digest", fault)
        if not all(map(_PATH.fullmatch, token.paths)):
            fault = "has what is no path without the prefix of a version, such as /services/haproxy"
            yield settings.problem(f"{path}.paths", fault)
        try:
            moment_of(token.expires)
        except ValueError:
            yield settings.problem(f"{path}.expires", "is no day or moment, such as 2027-01-31")
        names.add(token.name)


def _users(settings: Settings) -> Iterator[SettingsProblem]:
    names: set[str] = set()
    for number, user in enumerate(settings.dataplaneapi.user):
        path = f"dataplaneapi.user[{number}]"
        if not user.name or ":" in user.name:
            fault = "is not a name: not empty, and without a colon"
            yield settings.problem(f"{path}.name", fault)
        elif user.name in names:
            yield settings.problem(f"{path}.name", f"the user {user.name} is already given")
        if not user.password:
            yield settings.problem(f"{path}.password", f"the user {user.name} has no password")
        elif not user.insecure and not _HASH.fullmatch(user.password):
            fault = "is no hash of crypt(3); with `insecure: true` it would be the password itself"
            yield settings.problem(f"{path}.password", fault)
        names.add(user.name)

"""Rules that no key can break alone: what a listener needs, who the users are."""

import os
import re
from collections.abc import Iterator, Mapping

from dataplane_core.settings.balancer import CANDIDATE_VARIABLE, CANDIDATE_WORD
from dataplane_core.settings.problems import Problem
from dataplane_core.settings.tree import Settings

# What crypt(3) makes: md5, sha256, sha512, bcrypt, scrypt, yescrypt, or the old DES.
_HASH = re.compile(r"\$(?:1|5|6|7|2[abxy]|y|gy)\$.+|[./0-9A-Za-z]{13}")


def broken_rules(settings: Settings, places: Mapping[str, str]) -> Iterator[Problem]:
    """Yield what is wrong between keys that are each right; `places` says where keys were set."""
    yield from _listeners(settings, places)
    yield from _users(settings, places)
    transactions = settings.dataplaneapi.transaction.transaction_dir
    if os.path.normpath(settings.state_dir) == os.path.normpath(transactions):
        place = places.get("dataplane.state_dir", "")
        yield Problem(place, "dataplane.state_dir", "must not be the folder of transaction_dir")


def doubts(settings: Settings, places: Mapping[str, str]) -> Iterator[Problem]:
    """Yield what starts the server and is hardly meant; `places` as above."""
    command, path = settings.haproxy.reload.validate_cmd, settings.haproxy.config_file
    told = CANDIDATE_WORD in command or CANDIDATE_VARIABLE in command
    if not told and re.search(rf"{re.escape(path)}(?![\w./-])", command):
        fault = (
            f"checks {path}, which is the former configuration, and never the candidate; "
            f"write {CANDIDATE_WORD} in place of the path"
        )
        key = "haproxy.reload.validate_cmd"
        yield Problem(places.get(key, ""), key, fault)


def _listeners(settings: Settings, places: Mapping[str, str]) -> Iterator[Problem]:
    server = settings.dataplaneapi
    place = places.get("dataplaneapi.scheme", "")
    if not server.scheme:
        yield Problem(place, "dataplaneapi.scheme", "names no listener: http, https or unix")
    if "https" in server.scheme and not server.tls.tls_certificate:
        fault = "is not set, and the listener https needs it"
        yield Problem(place, "dataplaneapi.tls.tls_certificate", fault)
    if "unix" in server.scheme and not server.socket_path:
        yield Problem(place, "dataplaneapi.socket_path", "is empty, and the listener unix needs it")


def _users(settings: Settings, places: Mapping[str, str]) -> Iterator[Problem]:
    names: set[str] = set()
    for number, user in enumerate(settings.dataplaneapi.user):
        path = f"dataplaneapi.user[{number}]"
        place = places.get(path, "")
        if not user.name or ":" in user.name:
            yield Problem(place, f"{path}.name", "is not a name: not empty, and without a colon")
        elif user.name in names:
            yield Problem(place, f"{path}.name", f"the user {user.name} is already given")
        if not user.password:
            yield Problem(place, f"{path}.password", f"the user {user.name} has no password")
        elif not user.insecure and not _HASH.fullmatch(user.password):
            fault = "is no hash of crypt(3); with `insecure: true` it would be the password itself"
            yield Problem(place, f"{path}.password", fault)
        names.add(user.name)

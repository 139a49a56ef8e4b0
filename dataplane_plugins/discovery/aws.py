"""AWS: services of EC2 instances, by their tags (EC2 API reference, "DescribeInstances").

An instance that runs and has the tags `HAProxy:Service:Name` and `HAProxy:Service:Port` belongs to
the service of that name and port; `HAProxy:Instance:Port` is the port of this instance alone.
"""

import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from dataplane_core.plugin import Code, Problem, Prop, impl, is_digits
from dataplane_plugins.discovery.signing import Credentials, Scope, signed
from dataplane_plugins.discovery.slots import backend_name
from dataplane_plugins.discovery.sources import Found, Instance, Source, SourceEntry, SourceFailed
from dataplane_plugins.discovery.web import Refused, fetch

if TYPE_CHECKING:
    from xml.etree import ElementTree

NAME_TAG, PORT_TAG = "HAProxy:Service:Name", "HAProxy:Service:Port"
OWN_PORT_TAG = "HAProxy:Instance:Port"
ADDRESSES = {"private": "privateIpAddress", "public": "ipAddress"}
_VERSION = "2016-11-15"
_SECONDS = 30.0
_MOST_PAGES = 1000
_RUNNING = {"instance-state-name": ["running"], "tag-key": [NAME_TAG]}

Filters = Mapping[str, Sequence[str]]


def _filters(name: str, help: str) -> Prop:
    items = (Prop("key", required=True), Prop("value", required=True))
    return Prop(name, "array", help=help, items=items)


PROPS = (
    Prop("id", pattern=r"^[^\s]+$", help="Id of the entry, made up by the server.", read_only=True),
    Prop("name", required=True, help="Name of the entry, a part of its backends' names."),
    Prop("region", required=True, help="Region of the instances, such as `eu-central-1`."),
    Prop("access_key_id", help="Id of the access key; otherwise that of the environment counts."),
    Prop("secret_access_key", secret=True, help="Secret of the access key."),
    Prop("ipv4_address", enum=tuple(ADDRESSES), required=True,
         help="Which address of an instance is its server's."),
    _filters("allowlist", "Filters of EC2 that an instance must match, such as `tag:Stage`."),
    _filters("denylist", "Filters of EC2 none of which an instance may match."),
)  # fmt: skip


class Ec2Client:
    """The EC2 API of a region.

    Its address is that of `AWS_ENDPOINT_URL_EC2` or `AWS_ENDPOINT_URL` in the environment, as for
    Amazon's own tools, else Amazon's.
    """

    def __init__(self, entry: SourceEntry, environ: Mapping[str, str] = os.environ) -> None:
        self.region = str(entry["region"])
        domain = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        given = environ.get("AWS_ENDPOINT_URL_EC2") or environ.get("AWS_ENDPOINT_URL")
        self.url = (given or f"https://ec2.{self.region}.{domain}").rstrip("/") + "/"
        self.credentials = Credentials(
            str(entry.get("access_key_id") or ""), str(entry.get("secret_access_key") or "")
        )
        if not self.credentials.id:
            names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
            self.credentials = Credentials(*(environ.get(name, "") for name in names))

    def instances(self, filters: Filters) -> "Iterator[ElementTree.Element]":
        """Return each instance that matches, as the element of the answer; raise `SourceFailed`."""
        asked = {"Action": "DescribeInstances", "Version": _VERSION}
        for at, (name, values) in enumerate(filters.items(), 1):
            asked[f"Filter.{at}.Name"] = name
            for number, value in enumerate(values, 1):
                asked[f"Filter.{at}.Value.{number}"] = value
        for _ in range(_MOST_PAGES):
            answer = self._ask(urlencode(asked).encode())
            yield from answer.iterfind("reservationSet/item/instancesSet/item")
            asked["NextToken"] = answer.findtext("nextToken") or ""
            if not asked["NextToken"]:
                return
        raise SourceFailed("EC2 goes on answering with further pages")

    def _ask(self, body: bytes) -> "ElementTree.Element":
        if not self.credentials.id or not self.credentials.secret:
            raise SourceFailed("there is no access key: set access_key_id and secret_access_key")
        scope = Scope(self.region, "ec2")
        kind = "application/x-www-form-urlencoded; charset=utf-8"
        headers = signed("POST", self.url, body, scope, self.credentials, datetime.now(UTC))
        sent = {**headers, "content-type": kind}
        try:
            data, _ = fetch("EC2", self.url, sent, _SECONDS, body)
        except Refused as error:
            code = _code_of(error.body)
            raise SourceFailed(f"EC2 answered with status {error.answered}{code}") from None
        return _parsed(data)


def _parsed(data: bytes) -> "ElementTree.Element":
    """Return the answer's tree, with tags without their namespace."""
    from xml.etree import ElementTree

    try:
        if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
            raise ValueError
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError):
        raise SourceFailed("EC2's answer is no XML that can be read") from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def _code_of(body: bytes) -> str:
    """Return Amazon's own code of a failure, such as `AuthFailure`."""
    try:
        code = _parsed(body).findtext("Errors/Error/Code") or ""
    except SourceFailed:
        return ""
    return f" ({code})" if re.fullmatch(r"[A-Za-z.]{1,80}", code) else ""


def watch(entry: SourceEntry, stop: threading.Event) -> Iterator[Found]:
    """Yield the services of a region, once in `retry_timeout` seconds."""
    client = Ec2Client(entry)
    while not stop.is_set():
        yield services(client, entry)
        stop.wait(max(1, int(entry.get("retry_timeout") or 1)))


def services(client: Ec2Client, entry: SourceEntry) -> Found:
    """Return the instances of each service; a service is named by its name and port."""
    allowed = _grouped(entry.get("allowlist") or ())
    denied = {
        str(one.findtext("instanceId"))
        for key, values in _grouped(entry.get("denylist") or ()).items()
        for one in client.instances({key: values})
    }
    found: dict[str, list[Instance]] = {}
    for one in client.instances(_both(_RUNNING, allowed)):
        id = str(one.findtext("instanceId"))
        tags = {tag.findtext("key"): tag.findtext("value") for tag in one.iterfind("tagSet/item")}
        name, port = tags.get(NAME_TAG), tags.get(PORT_TAG) or ""
        if not name or not is_digits(port) or id in denied:
            continue
        own = tags.get(OWN_PORT_TAG) or port
        address = one.findtext(ADDRESSES[entry.get("ipv4_address") or "private"]) or ""
        instance = Instance(address, int(own) if is_digits(own) else 0, id)
        found.setdefault(f"{name}-{port}", []).append(instance)
    return found


def _grouped(filters: Sequence[Mapping[str, str]]) -> dict[str, list[str]]:
    """Return the filters by key; a filter matches any of its values."""
    found: dict[str, list[str]] = {}
    for one in filters:
        found.setdefault(one["key"], []).append(one["value"])
    return found


def _both(own: Filters, given: Filters) -> Filters:
    """Return our filters, each replaced by the entry's if it has one, but for the state."""
    return {**own, **given, "instance-state-name": own["instance-state-name"]}


def prefix(entry: SourceEntry) -> str:
    """Return the prefix of the names of an entry's backends."""
    return backend_name(f"aws-{entry['region']}-", str(entry["name"])) + "-"


def problems(entry: SourceEntry) -> Iterator[Problem]:
    """Return the broken rules: the region is part of a host's name, and a key needs both halves."""
    if not re.fullmatch(r"[a-z0-9-]+", str(entry.get("region") or "")):
        yield Problem("region", Code.PATTERN, "region in body must be one such as eu-central-1")
    if bool(entry.get("access_key_id")) != bool(entry.get("secret_access_key")):
        message = "access_key_id and secret_access_key in body are required together"
        yield Problem("access_key_id", Code.REQUIRED, message)


SOURCE = Source(
    "aws",
    watch,
    prefix,
    PROPS,
    schema="awsRegion",
    title="AWSRegion",
    configured=lambda settings: settings.service_discovery.aws_regions,
    key="service_discovery.aws_regions",
    example={
        "enabled": False,
        "name": "machines",
        "region": "eu-central-1",
        "ipv4_address": "private",
        "retry_timeout": 60,
    },
    problems=problems,
)


@impl(optionalhook=True)
def dataplane_discovery() -> list[Source]:
    """AWS as a source."""
    return [SOURCE]

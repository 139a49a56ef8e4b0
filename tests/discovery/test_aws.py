"""AWS as a source: signatures, filters, pages; against `moto` where it is installed."""

import os
import shutil
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode

import pytest

from dataplane_plugins.discovery import aws
from dataplane_plugins.discovery.signing import Credentials, Scope, signed
from dataplane_plugins.discovery.sources import SourceFailed
from tests.discovery.support import DISCOVERY, discovering
from tests.harness.server import free_port
from tests.harness.waiting import PATIENCE, until

ENTRY = {"name": "test", "region": "us-east-1", "enabled": True, "retry_timeout": 1,
         "ipv4_address": "private", "access_key_id": "AKIDEXAMPLE",
         "secret_access_key": "s3cret"}  # fmt: skip
TAGS = {"HAProxy:Service:Name": "web", "HAProxy:Service:Port": "8080"}


def test_the_signature_of_amazons_own_example():
    secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    found = signed(
        "GET", "https://example.amazonaws.com/", b"", Scope("us-east-1", "service"),
        Credentials("AKIDEXAMPLE", secret), datetime(2015, 8, 30, 12, 36, tzinfo=UTC),
    )  # fmt: skip
    assert found["authorization"].endswith(
        "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    )


def item(id, address, **tags):
    listed = "".join(f"<item><key>{k}</key><value>{v}</value></item>" for k, v in tags.items())
    return (f"<item><instancesSet><item><instanceId>{id}</instanceId><privateIpAddress>{address}"
            f"</privateIpAddress><tagSet>{listed}</tagSet></item></instancesSet></item>")  # fmt: skip


class Ec2Double:
    """Answers pages, one reservation each; those of a denied filter first."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.pages = [item("i-1", "192.0.2.1", **TAGS)]
        self.denied = ""
        self.failure: tuple[int, str] | None = None
        double = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, text = double.answer(dict(parse_qsl(body)))
                data = text.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, asked: dict[str, str]) -> tuple[int, str]:
        self.asked.append(asked)
        if self.failure is not None:
            return self.failure
        page = int(asked.get("NextToken", "0"))
        items = self.pages[page]
        more = f"<nextToken>{page + 1}</nextToken>" if page + 1 < len(self.pages) else ""
        if "Filter.2.Name" not in asked:
            items, more = self.denied, ""
        space = "http://ec2.amazonaws.com/doc/2016-11-15/"
        return 200, (f'<DescribeInstancesResponse xmlns="{space}"><reservationSet>{items}'
                     f"</reservationSet>{more}</DescribeInstancesResponse>")  # fmt: skip


@pytest.fixture
def ec2() -> Iterator[Ec2Double]:
    double = Ec2Double()
    yield double
    double.server.shutdown()
    double.server.server_close()


def found(ec2, **more):
    entry = {**ENTRY, **more}
    return aws.services(aws.Ec2Client(entry, {"AWS_ENDPOINT_URL": ec2.url}), entry)


def test_services_are_named_by_tags_over_all_pages(ec2):
    own = {**TAGS, "HAProxy:Instance:Port": "9090"}
    ec2.pages = [
        item("i-1", "192.0.2.1", **TAGS),
        item("i-2", "192.0.2.2", **own),
        item("i-3", "x"),
    ]
    assert found(ec2) == {"web-8080": [("192.0.2.1", 8080, "i-1"), ("192.0.2.2", 9090, "i-2")]}


def test_filters_are_those_of_ec2(ec2):
    ec2.pages = [item("i-1", "192.0.2.1", **TAGS) + item("i-2", "192.0.2.2", **TAGS)]
    ec2.denied = item("i-2", "192.0.2.2", **TAGS)
    services = found(ec2, allowlist=[{"key": "tag:Stage", "value": "a"}, {"key": "tag:Stage", "value": "b"}],
                     denylist=[{"key": "tag:Old", "value": "1"}])  # fmt: skip
    assert [one.id for one in services["web-8080"]] == ["i-1"]
    assert [ec2.asked[0][f"Filter.1.{one}"] for one in ("Name", "Value.1")] == ["tag:Old", "1"]
    assert {"tag:Stage", "a", "b", "running"} <= set(ec2.asked[1].values())


def test_refusals_are_told_without_the_key(ec2):
    code = "<Response><Errors><Error><Code>AuthFailure</Code></Error></Errors></Response>"
    for ec2.failure, told in (((401, code), "status 401 .AuthFailure"), ((500, "?"), "status 500"),
                              ((200, "?"), "no XML"), ((200, "<!DOCTYPE a><a/>"), "no XML")):  # fmt: skip
        with pytest.raises(SourceFailed, match=told) as raised:
            found(ec2)
        assert "s3cret" not in raised.value.message


def test_without_a_key_nothing_is_asked(ec2):
    with pytest.raises(SourceFailed, match="access_key_id"):
        found(ec2, access_key_id="", secret_access_key="")
    assert ec2.asked == []


def test_entries_become_backends(ec2, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", ec2.url)
    with discovering(tmp_path) as api:
        made = api.add("aws", {**ENTRY, "name": "my region"})
        assert api.get(f"{DISCOVERY}/aws/{made['id']}") == made
        backend = "aws-us-east-1-my:20region-web-8080"
        until(lambda: set((api.servers(backend) or {}).values()) == {"192.0.2.1:8080"})


@pytest.mark.parametrize(
    "wrong",
    [{"region": "a.example/"}, {"secret_access_key": ""}, {"ipv4_address": "both"},
     {"allowlist": [{"key": "a"}]}],
)  # fmt: skip
def test_wrong_entries_are_refused(tmp_path, wrong):
    with discovering(tmp_path) as api:
        api.add("aws", {**ENTRY, "enabled": False, **wrong}, 422)


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """The address of a `moto` server; its program is on PATH or named by `MOTO_SERVER`."""
    program = os.environ.get("MOTO_SERVER") or shutil.which("moto_server")
    if program is None:
        pytest.skip("moto_server is not installed here")
    port = free_port()
    process = subprocess.Popen([program, "-p", str(port)], stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        with suppress(OSError):
            return urllib.request.urlopen(f"{url}/moto-api/", timeout=PATIENCE).status == 200
        return False

    until(answers)
    yield url
    process.terminate()
    process.wait(PATIENCE)


def tell(url: str, action: str, **more: str) -> bytes:
    """What EC2 answers to an action, in the region of `ENTRY`."""
    body = urlencode({"Action": action, "Version": "2016-11-15", **more}).encode()
    headers = signed("POST", f"{url}/", body, Scope("us-east-1", "ec2"), Credentials("a", "b"),
                     datetime.now(UTC))  # fmt: skip
    kind = {"content-type": "application/x-www-form-urlencoded"}
    request = urllib.request.Request(f"{url}/", body, {**headers, **kind})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return answer.read()


def run_instances(url: str, **tags: str) -> None:
    """Start an instance with tags."""
    asked = {"ImageId": "ami-12c6146b", "MinCount": "1", "MaxCount": "1",
             "TagSpecification.1.ResourceType": "instance"}  # fmt: skip
    for at, (key, value) in enumerate(tags.items(), 1):
        asked[f"TagSpecification.1.Tag.{at}.Key"] = key
        asked[f"TagSpecification.1.Tag.{at}.Value"] = value
    tell(url, "RunInstances", **asked)


def test_against_moto(moto):
    run_instances(moto, **TAGS, Stage="live")
    run_instances(moto, **TAGS, Stage="old")
    run_instances(moto, Stage="live")

    def ids(**more):
        entry = {**ENTRY, **more}
        services = aws.services(aws.Ec2Client(entry, {"AWS_ENDPOINT_URL": moto}), entry)
        assert services.keys() <= {"web-8080"}
        return {one.id for one in services.get("web-8080", ())}

    every = ids()
    assert len(every) == 2
    live = ids(allowlist=[{"key": "tag:Stage", "value": "live"}])
    assert len(live) == 1
    assert ids(denylist=[{"key": "tag:Stage", "value": "live"}]) == every - live


def test_instances_of_moto_become_servers_and_go(moto, tmp_path, monkeypatch):
    tags = {**TAGS, "HAProxy:Service:Name": "shop"}
    for port in ("8080", "8081"):
        run_instances(moto, **tags, **{"HAProxy:Instance:Port": port})
    monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", moto)
    with discovering(tmp_path) as api:
        api.add(
            "aws", {**ENTRY, "allowlist": [{"key": "tag:HAProxy:Service:Name", "value": "shop"}]}
        )
        backend = "aws-us-east-1-test-shop-8080"

        def ports():
            return {where.rpartition(":")[2] for where in (api.servers(backend) or {}).values()}

        until(lambda: ports() == {"8080", "8081"})
        services = aws.services(aws.Ec2Client(ENTRY, {"AWS_ENDPOINT_URL": moto}), ENTRY)
        first = next(one for one in services["shop-8080"] if one.port == 8080)
        tell(moto, "TerminateInstances", **{"InstanceId.1": first.id})
        until(lambda: ports() == {"8081"})
        assert api.status["failures"] == 0

"""Secrets in lines and in objects are hidden, and all else is shown as it is."""

from collections.abc import Iterator

import pytest

from dataplane_core.errors import Reference
from dataplane_core.resources.registry import Registry
from dataplane_core.resources.secrets import Secrets, is_sealed, unsealed
from dataplane_core.wiring import make_manager, register_collections


@pytest.fixture(scope="module")
def registry() -> Registry:
    return register_collections(make_manager())


@pytest.fixture(scope="module")
def secrets(registry: Registry) -> Secrets:
    return Secrets(registry)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("  user bob insecure-password hunter2 groups a", "  user bob insecure-password *** groups a"),
        ("  user 'bob' password \"$6$abc\" # x", "  user 'bob' password *** # x"),
        ("#  user bob password hunter2", "#  user bob password ***"),
        ("  user bob passwort hunter2 rest", "  user *** *** *** ***"),
        ("  user haproxy", "  user haproxy"),
        ("  stats auth admin:hunter2", "  stats auth ***"),
        ("  http-request set-header Authorization \"Basic aGk=\" if TRUE", "  http-request set-header Authorization *** if TRUE"),
        ("  http-request set-header Host hunter2", "  http-request set-header Host hunter2"),
        ("  http-request del-header Authorization", "  http-request del-header Authorization"),
        ("  http-request replace-header Cookie (.*)a b\\1", "  http-request replace-header Cookie *** ***"),
        ("  http-request return status 200 hdr x-api-key hunter2 hdr a b", "  http-request return status 200 hdr x-api-key *** hdr a b"),
        ("  http-check send hdr Authorization hunter2 hdr Host a", "  http-check send hdr Authorization *** hdr Host a"),
        ('  option httpchk GET / "HTTP/1.1\\r\\nAuthorization: Basic aGk=\\r\\nHost: a"',
         '  option httpchk GET / "HTTP/1.1\\r\\nAuthorization: ***\\r\\nHost: a"'),
        ("  acl in req.hdr(authorization) -m str hunter2", "  acl in req.hdr(authorization) -m str ***"),
        ("  acl in req.hdr(authorization) -m found", "  acl in req.hdr(authorization) -m found"),
        ("  http-request deny unless { req.hdr(X-Api-Key) hunter2 } || { src 10.0.0.1 }",
         "  http-request deny unless { req.hdr(X-Api-Key) *** } || { src 10.0.0.1 }"),
        ("  http-request redirect location https://me:hunter2@a.example/?token=hunter2&a=b",
         "  http-request redirect location https://***@a.example/?token=***&a=b"),
        ("  server s1 10.0.0.1:80 weight 5 tcp-md5sig hunter2", "  server s1 10.0.0.1:80 weight 5 tcp-md5sig ***"),
        ("  server s1 10.0.0.1:80 weight 5", "  server s1 10.0.0.1:80 weight 5"),
        ("  tcp-check send AUTH\\ hunter2\\r\\n", "  tcp-check send AUTH\\ ***\\r\\n"),
        ("  cluster-secret hunter2", "  cluster-secret ***"),
        ("  http-request set-query a=b&token=hunter2 if TRUE", "  http-request set-query a=b&token=*** if TRUE"),
        ("  http-request set-query token=hunter2&a=b", "  http-request set-query token=***&a=b"),
        ("  user bob password \"hunter2", "  user *** *** ***"),
        ("  http-request set-header Cookie \"hunter2", "  http-request *** *** ***"),
        ("", ""),
        ("  http-request set-header \"unclosed", "  http-request set-header \"unclosed"),
    ],
)  # fmt: skip
def test_a_line_is_shown_without_its_secrets(secrets: Secrets, line: str, shown: str) -> None:
    assert secrets.concealed(line) == shown
    assert secrets.concealed(line + "\n") == shown + "\n"


def test_what_is_commented_out_many_times_is_looked_at(secrets: Secrets) -> None:
    marks = "#\xa0" * 3000 + "\x0b# "
    assert secrets.concealed(f"{marks}user a password hunter2\n") == f"{marks}user a password ***\n"


def examples(registry: Registry) -> Iterator[tuple[str, str]]:
    for one in registry.collections.values():
        model = getattr(one, "model", None)
        statements = model.statements if model is not None else [one.table.statement]  # type: ignore[union-attr]
        for statement in statements:
            yield from ((one.kind if model is not None else "", line) for line in statement.examples)


def test_a_line_without_a_secret_stays_as_it_is(registry: Registry, secrets: Secrets) -> None:
    changed = {line for _, line in examples(registry) if secrets.concealed(line) != line}
    assert len(changed) < 40, "a few examples have a secret"
    said = ("password", "auth", "secret", "cookie", "md5sig", "pass", "token", "acme-vars", "dynamic-cookie-key", "key", "://")
    assert [line for line in changed if not any(word in line.lower() for word in said)] == []


def test_a_line_that_is_plain_by_its_text_is_so_when_it_is_read(
    registry: Registry, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [line for _, line in examples(registry)]
    lines += [f"# {line}" for line in lines] + [f"\xa0{line}" for line in lines]
    quick = [secrets.concealed(line) for line in lines]
    monkeypatch.setattr(Secrets, "_is_plain", lambda self, line: False)
    assert [secrets.concealed(line) for line in lines] == quick


def test_an_object_has_seals_in_the_place_of_secrets(secrets: Secrets) -> None:
    rule = Reference("http_request_rules", "frontend", "f", 0)
    values = {"type": "set-header", "hdr_name": "Authorization", "hdr_format": "Basic aGk=", "cond_test": "{ path /?token=x }"}
    sealed = secrets.sealed(rule, values)
    assert is_sealed(sealed["hdr_format"]) and is_sealed(sealed["cond_test"])
    assert unsealed(sealed) == {**values, "hdr_format": "***", "cond_test": "{ path /?token=*** }"}
    plain = {**values, "hdr_name": "X-Other", "hdr_format": "aGk=", "cond_test": "TRUE"}
    assert secrets.sealed(rule, plain) == plain
    check = Reference("http_checks", "backend", "b", 0)
    headers = [{"name": "Cookie", "fmt": "a=b"}, {"name": "Host", "fmt": "h"}]
    shown = unsealed(secrets.sealed(check, {"type": "send", "headers": headers}))
    assert shown["headers"] == [{"name": "Cookie", "fmt": "***"}, {"name": "Host", "fmt": "h"}]

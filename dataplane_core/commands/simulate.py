"""`dataplane simulate`: what a running server's configuration does with a request."""

import json
from pathlib import Path
from typing import Any

import click

from dataplane_core.commands.common import print_json
from dataplane_core.commands.remote import REFUSED, Client, remote_command, styled

_COLOURS = {"matched": "green", "not_reached": "bright_black"}


def _file(name: str, help: str) -> click.Option:
    return click.Option([name], type=click.File("rb"), help=help)


_PARAMETERS = (
    click.Argument(["target"], metavar="[URL]", required=False),
    click.Option(["--frontend"], help="Where it comes in, if the file has several frontends."),
    click.Option(["--bind"], help="The bind line by which it comes in: its name or address."),
    click.Option(["-X", "--method"], help="Method of the request."),
    click.Option(["-H", "--header", "headers"], multiple=True, help="`Name: value`; repeatable."),
    click.Option(["-b", "--cookie", "cookies"], multiple=True, help="`name=value`; repeatable."),
    click.Option(["-d", "--body"], help="Body of the request."),
    click.Option(["--source"], help="Address of the client."),
    click.Option(["--destination"], help="Address that the client connects to."),
    click.Option(["--sni"], help="Server name of TLS."),
    click.Option(["--payload"], help="First bytes of a connection that is no HTTP."),
    click.Option(["--status"], type=int, help="Status that the server answers, 200 unless given."),
    click.Option(
        ["--response-header", "answered"], multiple=True, help="`Name: value` of its answer."
    ),
    click.Option(
        ["--state"],
        type=click.Choice(["configured", "running"]),
        help="Servers, tables and maps as configured, or as they are now in the running HAProxy.",
    ),
    click.Option(["--transaction"], help="What would a transaction do with it?"),
    _file("--text", "What would the configuration in this file do with it?"),
    _file("--expect", "File of requests with what is expected, in YAML or JSON."),
)


@remote_command("simulate", *_PARAMETERS)
def simulate(
    client: Client, as_json: bool, target: str | None, transaction: str | None, text: Any,
    state: str | None, status: int | None, answered: tuple[str, ...],
    expect: Any, headers: tuple[str, ...], cookies: tuple[str, ...], **given: str | None,
) -> None:  # fmt: skip
    """Say where a request goes, and by which rules.

    HAProxy decides, in a process of its own, without any traffic.

    Ends with status 1 if a change (--transaction, --text) sends a request elsewhere, or if one is
    not treated as expected (--expect).
    """
    body = _expected(expect) if expect is not None else {"requests": []}
    one: dict[str, Any] = {
        name: value for name, value in {"url": target, **given}.items() if value is not None
    }
    if headers:
        one["headers"] = [_pair(header, ":", "--header") for header in headers]
    if cookies:
        pairs = (_pair(cookie, "=", "--cookie") for cookie in cookies)
        one["cookies"] = {pair["name"]: pair["value"] for pair in pairs}
    one |= _response(status, answered)
    if one or expect is None:
        body["requests"] = [*body["requests"], one]
    if transaction is not None:
        body["transaction"] = transaction
    if state is not None:
        body["state"] = state
    if text is not None:
        body["text"] = text.read().decode("utf-8", "surrogateescape")
    answer = client.send("POST", "simulate", body)
    if as_json:
        print_json(answer)
    else:
        _print(answer, body["requests"], in_full=expect is None)
    if answer.get("failed") or answer.get("elsewhere"):
        raise SystemExit(REFUSED)


def _response(status: int | None, headers: tuple[str, ...]) -> dict[str, Any]:
    """Return what a request says of its server's answer; nothing where that is not said."""
    said: dict[str, Any] = {} if status is None else {"status": status}
    if headers:
        said["headers"] = [_pair(header, ":", "--response-header") for header in headers]
    return {"response": said} if said else {}


def _expected(file: Any) -> dict[str, Any]:
    """Return the body that a file of expectations says."""
    from yaml import YAMLError, safe_load

    problem, found = "", None
    try:
        found = safe_load(file.read())
    except (YAMLError, UnicodeDecodeError, ValueError) as error:
        problem = f"is no YAML: {str(error).splitlines()[0]}"
    found = {"requests": found} if isinstance(found, list) else found
    if not problem and not (isinstance(found, dict) and isinstance(found.get("requests"), list)):
        problem = "has no list of requests"
    body: dict[str, Any] = {}
    try:
        body = json.loads(json.dumps(found, default=str)) if not problem else body
    except TypeError:
        problem = "has a key that is not a word"
    except (ValueError, RecursionError):
        problem = "has an alias of what it stands in"
    if problem:
        raise click.BadParameter(f"{_name(file)} {problem}", param_hint="--expect")
    return body


def _name(file: Any) -> str:
    return Path(getattr(file, "name", "the standard input")).name


def _pair(text: str, sign: str, option: str) -> dict[str, str]:
    name, found, value = text.partition(sign)
    if not found or not name.strip():
        raise click.BadParameter(f"{text!r} must be name{sign}value", param_hint=option)
    return {"name": name.strip(), "value": value.strip()}


def _print(answer: dict[str, Any], requests: list[dict[str, Any]], *, in_full: bool) -> None:
    for request, result in zip(requests, answer["results"], strict=True):
        wrong = result.get("failures") or result.get("elsewhere")
        mark = styled("✗ ", fg="red") if wrong else styled("✓ ", fg="green")
        click.echo(f"{mark if 'failures' in result or 'elsewhere' in result else ''}"
                   f"{_called(request)}: {_outcome(result)}")  # fmt: skip
        for name, value in result.get("before", {}).items():
            click.echo(f"    {name} was {value}")
        for sentence in result.get("failures", ()):
            click.echo(f"    {sentence}")
        if in_full:
            _print_rules(result)
    if "failed" in answer:
        count = len(answer["results"])
        click.echo(f"{count - answer['failed']} of {count} as expected")


def _called(request: dict[str, Any]) -> str:
    if "name" in request:
        return str(request["name"])
    if "payload" in request or ("sni" in request and "url" not in request):
        return str(request.get("sni", "a connection"))
    return f"{request.get('method', 'GET')} {request.get('url', '/')}"


def _outcome(result: dict[str, Any]) -> str:
    """Return what becomes of a request, in one line."""
    outcome, status = result["outcome"], result["status"]
    if outcome == "forwarded":
        server = result["server"] or f"one of {', '.join(result['candidates'])}"
        return f"backend {result['backend']}, server {server}"
    words = {
        "answered": f"HAProxy answers {status}",
        "closed": "HAProxy closes the connection",
        "refused": "HAProxy refuses the connection",
        "no_server": f"backend {result['backend']} has no server for it",
        "unknown": "HAProxy has not decided",
    }[outcome]
    where = f" to {result['location']}" if result["location"] else ""
    return words + where


def _print_rules(result: dict[str, Any]) -> None:
    for reason in ("decided_by", "backend_because", "server_because", "response_because"):
        if result[reason] is not None:
            line = result[reason].get("line")
            place = f" (line {line})" if line else ""
            click.echo(f"    {reason.replace('_', ' ')}: {result[reason]['text']}{place}")
    for rule in result["rules"]:
        state = rule["state"].replace("_", " ")
        words = " ".join(filter(None, (rule["does"], rule["condition"])))
        shown = f"    {rule['line']:>6}  {state:<11}  {words}"
        click.echo(styled(shown, fg=_COLOURS.get(rule["state"])))
    if result["response_status"] is not None:
        click.echo(f"    the client gets {result['response_status']}")
        for field in result["response_headers"]:
            click.echo(f"            {field['name']}: {field['value']}")
    for remark in result["remarks"]:
        place = f"line {remark['line']}: " if remark["line"] else ""
        click.echo(styled(f"    {place}{remark['text']}", fg="yellow"))

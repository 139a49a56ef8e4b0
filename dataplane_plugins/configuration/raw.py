"""`/services/haproxy/configuration/raw`: the whole text, read and replaced."""

from dataclasses import replace
from typing import Any

import falcon

from dataplane_core.plugin import (
    BAD_REQUEST,
    DEFAULT_RESPONSE,
    FORCE_RELOAD,
    NOT_FOUND,
    TRANSACTION_ID,
    VERSION,
    ApiRequest,
    BadRequest,
    Body,
    Code,
    Document,
    Invalid,
    Operation,
    Outcome,
    Parameter,
    Response,
    Routes,
    RuntimeFailed,
    Services,
    impl,
    parse_json,
    runtime_argument,
    show_outcome,
    split_header,
    to_json,
    with_last_newline,
)

PATH = "/services/haproxy/configuration/raw"
JSON = "application/json"
PLAIN = "text/plain"
HEADERS = ("Configuration-Version", "Configuration-Checksum", "Cluster-Version")

RUNTIME_COMMANDS = {
    "SetFrontendMaxConn": "set maxconn frontend {} {}",
    "SetServerMaxConn": "set maxconn server {}/{} {}",
    "SetServerAddr": "set server {}/{} addr {} port {}",
    "SetServerWeight": "set server {}/{} weight {}",
    "SetServerState": "set server {}/{} state {}",
    "SetServerHealth": "set server {}/{} health {}",
    "SetServerCheckPort": "set server {}/{} check-port {}",
    "SetServerAgentAddr": "set server {}/{} agent-addr {}",
    "SetServerAgentSend": "set server {}/{} agent-send {}",
    "EnableServer": "enable server {}/{}",
    "DisableServer": "disable server {}/{}",
    "EnableAgentCheck": "enable agent {}/{}",
    "DisableAgentCheck": "disable agent {}/{}",
    "EnableServerHealth": "enable health {}/{}",
    "DisableServerHealth": "disable health {}/{}",
}
"""Actions of the header `X-Runtime-Actions`, each with its command of the Runtime API
(Management Guide, section 9.3)."""


def runtime_commands(header: str) -> list[str]:
    """Return the commands for a header such as `SetServerWeight be s1 10;EnableServer be s2`.

    Raises `BadRequest` for an unknown action or a wrong number of arguments.
    """
    commands = []
    for part in filter(None, map(str.strip, header.split(";"))):
        name, *given = part.split()
        form = RUNTIME_COMMANDS.get(name)
        if form is None or form.count("{}") != len(given):
            raise BadRequest(f"X-Runtime-Actions: {part[:80]!r} is no action with its arguments")
        commands.append(form.format(*map(runtime_argument, given)))
    return commands


def checksum(text: str) -> str:
    """Return the MD5 in the `_md5hash` line of a text, or of the text if it has no such line."""
    head, rest = split_header(text)
    return head.checksum or _md5(rest.encode("utf-8", "surrogateescape"))


def _md5(data: bytes) -> str:
    import hashlib  # loads OpenSSL

    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def given_text(req: ApiRequest) -> str:
    """Return the text in a body, with its last newline: the body itself, or a JSON string."""
    text: Any = req.raw.decode("utf-8", "surrogateescape")
    if req.media_type == JSON:
        text = parse_json(req.raw)
        if not isinstance(text, str):
            raise BadRequest("the body must be a JSON string, the text of the configuration")
        if not text.strip():
            raise Invalid("data in body is required", code=Code.REQUIRED)
    return with_last_newline(text)


class ConfigurationText:
    """The text of haproxy.cfg, of a transaction or of a past version; a POST replaces it."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        wanted = req.query["version"] or None
        if wanted or req.query["transaction_id"] or req.hiding is not None:
            config = req.seen(self.services.config)
            text, version = config.raw_text(wanted, req.query["transaction_id"])
            data, digest = self._made(req, text, version)
        else:
            snapshot = req.snapshot = self.services.config.snapshot()
            version = None if snapshot.head.version is None else snapshot.version
            data, digest = snapshot.cache.made_once(
                (ConfigurationText, req.path), lambda: self._made(req, snapshot.text, version)
            )
        resp.set_header("Configuration-Checksum", digest)
        req.shown_version = version
        self._answer_with(resp, data)

    def _made(self, req: ApiRequest, text: str, version: int | None) -> tuple[bytes, str]:
        """Return the answer that shows a text, and the text's checksum."""
        return self._bytes(req.served.version.wrap(version, text)), checksum(text)

    def _bytes(self, shown: Any) -> bytes:
        """Return a text, or an envelope that holds it, as it is answered."""
        return to_json(shown)

    def _answer_with(self, resp: falcon.Response, data: bytes) -> None:
        resp.data = data

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        config, query = req.seen(req.scratch or self.services.config), req.query
        commands = runtime_commands(req.get_header("X-Runtime-Actions") or "")
        given = given_text(req)
        if query["only_validate"]:
            config.validate(given)
            resp.status = 202
            self._answer_with(resp, self._bytes(given))
            return
        with config.edit(
            version=query["version"],
            force_reload=query["force_reload"],
            author=req.author,
            options=req.change_options,
            skip_reload=query["skip_reload"],
            skip_version=query["skip_version"],
        ) as edit:
            edit.posted, rest = split_header(given)
            edit.document = Document.parse(rest, edit.document.language, edit.document)
        self._answer(req, resp, edit.outcome)
        if commands and query["skip_reload"] and not self.services.runtime.apply(commands):
            raise RuntimeFailed("the configuration is saved, but HAProxy did not carry out all of "
                                "X-Runtime-Actions")  # fmt: skip

    def _answer(self, req: ApiRequest, resp: falcon.Response, outcome: Outcome) -> None:
        text, _ = req.seen(req.scratch or self.services.config).raw_text(outcome.version)
        req.shown_version = outcome.version
        resp.status = 201
        if outcome.reload_id is not None:
            resp.status = 202
        show_outcome(resp, outcome, req.served.view.location)
        resp.set_header("Configuration-Checksum", checksum(text))
        self._answer_with(resp, self._bytes(text))


class PlainText(ConfigurationText):
    """The same, answered as it is."""

    def _bytes(self, shown: Any) -> bytes:
        return str(shown).encode("utf-8", "surrogateescape")

    def _answer_with(self, resp: falcon.Response, data: bytes) -> None:
        resp.content_type = PLAIN
        resp.data = data


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve the text of the configuration, to read and to replace."""
    text = {"type": "string"}
    read = Operation(
        "getHAProxyConfiguration",
        "Configuration",
        "Read the whole configuration. The text of the file, with its comments.",
        (TRANSACTION_ID, VERSION),
        repeatable=True,
        responses={
            "200": Response(text, HEADERS, "The text.", wrapped=True, required=True),
            "404": NOT_FOUND,
            "default": DEFAULT_RESPONSE,
        },
    )
    example = "global\n  maxconn 1000\n\ndefaults\n  mode http\n"
    write = Operation(
        "postHAProxyConfiguration",
        "Configuration",
        "Replace the whole configuration. HAProxy checks the text before it is put in place.",
        (
            _switch("skip_version", "Replace whatever version is there."),
            _switch("skip_reload", "Write the file and leave HAProxy as it is."),
            _switch("only_validate", "Say whether HAProxy takes the text, and write nothing."),
            Parameter(
                "X-Runtime-Actions",
                where="header",
                help="With skip_reload: what to do over the runtime socket, separated by `;`.",
            ),
            VERSION,
            FORCE_RELOAD,
        ),
        body=Body({**text, "example": example}, PLAIN, also=(JSON,), is_configuration=True),
        responses={
            "201": Response(text, HEADERS, "Replaced."),
            "202": Response(text, (*HEADERS, "Reload-ID"), "Replaced; a reload is under way."),
            "400": BAD_REQUEST,
            "default": DEFAULT_RESPONSE,
        },
    )
    routes.add(
        PATH, ConfigurationText(services), {"GET": read, "POST": write}, versions=("v1", "v2")
    )
    assert write.body is not None
    operations = {
        "GET": replace(read, produces=PLAIN),
        "POST": replace(write, produces=PLAIN, body=replace(write.body, also=())),
    }
    routes.add(PATH, PlainText(services), operations, versions=("v3",))


def _switch(name: str, help: str) -> Parameter:
    """Return a boolean query parameter that is false unless given."""
    return Parameter(name, "boolean", default=False, help=help)

"""A load balancer as the announcements have it: HAProxy, the server on the same files, traffic."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import Any

from dataplane_core.errors import RuntimeFailed
from dataplane_core.haproxy.addresses import SocketAddress
from dataplane_core.haproxy.master import processes
from dataplane_core.haproxy.runtime_client import RuntimeClient
from tests.harness.addresses import service_address
from tests.harness.clean_root import CleanRoot
from tests.harness.haproxy import DEFAULTS, HaproxyProcess, show_info
from tests.harness.server import PASSWORD, USER, Answer, ApiServer, free_port
from tests.harness.sites import sites
from tests.harness.waiting import until

VERSIONS = ["2.6", "2.8", "3.0", "3.2"]
START = """\
global
  localpeer {name}
  hard-stop-after {stop}
  stats socket {folder}/worker.sock mode 600 level admin
""" + DEFAULTS + """\
frontend fe_main
  bind 127.0.0.1:{port}
  default_backend be_main
"""
BACKEND = """\
backend {name}
  server s1 127.0.0.1:{port}
"""
FORM = {"Content-Type": "multipart/form-data; boundary=BB"}
FLAGS = ["--update-map-files", "--update-map-files-period=1"]


class Balancer:
    """What is done to one load balancer: calls below `services`, and requests of its visitors.

    Paths, queries and bodies are those of version 2, and are sent as `spoken` has them.
    """

    def __init__(
        self, api: ApiServer, program: str, folder: Path, port: int, spoken: str = "v2"
    ) -> None:
        self.api, self.program, self.folder, self.port = api, program, folder, port
        self.spoken = spoken
        self.client = api.client(spoken)
        self.services = self.client.services
        self.transaction: dict[str, str] = {}
        self.start = api.configuration.read_text("utf-8")
        self.worker = RuntimeClient(SocketAddress(path=str(folder / "worker.sock")))
        self.master = RuntimeClient(SocketAddress(path=str(folder / "master.sock")))

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        at = service_address(self.spoken, path, query, body)
        return self.client.call(method, f"/{self.spoken}{at.path}", at.body, **at.query)

    def get(self, path: str, **query: Any) -> Any:
        """What a GET answers with 200, out of its envelope if it has one."""
        answer = self.call("GET", path, **query)
        assert answer.status == 200, answer.body
        told = answer.json
        return told["data"] if isinstance(told, dict) and "data" in told else told

    def change(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        """Change the newest version of the configuration, and have HAProxy run the change."""
        path, done = f"configuration/{path}", {"POST": 201, "PUT": 200, "DELETE": 204}[method]
        if self.transaction:
            answer, done = self.call(method, path, body, **query, **self.transaction), 202
        else:
            query |= {"version": self.client.version(), "force_reload": "true"}
            answer = self.call(method, path, body, **query)
        assert answer.status == done, answer.body
        if not self.transaction:
            until(self.settled)
        return answer

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make the changes in the block one."""
        with self.client.transaction() as identifier:
            self.transaction = {"transaction_id": identifier}
            try:
                yield
            finally:
                self.transaction = {}
        until(self.settled)

    def spelled(self, plain: str, in_units: str) -> str:
        """What the version writes into the file: numbers as they came, or with their units."""
        return in_units if self.spoken == "v3" else plain

    def upload(self, path: str, name: str, content: str, field: str = "file_upload") -> Answer:
        """Send a file as `curl -F 'file_upload=@name'` does."""
        text = (
            f'--BB\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
            f"Content-Type: application/octet-stream\r\n\r\n{content}\r\n--BB--\r\n"
        )
        return self.client.call("POST", f"{self.services}/{path}", text=text, headers=FORM)

    def tell(self, command: str) -> str:
        """What HAProxy answers to a command."""
        return self.worker.command(command).strip()

    @property
    def pid(self) -> int:
        """The worker's process."""
        return int(show_info(self.worker)["Pid"])

    @property
    def version(self) -> str:
        """HAProxy's release, such as 2.8."""
        return ".".join(show_info(self.worker)["Version"].split(".")[:2])

    @property
    def text(self) -> str:
        return self.api.configuration.read_text("utf-8")

    def section(self, header: str) -> list[str]:
        """The lines below a header in the file, to the next header."""
        _, _, rest = self.text.partition(f"{header}\n")
        lines = takewhile(lambda line: line[:1] in ("", " ", "\t"), rest.splitlines())
        return [line.strip() for line in lines if line.strip()]

    def fetch(
        self, path: str = "/", host: str = "localhost", source: str = "127.0.0.1", **more: Any
    ) -> tuple[int, str]:
        """Status and body that a visitor gets."""
        visitor = http.client.HTTPConnection("127.0.0.1", self.port, 5, source_address=(source, 0))
        try:
            visitor.request(more.pop("method", "GET"), path, headers={"Host": host}, **more)
            answer = visitor.getresponse()
            return answer.status, answer.read().decode()
        finally:
            visitor.close()

    def settled(self) -> bool:
        """Whether HAProxy answers, and no former worker is left to answer visitors."""
        try:
            found = processes(self.master)
            return bool(found.fresh) and found.fresh == found.workers and bool(self.pid)
        except RuntimeFailed:
            return False

    def reset(self) -> None:
        """Have the configuration as it was, and no files."""
        text, version = self.start, self.client.version()
        path = f"{self.services}/configuration/raw"
        answer = self.client.call("POST", path, text=text, version=version, force_reload="true")
        assert answer.status == 201, answer.body
        until(self.settled)
        for kind in ("maps", "ssl_certificates", "general"):
            for one in self.get(f"storage/{kind}"):
                gone = self.call("DELETE", f"storage/{kind}/{one['storage_name']}")
                assert gone.status in (202, 204)
        for path in self.get("spoe/spoe_files"):
            assert self.call("DELETE", f"spoe/spoe_files/{Path(path).name}").status == 204


@contextmanager
def balancer(
    program: str,
    folder: Path,
    name: str = "lb1",
    installed: CleanRoot | None = None,
    spoken: str = "v2",
    stop: str = "100ms",
) -> Iterator[Balancer]:
    """Start HAProxy, the server on its configuration, and the sites be_main, be_api, be_static.

    A former worker has the time `stop` to end: each change waits for that, as connections are kept open.
    Calls are made through the version `spoken`. The server is that of the clone, or the one that was `installed`, set up as a newcomer does it.
    """
    names = ("be_main", "be_api", "be_static")
    port = free_port()
    with sites(*names) as behind:
        text = START.format(name=name, folder=folder, port=port, stop=stop) + "".join(
            BACKEND.format(name=site.name, port=site.port) for site in behind
        )
        (folder / "haproxy.cfg").write_text(text)
        with (
            HaproxyProcess(program, folder / "haproxy.cfg", folder) as process,
            server(program, folder, process, installed) as api,
        ):
            found = Balancer(api, program, folder, port, spoken)
            until(found.settled)
            yield found
            found.client.connection.close()  # the server waits for idle connections


def server(
    program: str, folder: Path, process: HaproxyProcess, installed: CleanRoot | None = None
) -> ApiServer:
    """The server, with the flags of the announcements."""
    reload = {"reload_cmd": "", "restart_cmd": "", "validate_cmd": "", "reload_delay": 1}
    settings = {"haproxy_bin": program, "master_runtime": str(process.master), "reload": reload}
    api = ApiServer(folder / "haproxy.cfg", folder, {"haproxy": settings})
    if installed is not None:
        set_up(installed, api)
    api.command += [f"--maps-dir={folder}/maps", f"--ssl-certs-dir={folder}/ssl", *FLAGS]
    return api


def set_up(installed: CleanRoot, api: ApiServer) -> None:
    """Have `dataplane init` find the running HAProxy and write the settings, for the wheel's server."""
    done = installed.run(
        installed.dataplane, "init", "-f", str(api.settings), "-c", str(api.configuration), "--force",
        "--port", str(api.port), "--state-dir", str(api.folder / "own"), "--user", USER,
        "--password-stdin", given=f"{PASSWORD}\n",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"master's socket  {api.folder}/master.sock" in done.stdout
    api.command = [installed.dataplane, "serve", "-f", str(api.settings), "--reload-delay=1"]
    api.environ = installed.environ

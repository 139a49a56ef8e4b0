"""Configurations on real files, and HAProxy's own word on whether it needs them."""

import subprocess
from pathlib import Path

from dataplane_core.references.survey import Configuration, Mention, Survey
from tests.storage.support import bundle

HEAD = """\
{top}
defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
frontend fe
  bind unix@/tmp/none.sock
  {line}
backend be
  server s 127.0.0.1:9
backend agents
  mode tcp
  server s 127.0.0.1:9
"""
MIRROR = """\
[mirror]
spoe-agent mirror
    messages one
    option var-prefix m
    timeout hello 1s
    timeout idle 1s
    timeout processing 1s
    use-backend agents
spoe-message one
    args a={sample}
    event on-frontend-http-request
"""


def lay_out(folder: Path) -> None:
    """Write the files that the cases name."""
    files = {
        "maps/x.map": b"/a one\n",
        "maps/other.map": b"/a one\n",
        "my maps/x.map": b"/a one\n",
        "lists/x.acl": b"192.0.2.1\n",
        "certs/site.pem": bundle("site.example.com"),
        "certs/other.pem": bundle("other.example.com"),
        "alone/site.pem": bundle("site.example.com"),
        "errors/503.http": b"HTTP/1.0 503 Gone\r\n\r\nbusy\n",
        "lua/x.lua": b"core.log(core.info, 'hello')\n",
        "lists/certs.txt": f"# {folder}/certs/other.pem\n{folder}/certs/site.pem [alpn h2]\n".encode(),
        "spoe/mirror.cfg": MIRROR.format(sample=f"path,map({folder}/maps/x.map)").encode(),
        "state/all": b"1\n",
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / "links").mkdir()
    (folder / "links/current.map").symlink_to(folder / "maps/x.map")
    (folder / "folder").symlink_to(folder / "maps")


def text_of(folder: Path, line: str, top: str = "") -> str:
    """A configuration with a line in its frontend, and with others at its top."""
    form = HEAD.replace("{line}", line).replace("{top}", top)
    return form.replace("{dir}", str(folder)).replace("{name}", folder.name)


def mentions(folder: Path, text: str, file: str) -> list[Mention]:
    """The places that name a file."""
    return list(survey(folder, text, file).mentions())


def survey(folder: Path, text: str, file: str) -> Survey:
    """The names in a configuration that may lead to a file."""
    return Survey(Configuration(folder / "haproxy.cfg", text), folder / file)


def accepts(program: str, folder: Path, text: str, **environ: str) -> bool:
    """Whether HAProxy takes a configuration."""
    config = folder / "haproxy.cfg"
    config.write_text(text)
    done = subprocess.run(
        [program, "-c", "-f", str(config)],
        capture_output=True,
        cwd=folder,
        env={"PATH": "/bin", **environ},
    )
    return done.returncode == 0

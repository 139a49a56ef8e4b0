"""docs/production.md: its commands are carried out by contrib/debian/session.py, in a Debian of its own.

That needs an unpacked Debian (tests/contrib/test_debian.py). Here stands that it leaves none out, and that what
the page says of sizes and rights is what other pages and files say.
"""

import re

from tests.harness.contrib import debian_package, locked
from tests.harness.recorded import TOP

PAGE = (TOP / "docs" / "production.md").read_text("utf-8")
SESSION = (TOP / "contrib" / "debian" / "session.py").read_text("utf-8")
BUILD = "Build the package"


def sections() -> dict[str, list[str]]:
    """The blocks of commands below each heading that has any."""
    parts = re.split(r"^## (.+)$", PAGE, flags=re.M)[1:]
    found = {
        heading: re.findall(r"```\n(.*?)```", text, re.S)
        for heading, text in zip(parts[::2], parts[1::2], strict=True)
    }
    return {heading: blocks for heading, blocks in found.items() if blocks}


def test_every_block_is_carried_out() -> None:
    carried_out = set(re.findall(r'page\("([^"]+)"\)', SESSION))
    assert set(sections()) == carried_out | {BUILD}


def test_the_package_is_built_as_tests_build_it() -> None:
    [[command]] = [block.splitlines() for block in sections()[BUILD]]
    assert command == "contrib/debian/build --to dist"
    assert (TOP / command.split()[0]).stat().st_mode & 0o100
    assert locked.SERVING.relative_to(TOP).as_posix() in PAGE


def test_the_rights_are_those_of_the_package() -> None:
    table = dict(re.findall(r"^\| `(/\S+)` \| `\w+` (\d+) \|", PAGE, re.M))
    for path, (_, mode) in debian_package.CONFIGURATION.items():
        assert int(table[f"/{path}"], 8) == mode
    unit = (TOP / "contrib" / "systemd" / "dataplane.service").read_text("utf-8")
    for name, path in (("State", "/var/lib/dataplane"), ("Logs", "/var/log/dataplane")):
        assert f"\n{name}DirectoryMode={table[path]}\n" in unit
    capabilities = re.search(r"^AmbientCapabilities=(.*)$", unit, re.M)
    assert capabilities is not None
    assert all(f"`{one}`" in PAGE for one in capabilities[1].split())


def test_the_exposure_is_that_of_the_units_page() -> None:
    said = re.findall(r"says ([0-9.]+)\.\s", PAGE)
    assert said
    assert f"says {said[0]}." in (TOP / "contrib" / "systemd" / "README.md").read_text("utf-8")


def test_sizes_are_the_defaults() -> None:
    settings = (TOP / "docs" / "settings.md").read_text("utf-8")
    assert "| `history_size` | size | `64MiB` |" in settings
    assert "`history_size` (64 MiB)" in PAGE
    assert "| `workers` | integer | `2` |" in settings
    rotation = (TOP / "contrib" / "systemd" / "dataplane.logrotate").read_text("utf-8")
    assert all(line in rotation for line in ("weekly", "rotate 8", "maxsize 100M"))

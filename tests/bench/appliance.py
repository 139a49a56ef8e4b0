"""The one-file builds of contrib/appliance beside the server as it is installed: size, start, memory."""

import statistics
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from tests.bench.run import Run
from tests.bench.tables import Row, Table
from tests.harness.recorded import TOP

_PROGRAM = [sys.executable, str(TOP / "contrib" / "appliance")]
_SERVER = Path(sys.executable).with_name("dataplane")
_ALONE = "dataplane: {workers: 1, master: false, threads: 4, plugins: {only: [%s]}}\n"


def appliance(run: Run) -> list[Table]:
    """Start and memory of each, each in a folder of its own; the limits are those of the smallest set."""
    sys.path.insert(0, str(TOP / "contrib" / "lib"))
    from appliance import chosen, measured

    heads = ["what", "plugins", "size (MiB)", "first 200 (ms)", "times `import falcon`"]
    heads += ["memory at rest (MiB)", "after an edit (MiB)"]
    limit = f"≤ {measured.TIMES_IMPORT:g} times the import and ≤ {measured.MEBIBYTES:g} MiB for the smallest set"
    table = Table("One file", heads, limit=limit)
    rounds, folder = min(run.effort.rounds, 3), run.new_folder()
    folder.mkdir()
    settings = folder / "settings.yaml"
    brought = (TOP / "contrib" / "lib" / "appliance" / "settings.yaml").read_text("utf-8").split("\ndataplane:")[0]
    everything, smallest = len(chosen.own_plugins()), len(chosen.SMALLEST)
    for name, plugins, own in (
        ("installed: all, 2 workers", everything, ""),
        ("installed: smallest set, one process", smallest, _ALONE % ", ".join(chosen.SMALLEST)),
    ):
        place = folder / name.replace(" ", "-")
        command = ["sh", "-c", _in_folder(brought + "\n" + own, settings, place), name]
        _row(table, measured, name, plugins, command, rounds, None)
    for form in ("zip", "whole"):
        for set_name, plugins in (("smallest", smallest), ("full", everything)):
            file = folder / f"{form}-{set_name}"
            subprocess.run([*_PROGRAM, "--installed", "--form", form, "--set", set_name, "--output", file], check=True)
            limited = measured if set_name == "smallest" else None
            _row(table, measured, f"{form}: {set_name} set, one process", plugins, [str(file)], rounds, limited)
    return [table]


def _in_folder(text: str, settings: Path, place: Path) -> str:
    """A script that starts the installed server on settings for the folder that it is given."""
    settings = settings.with_name(f"{place.name}.yaml")
    settings.write_text(text, "utf-8")
    mine = '"$DATAPLANE_FOLDER/settings.yaml"'
    return f"sed \"s,@FOLDER@,$DATAPLANE_FOLDER,\" '{settings}' > {mine} && exec '{_SERVER}' \"$1\" -f {mine}"


def _row(
    table: Table,
    measured: ModuleType,
    name: str,
    plugins: int,
    command: list[str],
    rounds: int,
    limited: ModuleType | None,
) -> None:
    found = measured.measured(command, rounds)
    size = f"{found.size / (1 << 20):.1f}" if command[0] != "sh" else ""
    cells = [name, str(plugins), size, f"{statistics.median(found.answers) * 1000:.0f}"]
    cells += [f"{found.times_import:.1f}", f"{statistics.median(found.idle):.1f}"]
    cells += [f"{statistics.median(found.edited):.1f}"]
    table.rows.append(Row(cells, found.holds if limited else None))

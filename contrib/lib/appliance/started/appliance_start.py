"""What one file of the server does before the command that it is given."""

import os
import sys

import appliance_lean
import appliance_modules
import appliance_native
from appliance_facts import FACTS
from appliance_native import ARCHIVE, FOLDER, MARK, kept

SETTINGS = "DATAPLANE_SETTINGS"
PRINTED = {"manifest": "appliance.json", "licences": "licences.txt"}


def main() -> None:
    """Prepare the process, then run the command as `dataplane`, or `dataplaneapi`, does."""
    if len(sys.argv) == 2 and (entry := PRINTED.get(sys.argv[1])):
        sys.stdout.write(appliance_modules.read(ARCHIVE, entry).decode())
        return
    appliance_modules.install(__loader__)
    appliance_native.install()
    appliance_lean.install()
    from dataplane_core import cli

    if os.access(FOLDER, os.W_OK):
        settle_temporary()
        settle_settings()
    if os.path.basename(sys.argv[0]).startswith("dataplaneapi"):
        cli.serve_main()
    else:
        cli.main()


def settle_temporary() -> None:
    """Have temporary files made in the one folder, but where somebody has said something else."""
    if "TMPDIR" not in os.environ:
        path = os.path.join(FOLDER, MARK, "tmp")
        if not os.path.isdir(path):
            os.makedirs(path, exist_ok=True)
            os.chmod(path, 0o1777)  # the server may become another user
        os.environ["TMPDIR"] = path


def settle_settings() -> None:
    """Name the settings that the file brings, where there are no others.

    `-f FILE`, the environment and the files at the usual places go before them.
    """
    from dataplane_core.settings.load import DEFAULT_FILES

    if SETTINGS not in os.environ and not any(map(os.path.exists, DEFAULT_FILES)):
        text = FACTS["settings"].replace("@FOLDER@", FOLDER)
        os.environ[SETTINGS] = kept("settings.yaml", os.fsencode(text))

"""Start the server out of this one file: what the file itself needs, then the command."""

import sys

sys.dont_write_bytecode = True  # nothing is written but what this program says
from appliance_facts import FACTS  # noqa: E402

if sys.version_info[:2] != FACTS["python"] or sys.implementation.name != "cpython":
    there = ".".join(map(str, sys.version_info[:2]))
    wanted = ".".join(map(str, FACTS["python"]))
    sys.exit(
        f"this file was built for CPython {wanted}, and {sys.executable} is {there}: "
        f"start it with `python{wanted} {sys.argv[0]}`, or build it for {there}"
    )
import appliance_start  # noqa: E402

appliance_start.main()

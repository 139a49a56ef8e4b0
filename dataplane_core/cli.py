"""Run the commands: `dataplane` with its subcommands, and `dataplaneapi`, the server alone.

A server that is given nothing but its settings file is started without click, which takes a
twentieth of the start, and would stay in the memory of the server.
"""

import sys
from collections.abc import Sequence

from dataplane_core.server.postponed_modules import HARDLY_NEEDED, TreeVisitor, lent, postpone

postpone(HARDLY_NEEDED)  # before the libraries are imported that import them
with lent("ast", {"NodeVisitor": TreeVisitor}):
    import inspect  # noqa: F401 (it is what inherits from that)


def main() -> None:
    """Run `dataplane` with its command line."""
    if sys.argv[1:2] == ["serve"] and _is_plain(sys.argv[2:]):
        _serve(sys.argv[3:])
    else:
        from dataplane_core.commands.group import main

        main()


def serve_main() -> None:
    """Run `dataplaneapi` with its command line."""
    if _is_plain(sys.argv[1:]):
        _serve(sys.argv[2:])
    else:
        from dataplane_core.commands.group import serve_main

        serve_main()


def _is_plain(words: Sequence[str]) -> bool:
    """Return whether the words of a command line are no more than `-f FILE`."""
    return not words or (len(words) == 2 and words[0] == "-f" and words[1][:1] not in ("", "-"))


def _serve(files: Sequence[str]) -> None:
    from dataplane_core.commands.serving import serve
    from dataplane_core.settings.table import FILE

    try:
        serve(dict(zip([FILE], files, strict=False)))
    except KeyboardInterrupt:
        sys.exit("Aborted!")

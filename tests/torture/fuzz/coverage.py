"""Let atheris feed one target: `python -m tests.torture.fuzz.coverage TARGET SECONDS FOLDER`.

What is imported before counts no branches, so that each target has a process of its own.
"""

import sys
from pathlib import Path

LONGEST = 10_000
"""Bytes of an input at most."""
_LANGUAGE = ("dataplane_core.text", "dataplane_core.grammar")
CODE: dict[str, tuple[str, ...]] = {
    "text": _LANGUAGE, "grammar": _LANGUAGE, "spoe": (*_LANGUAGE, "dataplane_plugins.spoe"),
    "yaml": ("dataplane_core.settings",), "hcl": ("dataplane_core.settings",),
    "crt-lists": ("dataplane_plugins.tls",), "pem": ("dataplane_plugins.tls",),
    "maps": ("dataplane_plugins.patterns",), "show map": ("dataplane_plugins.patterns",),
    "show map entries": ("dataplane_plugins.patterns",),
    "consul": ("dataplane_plugins.discovery",), "ec2": ("dataplane_plugins.discovery",),
    "show proc": ("dataplane_core.haproxy",), "keywords": ("dataplane_core.haproxy",),
    "show servers state": ("dataplane_plugins.server_states",),
}  # fmt: skip
"""Whose branches count for a target: of all of them, to prepare these would take minutes."""


def run(name: str, seconds: int, folder: Path) -> None:
    """Run a target on what atheris makes of its corpus; ends the process, with the first fault at the latest."""
    import atheris  # an extra of its own

    with atheris.instrument_imports(include=[*CODE.get(name, ("dataplane_plugins.runtime",))]):
        from tests.torture.fuzz.running import fault, timed
        from tests.torture.fuzz.targets import every_target

        target = every_target()[name]
        corpus = [one.encode("utf-8", "surrogateescape")[:LONGEST] for one in target.corpus()]
        target(corpus[0])  # loads what it postpones
    for at, data in enumerate(corpus):
        (folder / f"{at:05}").write_bytes(data)

    def once(data: bytes) -> None:
        try:
            timed(target, data)
        except Exception as error:
            print(fault(name, data, error), flush=True)
            raise

    options = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-timeout=60", "-rss_limit_mb=2000"]
    atheris.Setup([sys.argv[0], str(folder), f"-artifact_prefix={folder}/", "-print_final_stats=1", *options], once)
    atheris.Fuzz()


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))

"""`option httpclose` and its like: whether connections are kept (manual, section 4.2)."""

from collections.abc import Iterable, Sequence
from typing import Any

from dataplane_core.plugin import LineContent, LineForm, Prop, Statement, Values, choose, nothing
from dataplane_plugins.configuration.proxies.section_kinds import FRONT, ONLY_BACKEND, taken_by

MODES = ("httpclose", "http-server-close", "http-keep-alive")
_HELP = "Whether connections are closed or kept between requests."


class BackendConnectionMode(Statement):
    """The mode of a backend, as `http_connection_mode` and as one property for each option.

    `http_connection_mode` takes precedence in a body that has both. Only the properties of the
    options can undo an option of the defaults (`disabled`).
    """

    single = False

    def __init__(self) -> None:
        self.on = {mode: LineForm(f"option {mode}", nothing) for mode in MODES}
        self.off = {mode: LineForm(f"no option {mode}", nothing) for mode in MODES}
        self.by_form = {
            form: (mode, value)
            for value, forms in (("enabled", self.on), ("disabled", self.off))
            for mode, form in forms.items()
        }
        super().__init__(
            self.by_form,
            examples=[f"{no}option {mode}" for mode in MODES for no in ("", "no ")],
            rejects=["option httpclose x"],
        )

    def declared(self) -> Iterable[Prop]:
        yield Prop("http_connection_mode", enum=MODES, help=_HELP)
        for mode in MODES:
            yield Prop(
                mode,
                enum=("enabled", "disabled"),
                deprecated=True,
                help=f"`option {mode}`; http_connection_mode says the same.",
            )

    def collect(self, contents: Sequence[LineContent]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for form, _ in contents:
            mode, value = self.by_form[form]
            values[mode] = value
            if value == "enabled":
                values["http_connection_mode"] = mode
        return values

    def spread(self, values: Values) -> list[LineContent]:
        mode = values.get("http_connection_mode")
        chosen = [one for one in MODES if values.get(one) == "enabled"] if mode is None else [mode]
        undone = [one for one in MODES if values.get(one) == "disabled" and one not in chosen]
        forms = [self.on[one] for one in chosen] + [self.off[one] for one in undone]
        return [(form, {}) for form in forms]


CONNECTION_MODE = (
    *taken_by(
        FRONT,
        choose(
            "http_connection_mode",
            {mode: (f"option {mode}", nothing) for mode in MODES},
            help=_HELP,
            examples=[f"option {mode}" for mode in MODES],
            rejects=["option httpclose x"],
        ),
    ),
    *taken_by(ONLY_BACKEND, BackendConnectionMode()),
)

"""Say what is wrong with settings, with the place, so that a person can mend it."""

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import StartRefused


@dataclass(frozen=True, slots=True)
class SettingsProblem:
    """One thing to mend: the place (file and line, flag, variable), the key, and what is wrong."""

    place: str
    key: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.place, self.key, self.message) if part)


class SettingsError(StartRefused):
    """The server cannot start with these settings; `problems` are all that were found."""

    def __init__(self, problems: tuple[SettingsProblem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems

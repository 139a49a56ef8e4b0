"""What can be wrong with settings, and how a person is told."""

from dataclasses import dataclass

from dataplane_core.errors import StartRefused


@dataclass(frozen=True, slots=True)
class SettingsProblem:
    """One thing to mend: its place (file and line, flag, variable), its key and what is wrong."""

    place: str
    key: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.place, self.key, self.message) if part)


class SettingsError(StartRefused):
    """The settings stop the start; every problem that was found is in `problems`."""

    def __init__(self, problems: tuple[SettingsProblem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems

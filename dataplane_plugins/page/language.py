"""`/language`: the words of the configuration language with their help, for editors."""

import falcon

from dataplane_core.plugin import (
    DEFAULT_RESPONSE,
    OWN,
    ApiRequest,
    Fragment,
    InVersion,
    Operation,
    Response,
    Routes,
    View,
    impl,
    to_json,
)

_WORDS: Fragment = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["keyword", "help"],
        "properties": {
            "keyword": {"type": "string", "description": "The first words of the line."},
            "help": {"type": "string", "description": "What it is for."},
            "example": {"type": "string", "description": "A whole line."},
            "values": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Words that may follow.",
            },
        },
    },
}
_LANGUAGE: Fragment = {
    "type": "object",
    "required": ["sections", "lines", "parameters"],
    "properties": {
        "sections": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "kind": {"type": "string", "description": "The word that begins the section."},
                    "named": {"type": "boolean", "description": "Whether a name follows."},
                    "help": {"type": "string", "description": "What it is for."},
                },
            },
        },
        "lines": {
            "type": "object",
            "additionalProperties": _WORDS,
            "description": "The lines that a section can have, by its kind.",
        },
        "parameters": {
            "type": "object",
            "additionalProperties": _WORDS,
            "description": "The words that can follow on a line, by the word that begins it.",
        },
    },
}


class LanguageWords:
    """The words, computed when they are first asked for."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._data = b""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        if not self._data:
            from dataplane_plugins.page.language_words import language_of

            self._data = to_json(language_of(self._view))
        resp.data = self._data


@impl
def dataplane_routes(routes: Routes) -> None:
    """Serve the words."""
    routes.tag("Language", "The words of the configuration language.", 22)
    routes.schema("language", _LANGUAGE, versions=OWN)
    read = Operation(
        "getLanguage",
        "Language",
        "Read the words of the language. Sections, lines and parameters that the server knows, "
        "those of plugins among them, with their help.",
        responses={
            "200": Response({"$ref": "language"}, (), "The words."),
            "default": DEFAULT_RESPONSE,
        },
    )
    routes.add("/language", InVersion(LanguageWords), {"GET": read}, OWN)

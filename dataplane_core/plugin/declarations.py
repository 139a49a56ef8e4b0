"""What a plugin declares of the configuration: collections, lines, words, and names in them.

Plugins import these names from `dataplane_core.plugin`.
"""

from dataplane_core.api.desired_objects import DesiredObjects
from dataplane_core.api.resource_paths import reference_at
from dataplane_core.grammar import *
from dataplane_core.grammar.address import PORT, Address
from dataplane_core.grammar.dispatch import Case, Template
from dataplane_core.grammar.parameter_keywords import ParameterKeyword
from dataplane_core.grammar.parameter_table import keyword_words
from dataplane_core.grammar.props import Layout, unwritable
from dataplane_core.grammar.reconcile import StatementLine
from dataplane_core.grammar.statements import LineContent, RowStatement, SingleStatement
from dataplane_core.grammar.terms import ImpliedValue, Scalar, UnwrittenValue
from dataplane_core.grammar.values import WORD
from dataplane_core.references.existing import finder_of_files, reader_for, reader_of_files
from dataplane_core.references.file_parts import FilePlace
from dataplane_core.references.names_in_files import FileUse, NamesInFiles, newly_dangling_in_files
from dataplane_core.resources.changes import NeedsReload
from dataplane_core.resources.collections import (
    Collection,
    Naming,
    RowCollection,
    RowCommands,
    SectionCollection,
    SingleSection,
)
from dataplane_core.resources.desired_text import DesiredText
from dataplane_core.resources.extra_props import METADATA
from dataplane_core.resources.file_language import FilePart, GivenNames, ScriptLanguage
from dataplane_core.resources.locate import object_at, refuse_namesake
from dataplane_core.resources.masks import Mask
from dataplane_core.resources.name_readers import NameReaders
from dataplane_core.resources.placing import (
    inherited_sections,
    place_section,
    place_section_beside,
    with_defaults,
)
from dataplane_core.resources.query_words import Orphans, Parent
from dataplane_core.resources.referring import (
    NamedUse,
    dangling,
    newly_dangling,
    referrers,
    targets,
    unused,
)
from dataplane_core.resources.renaming import rename, rename_uses
from dataplane_core.resources.scope import Scope, read_scope
from dataplane_core.resources.whole_section import WholeSection, repeated
from dataplane_core.settings.yaml_nodes import compose_yaml, scalar_kind
from dataplane_core.text import (
    Document,
    Line,
    Section,
    has_variable,
    is_words,
    plain_word,
    split_words,
    unquote,
)
from dataplane_core.text.language import DEFAULTS, FRONTENDS, LISTEN, Language
from dataplane_core.text.lines import with_last_newline
from dataplane_core.text.matching import opcodes
from dataplane_core.text.numbers import is_digits, parse_integer
from dataplane_core.text.section import SCOPE_KIND
from dataplane_core.text.tokens import CONTROL_CHARACTERS

__all__ = [
    # Sections, and the lines in them.
    "Model", "statement", "statements", "keyword", "option", "toggle", "choose", "prefer",
    "gathered", "merged", "nested", "shared", "first_counts", "each_counts",
    "dangerous",
    # Values of one word, or of none.
    "word", "maybe_word", "integer", "number_of", "duration", "seconds", "size", "one_of",
    "on_off", "mapped", "listed", "rest", "const",
    # Values of several words.
    "seq", "opt", "lit", "nothing", "checked", "first_of", "just_one", "renamed", "spelled",
    "group", "many", "dispatch", "case", "rule",
    # Tables of keywords, and the keywords in them.
    "params", "arg", "args", "joined", "flag", "switch", "either", "variants", "synonym",
    "alias", "unsaid", "loose",
    # What declarations consist of, and what they give.
    "Statement", "LineForm", "Row", "RowTable", "Term", "ParameterTable", "Prop", "Values",
    "Reading", "NoMatch", "Problem", "misplaced", "of_item",
    # Values that name something.
    "NameOf", "InSection", "Files", "FileWith", "Prefixed", "InNamed", "ByChoice", "Patterns",
    "Declared", "Function", "NameKind", "Format", "CONDITION", "EXPRESSION", "FORMAT", "FILES",
    "SERVERS", "STICK_TABLES", "ASSIGNED", "BACKENDS",
    # Collections: `registry.sections`, `rows`, `single`, `extend`.
    "Orphans", "Parent", "Mask", "METADATA", "WholeSection", "repeated", "RowCommands",
    "NeedsReload", "Collection", "RowCollection", "SectionCollection", "SingleSection",
    "Naming",
    # Who refers to what by its name.
    "NamedUse", "dangling", "newly_dangling", "referrers", "targets", "unused", "rename",
    "rename_uses", "reference_at", "finder_of_files", "reader_of_files", "reader_for",
    "NamesInFiles", "newly_dangling_in_files", "FileUse", "FilePlace", "FilePart",
    "NameReaders", "ScriptLanguage", "GivenNames",
    # Text, as HAProxy reads it, and documents in YAML.
    "compose_yaml", "scalar_kind", "Document", "Section", "Line", "Language", "has_variable",
    "is_words", "plain_word", "split_words", "unquote", "with_last_newline", "opcodes",
    "parse_integer", "is_digits", "SCOPE_KIND", "DEFAULTS", "FRONTENDS", "LISTEN",
    "CONTROL_CHARACTERS", "place_section", "place_section_beside", "with_defaults",
    "inherited_sections", "refuse_namesake", "DesiredText", "DesiredObjects", "Scope",
    "read_scope", "object_at",
    # Parts of the grammar for classes of one's own.
    "keyword_words", "Address", "PORT", "Case", "Template", "ParameterKeyword", "Layout",
    "LineContent", "StatementLine", "RowStatement", "SingleStatement", "ImpliedValue", "Scalar",
    "UnwrittenValue", "unwritable", "WORD",
]  # fmt: skip

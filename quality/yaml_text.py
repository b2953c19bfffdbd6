"""YAML as far as our files and contracts need it: plain values, no references, no tags.

A document of a stranger is read without anchors, since a few lines of those unfold to more than a
machine holds, and dates stay the texts that they were written as.
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import cast

import yaml

from catalog.view import Json
from quality.errors import UnreadableDocument

CHARACTERS_MAX = 500_000
"""Of a document that somebody sends."""
_RARE_LINE_ENDS = frozenset("\x85\u2028\u2029")


class _PlainLoader(yaml.SafeLoader):
    """Reads neither references nor dates."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("a reference")
        return super().compose_node(parent, index)


_PlainLoader.yaml_implicit_resolvers = {
    start: [(tag, pattern) for tag, pattern in held if tag != "tag:yaml.org,2002:timestamp"]
    for start, held in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _PlainDumper(yaml.SafeDumper):
    """Quotes the rarer ends of lines, which are spaces where they are not quoted.

    A name of a closed list is written as its text, as in JSON.
    """

    def represent_str(self, text: str) -> yaml.ScalarNode:
        style = '"' if _RARE_LINE_ENDS & set(text) else None
        return self.represent_scalar("tag:yaml.org,2002:str", str(text), style=style)


_PlainDumper.add_representer(str, _PlainDumper.represent_str)
_PlainDumper.add_multi_representer(StrEnum, _PlainDumper.represent_str)


def read_yaml(text: str) -> object:
    """One of our own files."""
    return yaml.safe_load(text)


def read_document(text: str) -> dict[str, Json]:
    """A document that somebody sent, in YAML or JSON, which is YAML too; an object at its top.

    Raises: UnreadableDocument.
    """
    if len(text) > CHARACTERS_MAX:
        raise UnreadableDocument(CHARACTERS_MAX)
    try:
        found = yaml.load(text, Loader=_PlainLoader)  # noqa: S506 - a safe loader of our own
        plain = json.loads(json.dumps(found, allow_nan=False))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        raise UnreadableDocument(CHARACTERS_MAX) from None
    if not isinstance(plain, dict) or "\\u0000" in json.dumps(plain):
        raise UnreadableDocument(CHARACTERS_MAX)
    return cast("dict[str, Json]", plain)


def write_yaml(document: dict[str, Json]) -> str:
    """The document in YAML, its fields in their order."""
    written: str = yaml.dump(
        document, Dumper=_PlainDumper, allow_unicode=True, sort_keys=False, width=100
    )
    return written

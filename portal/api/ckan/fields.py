"""Reading fields that a client sent, with the messages that CKAN has for what is wrong.

A `Fields` gathers every message before anything is refused, as clients expect to see them all.

Source: CKAN 2.12, `ckan.logic.validators`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from catalog.view import Json
from portal.api.ckan.call import TRUE_WORDS, uuid_of
from portal.api.ckan.errors import MISSING, ShapeRefused, ValidationFailed

NAME_LEAST_CHARACTERS: Final = 2
NAME_MOST_CHARACTERS: Final = 100
_NAME: Final = re.compile(r"[a-z0-9_\-]*")
_TAG: Final = re.compile(r"[\w \-.]*", re.UNICODE)
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_NOT_NAMES: Final = ("new", "edit", "search")


class Fields:
    """The fields of one object that was sent, and what is wrong with them."""

    def __init__(self, sent: Mapping[str, Json]) -> None:
        self.sent = sent
        self.errors: dict[str, list[Json]] = {}

    def refuse(self, name: str, message: Json) -> None:
        """Take down what is wrong with a field."""
        self.errors.setdefault(name, []).append(message)

    def check(self) -> None:
        """Refuse everything that was found wrong, at once.

        Raises: ValidationFailed.
        """
        if self.errors:
            raise ValidationFailed(self.errors)

    def has(self, name: str) -> bool:
        """Whether the field was sent with anything but null."""
        return self.sent.get(name) is not None

    def text(self, name: str) -> str:
        """A text; what is not one is written out as JSON."""
        return plain_text(self.sent.get(name))

    def email(self, name: str) -> str:
        """An address of e-mail, or nothing."""
        text = self.text(name).strip()
        if text and not _EMAIL.fullmatch(text):
            self.refuse(name, f"Email {text} is not a valid format")
        return text

    def name(self, field: str = "name") -> str:
        """A name in addresses."""
        value = self.sent.get(field)
        if value is None or value == "":
            self.refuse(field, MISSING)
            return ""
        if not isinstance(value, str):
            self.refuse(field, "Names must be strings")
            return ""
        if value in _NOT_NAMES:
            self.refuse(field, "That name cannot be used")
        elif len(value) < NAME_LEAST_CHARACTERS:
            self.refuse(field, f"Must be at least {NAME_LEAST_CHARACTERS} characters long")
        elif len(value) > NAME_MOST_CHARACTERS:
            self.refuse(field, f"Name must be a maximum of {NAME_MOST_CHARACTERS} characters long")
        elif not _NAME.fullmatch(value):
            self.refuse(
                field,
                "Must be purely lowercase alphanumeric (ascii) characters and these symbols: -_",
            )
        return value

    def truth(self, name: str) -> bool:
        """Truth, however it is written."""
        value = self.sent.get(name)
        if isinstance(value, str):
            return value.strip().lower() in TRUE_WORDS
        return bool(value)

    def objects(self, name: str) -> list[Mapping[str, Json]]:
        """A list of objects; null is an empty one.

        Raises: ShapeRefused where it is something else.
        """
        value = self.sent.get(name)
        if value is None or value == "":
            return []
        if isinstance(value, Mapping | str) or not isinstance(value, Sequence):
            raise ShapeRefused(f"{name} has to be a list of objects")
        found: list[Mapping[str, Json]] = []
        for item in value:
            if not isinstance(item, Mapping):
                raise ShapeRefused(f"{name} has to be a list of objects")
            found.append(item)
        return found

    def refuse_in_list(self, name: str, errors: Sequence[Mapping[str, Json]]) -> None:
        """Take down what is wrong with the objects of a list, each at its place."""
        if any(errors):
            self.errors[name] = [dict(one) for one in errors]


def plain_text(value: Json) -> str:
    """A value as text; lists and objects are written out as JSON, null is empty."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def tag_errors(name: Json) -> list[Json]:
    """What is wrong with a tag's name; nothing where it is fine."""
    if name is None or name == "":
        return [MISSING]
    text = plain_text(name)
    if len(text) < 2:
        return [f'Tag "{text}" length is less than minimum 2']
    if len(text) > 100:
        return [f'Tag "{text}" length is more than maximum 100']
    if not _TAG.fullmatch(text):
        message = (
            f'Tag "{text}" can only contain alphanumeric characters, spaces (" "), '
            'hyphens ("-"), underscores ("_") or dots (".")'
        )
        return [message]
    return []


def is_moment(text: str) -> bool:
    """Whether a text is a day or a moment as ISO 8601 writes it."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_uuid(value: Json) -> bool:
    """Whether a value is an id as CKAN knows them."""
    return isinstance(value, str) and uuid_of(value) is not None

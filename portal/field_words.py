"""What is wrong with one field, in words of ours: the library that checks them speaks English only.

Source: pydantic's validation errors, by their `type`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from policies.errors import N_

_TEXT: Final = N_("This has to be a text.")
_WHOLE_NUMBER: Final = N_("This has to be a whole number.")
_NUMBER: Final = N_("This has to be a number.")
_TRUTH: Final = N_("This has to be true or false.")
_LIST: Final = N_("This has to be a list.")
_OBJECT: Final = N_("This has to be a JSON object, sent as application/json.")
_DAY: Final = N_("This has to be a date, as 2026-01-31.")
_MOMENT: Final = N_("This has to be a date and time with its zone, as 2026-01-31T08:00:00Z.")
_ID: Final = N_("This has to be an id, as 01890a5d-ac96-774b-bcce-b302099a8057.")
_ONE_OF: Final = N_("This has to be one of: {expected}.")
_TOO_LONG: Final = N_("This takes at most {max_length} characters.")
_TOO_MANY: Final = N_("This takes at most {max_length} entries.")

_MESSAGES: Final[Mapping[str, str]] = {
    "missing": N_("This field is required."),
    "extra_forbidden": N_("There is no such field here. Check its spelling."),
    "json_invalid": N_("The body is not valid JSON."),
    "string_type": _TEXT,
    "string_unicode": _TEXT,
    "string_sub_type": _TEXT,
    "string_too_long": _TOO_LONG,
    "string_too_short": N_("This takes at least {min_length} characters."),
    "string_pattern_mismatch": N_("This is not written as it has to be: {pattern}"),
    "int_type": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "int_from_float": _WHOLE_NUMBER,
    "int_parsing_size": N_("This number is too large."),
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "too_long": _TOO_MANY,
    "too_short": N_("This takes at least {min_length} entries."),
    "dict_type": _OBJECT,
    "mapping_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "timezone_aware": _MOMENT,
    "uuid_type": _ID,
    "uuid_parsing": _ID,
    "enum": _ONE_OF,
    "literal_error": _ONE_OF,
    "greater_than_equal": N_("This has to be at least {ge}."),
    "less_than_equal": N_("This has to be at most {le}."),
    "greater_than": N_("This has to be more than {gt}."),
    "less_than": N_("This has to be less than {lt}."),
}
_OTHERWISE: Final = N_("The value does not fit.")


def field_words(kind: str, bounds: Mapping[str, object], say: Callable[[str], str]) -> str:
    """The sentence for an error of that kind; `bounds` are the facts that it names."""
    told = {name: _listed(value) for name, value in bounds.items()}
    return say(_MESSAGES.get(kind, _OTHERWISE)).format(**told)


def _listed(value: object) -> object:
    """The choices as the library lists them, without its English "or"."""
    return value.replace("' or '", "', '") if isinstance(value, str) else value

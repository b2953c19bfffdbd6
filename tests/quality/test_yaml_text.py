from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.version import ColumnType
from quality.errors import UnreadableDocument
from quality.yaml_text import CHARACTERS_MAX, read_document, write_yaml

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_what_is_written_is_read_back(document: dict[str, object]) -> None:
    assert read_document(write_yaml(document)) == document  # type: ignore[arg-type]


def test_a_name_of_a_closed_list_is_written_as_its_text() -> None:
    document = {"type": ColumnType.INTEGER, "types": [ColumnType.TEXT]}

    assert read_document(write_yaml(document)) == {"type": "integer", "types": ["text"]}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]",
        "a: !!python/object/apply:os.system [id]",
        "- 1",
        "a: " + "[" * 5_000,
        "a: '\\0'\nb: \"\\0\"",
        "x" * (CHARACTERS_MAX + 1),
    ],
)
def test_what_is_no_plain_document_is_refused(text: str) -> None:
    with pytest.raises(UnreadableDocument):
        read_document(text)

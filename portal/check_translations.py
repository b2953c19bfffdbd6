"""Say which messages of the code have no faithful Chinese; run by `make check`.

A message fails when it is missing from the catalogue, empty, fuzzy, kept only among the obsolete
ones, or when its placeholders differ from those of the English. Entries that no code uses are
named too, so that they can be taken out, but do not fail.

Babel's extraction is used here and its formatting in `portal/languages.py`: this file is a check
for the developer and never part of a running portal.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent
CATALOG = ROOT / "portal" / "translations" / "zh_Hans" / "LC_MESSAGES" / "messages.po"
PACKAGES = ("policies", "catalog", "quality", "exchange", "portal")

_PLACEHOLDER = re.compile(r"%\((\w+)\)[sdf]|\{(\w+)[^{}]*\}")

MessageId = str | tuple[str, ...]


def main() -> int:
    """Print what is wrong, one line a message; 0 when nothing is."""
    with CATALOG.open("rb") as stream:
        catalog = read_po(stream, locale="zh_Hans")
    used = dict(_used_messages())
    complaints = [
        f"{place}: {complaint}: {message_id!r}"
        for message_id, place in used.items()
        for complaint in _complaints(catalog, message_id, is_of_a_page=".html:" in place)
    ]
    unused = [str(message.id) for message in catalog if message.id and message.id not in used]
    lines = [
        *sorted(complaints),
        *(f"not used any more: {message_id!r}" for message_id in sorted(unused)),
        f"{len(used)} messages, {len(complaints)} to mend, {len(unused)} not used",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if complaints else 0


def _used_messages() -> Iterator[tuple[MessageId, str]]:
    """Each message of the code with the place where it was first seen."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as stream:
        methods, options = parse_mapping_cfg(stream)  # type: ignore[no-untyped-call]
    seen: set[MessageId] = set()
    for package in PACKAGES:
        for name, line, message_id, _, _ in extract_from_dir(
            ROOT / package,
            [
                (pattern.removeprefix(f"{package}/"), method)
                for pattern, method in methods
                if pattern.startswith(f"{package}/")
            ],
            {key.removeprefix(f"{package}/"): value for key, value in options.items()},
            keywords={**DEFAULT_KEYWORDS, "ngettext": (1, 2)},
        ):
            key = message_id if isinstance(message_id, str) else tuple(message_id)
            if key and key not in seen:
                seen.add(key)
                yield key, f"{package}/{name}:{line}"


def _complaints(catalog: Catalog, message_id: MessageId, *, is_of_a_page: bool) -> Iterator[str]:
    singular = message_id if isinstance(message_id, str) else message_id[0]
    message = catalog.get(singular)
    if message is None:
        yield "only among the obsolete" if singular in catalog.obsolete else "not translated"
        return
    if not isinstance(message_id, str) and not isinstance(message.id, (tuple, list)):
        yield "needs a plural entry"
        return
    if message.fuzzy:
        yield "fuzzy"
    yield from _differences(message)
    if is_of_a_page and not all(map(_formats, _forms(message.id) + _forms(message.string))):
        yield "a percent sign stands alone, and pages format all they say: write %%"


def _differences(message: Message) -> Iterator[str]:
    originals, translations = _forms(message.id), _forms(message.string)
    if not all(translations):
        yield "not translated"
        return
    # Chinese has one form, which has to carry what the English plural carries.
    wanted = _placeholders(originals[-1])
    for translation in translations:
        if (got := _placeholders(translation)) != wanted:
            yield f"placeholders differ ({sorted(got)} for {sorted(wanted)})"


def _forms(said: str | Sequence[str] | None) -> list[str]:
    return [said] if isinstance(said, str) else list(said or ())


def _formats(text: str) -> bool:
    try:
        _ = text % defaultdict(int)
    except (ValueError, TypeError):
        return False
    return True


def _placeholders(text: str) -> set[str]:
    return {first or second for first, second in _PLACEHOLDER.findall(text)}


if __name__ == "__main__":
    sys.exit(main())

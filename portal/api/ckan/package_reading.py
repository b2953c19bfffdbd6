"""CKAN's packages as our records.

What is said of a dataset in CKAN's words is read into the record's own fields; what has none is
kept as it came. A package replaces all of a record but the classes that were decided about it:
leaving them out does not loosen them.

Source: CKAN 2.12, its schemas of packages and resources.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import uuid4

from catalog.curation.deposit import Deposit
from catalog.curation.names import is_name_taken
from catalog.dataset import (
    Dataset,
    Distribution,
    DistributionId,
    Entry,
)
from catalog.directory import Directory, RecordAudience
from catalog.errors import (
    LegalBasisMissing,
    MalformedField,
    TextTooLong,
    TextUnwritable,
    TooManyEntries,
)
from catalog.record import Record
from catalog.theme import TermId, Theme
from catalog.view import Json
from policies.party import UNOWNED
from policies.terms import (
    DatasetId,
    Grade,
    Language,
    OpenType,
    OrganizationId,
    ShareType,
    Text,
    UpdateCycle,
)
from portal.api.ckan.call import Call, uuid_of
from portal.api.ckan.errors import MISSING, NoSuchObject
from portal.api.ckan.fields import Fields, is_uuid, plain_text, tag_errors
from portal.api.ckan.found import may_in_organization, organization_or_none, theme_or_none
from portal.api.ckan.governance import kept_of, read_governance
from portal.api.ckan.package_shapes import told
from portal.api.ckan.plain import has_han, in_utc
from portal.api.ckan.resource_reading import read_resource
from portal.api.ckan.tag_names import term_of_vocabulary
from portal.incoming_file import IncomingFile
from portal.problems import words_of

VERSION_MOST_CHARACTERS: Final = 100
EXTRAS_ROOT: Final = (
    "name", "title", "notes", "url", "version", "author", "author_email", "maintainer",
    "maintainer_email", "license_id", "owner_org", "private", "state", "type", "tags", "resources",
    "groups", "id",
)  # fmt: skip
"""Fields of a package, whose names no extra may have."""
_TEXTS: Final = {
    "author": "author",
    "maintainer": "maintainer",
    "url": "landing_page",
    "version": "version_label",
}
_EMAILS: Final = ("author_email", "maintainer_email")
_FIELD_OF: Final = {
    "summary": "notes",
    "keywords": "tags",
    "licence": "license_id",
    "landing_page": "url",
    "version_label": "version",
    "type_name": "type",
}


@dataclass(frozen=True, slots=True)
class Given:
    """A package that was read."""

    deposit: Deposit
    themes: tuple[Theme, ...] | None
    """None where groups were not told of."""
    state: str
    """`active`, `draft` or `deleted`."""


def read_package(
    call: Call,
    sent: Mapping[str, Json],
    dataset_id: DatasetId,
    *,
    before: Record | None,
    files: Mapping[DistributionId, IncomingFile],
) -> Given:
    """Read a package; `before` None is a new one. `files` came for these resources.

    Raises: ValidationFailed with everything that is wrong, ShapeRefused, NoSuchObject for groups.
    """
    fields = Fields(sent)
    held = None if before is None else before.dataset
    name = _name(call, fields, held)
    publisher_id = _publisher(call, fields, held)
    is_private = fields.truth("private")
    if is_private and publisher_id == UNOWNED:
        fields.refuse("private", "Datasets with no organization can't be private.")
    tags, term_ids = _tags(call, fields)
    if held is not None and set(tags) == set(held.entry.keywords):
        # Clients get them sorted, and their order is no change.
        tags = list(held.entry.keywords)
    extras = _extras(fields)
    directory = _directory(fields, extras, held)
    themes = _themes(call, fields)
    distributions = _resources(call, fields, dataset_id, before, files)
    entry = _entry(fields, name, directory, tags, is_private=is_private, held=held)
    modified_at = _modified_at(call, fields)
    fields.check()
    assert entry is not None
    return Given(
        Deposit(
            slug=name,
            publisher_id=publisher_id,
            entry=entry,
            distributions=tuple(distributions),
            term_ids=frozenset(term_ids),
            modified_at=modified_at,
        ),
        themes,
        fields.text("state") or "active",
    )


def _modified_at(call: Call, fields: Fields) -> datetime | None:
    """The time of the last change, which only a sysadmin tells, and tells of a whole package."""
    sent = call.text("metadata_modified")
    if not (sent and call.is_sysadmin and call.action.startswith("package_")):
        return None
    try:
        return in_utc(sent)
    except ValueError:
        fields.refuse("metadata_modified", "Date format incorrect")
        return None


def _name(call: Call, fields: Fields, held: Dataset | None) -> str:
    if held is not None and not fields.has("name"):
        return held.slug
    name = fields.name()
    is_new = not fields.errors.get("name") and (held is None or held.slug != name)
    if is_new and is_name_taken(call.tx, name):
        fields.refuse("name", "That URL is already in use.")
    return name


def _publisher(call: Call, fields: Fields, held: Dataset | None) -> OrganizationId:
    if held is not None and "owner_org" not in fields.sent:
        return held.publisher_id
    wanted = fields.text("owner_org")
    if not wanted:
        if held is not None and held.publisher_id == UNOWNED:
            return UNOWNED
        if not (call.options.create_unowned_dataset or (call.is_sysadmin and held is not None)):
            fields.refuse("owner_org", "An organization must be provided")
        return UNOWNED
    presented = organization_or_none(call, wanted)
    if presented is None:
        fields.refuse("owner_org", "Organization does not exist")
        return UNOWNED
    chosen = presented.organization.id
    if held is not None and held.publisher_id == chosen:
        return chosen
    if not may_in_organization(call, chosen, "create_dataset"):
        is_collaborator = held is not None and call.actor.user_id in held.editor_ids
        fields.refuse(
            "owner_org",
            "You cannot move this dataset to another organization"
            if is_collaborator
            else "You cannot add a dataset to this organization",
        )
    return chosen


def _tags(call: Call, fields: Fields) -> tuple[list[str], list[TermId]]:
    sent: list[Mapping[str, Json]] = fields.objects("tags")
    if not sent and fields.has("tag_string"):
        words = (word.strip() for word in fields.text("tag_string").split(","))
        sent = [{"name": word} for word in words if word]
    keywords: dict[str, None] = {}
    terms: dict[TermId, None] = {}
    errors: list[dict[str, Json]] = []
    for tag in sent:
        wrong = tag_errors(tag.get("name"))
        vocabulary = tag.get("vocabulary_id")
        name = plain_text(tag.get("name"))
        if not wrong and vocabulary:
            term_id, said = term_of_vocabulary(call, plain_text(vocabulary), name)
            if term_id is None:
                errors.append({"vocabulary_id": [said]})
                continue
            terms[term_id] = None
        elif not wrong:
            keywords[name] = None
        errors.append({"name": wrong} if wrong else {})
    fields.refuse_in_list("tags", errors)
    return list(keywords), list(terms)


def _extras(fields: Fields) -> tuple[tuple[str, str], ...]:
    pairs: dict[str, str] = {}
    errors: list[dict[str, Json]] = []
    for extra in fields.objects("extras"):
        if extra.get("deleted"):
            continue
        key = plain_text(extra.get("key"))
        if not key:
            errors.append({"key": [MISSING]})
            continue
        if key in EXTRAS_ROOT:
            errors.append({"key": ["There is a schema field with the same name"]})
            continue
        if "value" not in extra:
            errors.append({"value": [MISSING]})
            continue
        errors.append({})
        if key in pairs:
            fields.refuse("extras_validation", f'Duplicate key "{key}"')
        pairs[key] = plain_text(extra["value"])
    fields.refuse_in_list("extras", errors)
    return tuple(pairs.items())


def _directory(
    fields: Fields, extras: tuple[tuple[str, str], ...], held: Dataset | None
) -> Directory:
    before = Directory() if held is None else held.entry.directory
    values: dict[str, str] = {ours: fields.text(name) for name, ours in _TEXTS.items()}
    values |= {name: fields.email(name) for name in _EMAILS}
    if len(values["version_label"]) > VERSION_MOST_CHARACTERS:
        fields.refuse(
            "version", f"Version must be a maximum of {VERSION_MOST_CHARACTERS} characters long"
        )
        values["version_label"] = ""
    empty = tuple(
        name for name in (*_TEXTS, *_EMAILS, "notes", "license_id") if fields.sent.get(name) == ""
    )
    directory = Directory(
        # A package keeps the type that it was made with.
        type_name=(held is None and fields.text("type")) or before.type_name,
        is_classified=before.is_classified,
        identifiers=before.identifiers,
        main_language=before.main_language,
        given_empty=empty,
        extras=(),
    )
    try:
        directory = replace(directory, **values, extras=extras)  # type: ignore[arg-type]
        governed = read_governance(extras).of_directory
        return replace(directory, **governed)  # type: ignore[arg-type]
    except (TextTooLong, TextUnwritable, TooManyEntries, MalformedField) as refusal:
        fields.refuse(_FIELD_OF.get(refusal.field, refusal.field), words_of(refusal, Language.EN))
        return directory


def _entry(
    fields: Fields,
    name: str,
    directory: Directory,
    tags: list[str],
    *,
    is_private: bool,
    held: Dataset | None,
) -> Entry | None:
    before = None if held is None else held.entry
    main = directory.main_language
    old_title = Text() if before is None else before.title
    old_notes = Text() if before is None else before.summary
    is_kept = before is not None and not fields.has("title")
    title = old_title if is_kept else _text(fields, "title", old_title, main)
    if not (title.zh.strip() or title.en.strip()):
        # A name that is missing is refused below, with everything else that is wrong.
        title = _in_its_language(name or "-", Text())
    notes = _text(fields, "notes", old_notes, main)
    if fields.has("title"):
        directory = replace(directory, main_language=_main_of(fields.text("title"), title))
    governed = dict(read_governance(directory.extras).of_entry)
    if before is not None:
        governed = kept_of(before) | governed
    audience = RecordAudience.PUBLIC
    share_type = governed.get("share_type", ShareType.UNCONDITIONAL)
    if is_private or share_type is ShareType.NOT_SHARED:
        audience = RecordAudience.OWN
    wanted = governed.pop("audience", None)
    if is_private and wanted is RecordAudience.DEPARTMENTS:
        audience = RecordAudience.DEPARTMENTS
    try:
        return Entry(
            title=title,
            summary=notes,
            licence=fields.text("license_id"),
            keywords=tuple(tags),
            audience=audience,
            directory=directory,
            **{  # type: ignore[arg-type]
                "grade": Grade.GENERAL,
                "share_type": ShareType.UNCONDITIONAL,
                "open_type": OpenType.UNCONDITIONAL,
                "update_cycle": UpdateCycle.IRREGULAR,
                **governed,
            },
        )
    except (TextTooLong, TextUnwritable, TooManyEntries, LegalBasisMissing) as refusal:
        fields.refuse(_FIELD_OF.get(refusal.field, refusal.field), words_of(refusal, Language.EN))
        return None


def _text(fields: Fields, name: str, old: Text, main_language: str) -> Text:
    """The text in both languages after the call: the map, where one came, then the plain text."""
    translated = fields.sent.get(f"{name}_translated")
    plain = fields.text(name).strip() if name == "title" else fields.text(name)
    text = Text(zh=old.zh, en=old.en) if plain else Text()
    if isinstance(translated, Mapping):
        text = Text(zh=plain_text(translated.get("zh")), en=plain_text(translated.get("en")))
        is_map_new = text != old
        if plain in (text.zh, text.en) or (is_map_new and plain == told(old, main_language)):
            return text
        if not plain:
            return Text()
    if plain == told(text, main_language):
        return text
    return _in_its_language(plain, text)


def _in_its_language(plain: str, old: Text) -> Text:
    if not plain:
        return Text()
    if has_han(plain):
        return Text(zh=plain, en=old.en)
    # What was Chinese until now says something else from here on only where it was told apart.
    return Text(zh=old.zh if old.en else "", en=plain)


def _main_of(plain: str, title: Text) -> str:
    """Which language clients of one text get, so that they get back what they sent."""
    if not (title.zh and title.en):
        return ""
    return Language.EN.value if plain.strip() == title.en else ""


def _themes(call: Call, fields: Fields) -> tuple[Theme, ...] | None:
    if "groups" not in fields.sent:
        return None
    found: dict[object, Theme] = {}
    for group in fields.objects("groups"):
        wanted = plain_text(group.get("id") or group.get("name"))
        theme = theme_or_none(call, wanted) if wanted else None
        if theme is None or theme.is_removed:
            raise NoSuchObject("Group was not found.")
        found[theme.id] = theme
    return tuple(found.values())


def _resources(
    call: Call,
    fields: Fields,
    dataset_id: DatasetId,
    before: Record | None,
    files: Mapping[DistributionId, IncomingFile],
) -> list[Distribution]:
    held = {} if before is None else {one.distribution.id: one for one in before.distributions}
    if before is not None and "resources" not in fields.sent:
        return [one.distribution for one in before.distributions]
    found: list[Distribution] = []
    errors: list[dict[str, Json]] = []
    for sent in fields.objects("resources"):
        resource = Fields(sent)
        wanted = sent.get("id")
        resource_id = DistributionId(uuid4())
        if wanted not in (None, ""):
            if is_uuid(wanted):
                resource_id = DistributionId(uuid_of(str(wanted)) or uuid4())
            else:
                resource.refuse("id", "Invalid id provided")
        if any(one.id == resource_id for one in found):
            resource.refuse("id", "Resource id already exists.")
        one = read_resource(
            call,
            resource,
            resource_id,
            dataset_id,
            held=held.get(resource_id),
            file=files.get(resource_id),
        )
        errors.append(dict(resource.errors))
        if one is not None:
            found.append(one)
    fields.refuse_in_list("resources", errors)
    return found

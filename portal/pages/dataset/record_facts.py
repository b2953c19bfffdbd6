"""What the record of a dataset says beyond its data: directory, contact, data elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from catalog.area import area_name
from catalog.audience import sees_department_fields
from catalog.dataset import Dataset
from catalog.directory import DEPARTMENT_FIELDS
from catalog.find import Overview
from catalog.links.link import LinkCheck
from policies.party import Actor
from portal.pages.record_words import labels_of, value_words
from portal.pages.speech import Speech

_SCHEMES: Final = ("http", "https", "ftp")
_SHOWN: Final = (
    *("class_code", "gov_code", "registration_number", "format_class", "spatial"),
    *("field_of_use", "scenario", "share_condition", "share_channel", "open_condition"),
    *("source_system", "provenance", "conforms_to", "legislation", "related_codes"),
    *("identifiers", "author", "version_label"),
)
"""Fields of the directory in the order of the page."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask; texts that were not given, or not for this reader, are empty."""

    name: str
    email: str
    phone: str
    landing_page: str
    """A page about the data elsewhere, as an address that can be followed."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """One form of the data that its publisher keeps."""

    title: str
    description: str
    address: str
    is_address: bool
    """It can be followed from a page."""
    note: str
    """Its format and where it is."""
    failing_since: datetime | None
    """None unless it does not answer."""


def directory_facts(dataset: Dataset, say: Speech, *, by: Actor) -> list[tuple[str, str]]:
    """The fields of the government resource directory that were given and are for `by`."""
    directory, labels = dataset.entry.directory, labels_of(say)
    hidden = () if sees_department_fields(by, dataset) else DEPARTMENT_FIELDS
    facts = []
    for name in _SHOWN:
        value = "" if name in hidden else getattr(directory, name)
        if not value:
            continue
        words = value if isinstance(value, tuple) else str(value)
        told = value_words(f"directory.{name}", words, say)
        facts.append((labels[name], say.text(area_name(told)) if name == "spatial" else told))
    start, end = directory.temporal_start, directory.temporal_end
    if start or end:
        days = [say.day(one) if one else "" for one in (start, end)]
        facts.append((say.gettext("Time covered"), " – ".join(days).strip()))
    return facts


def contact_of(dataset: Dataset, *, by: Actor) -> Contact | None:
    """Whom to ask about a dataset; None where nobody is named."""
    directory = dataset.entry.directory
    found = Contact(
        name=directory.maintainer,
        email=directory.maintainer_email,
        phone=directory.contact_phone if sees_department_fields(by, dataset) else "",
        landing_page=directory.landing_page if is_address(directory.landing_page) else "",
    )
    return found if found != Contact("", "", "", "") else None


def elsewhere_of(overview: Overview, checks: Sequence[LinkCheck], say: Speech) -> list[Elsewhere]:
    """The forms of the data that are not here, in their order."""
    failing = {one.distribution_id: one.failing_since for one in checks if one.is_broken}
    return [
        Elsewhere(
            title=say.text(one.title) or one.format or one.slug,
            description=say.text(one.description),
            address=one.access_url,
            is_address=is_address(one.access_url),
            note=" · ".join(part for part in (one.format, host_of(one.access_url)) if part),
            failing_since=failing.get(one.id),
        )
        for one in (held.distribution for held in overview.distributions)
        if one.access_url
    ]


def addresses_elsewhere(overview: Overview) -> list[str]:
    """The addresses at which the data is elsewhere and which can be followed, in their order."""
    addresses = (held.distribution.access_url for held in overview.distributions)
    return [one for one in addresses if is_address(one)]


def is_address(text: str) -> bool:
    """Whether a text may become a link: nothing that a browser would run."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in _SCHEMES and bool(parts.netloc)


def host_of(address: str) -> str:
    """The machine that an address leads to; empty where it leads to none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""

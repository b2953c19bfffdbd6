"""Links between packages. Source: CKAN 2.12 API guide, the actions `package_relationship*`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from catalog.curation.deposit_errors import RelationshipNotFound, RelationshipWithItself
from catalog.curation.relate import relate, relationships_of, unrelate
from catalog.dataset import Dataset
from catalog.relationship import BACKWARDS, Relationship, RelationshipKind
from catalog.view import Json
from portal.api.ckan.action import Result, Table, reads, writes
from portal.api.ckan.call import Call
from portal.api.ckan.errors import NoSuchObject, wrong
from portal.api.ckan.fields import Fields, plain_text
from portal.api.ckan.found import dataset_or_none
from portal.api.ckan.package_access import check_may_edit, dataset_of

_ENDS: Final = {"relationships_as_subject": "object", "relationships_as_object": "subject"}
"""Lists of a package, and which end of their links is the other dataset."""
_KINDS: Final = frozenset({*(kind.value for kind in RelationshipKind), *BACKWARDS})


def package_relationships_list(call: Call) -> Result:
    """List the links of the dataset `id`, or those with `id2` alone, or of the type `rel`."""
    dataset = dataset_of(call, call.wanted("id"))
    other = dataset_of(call, call.text("id2")) if call.text("id2") else None
    kind = call.text("rel")
    if kind and kind not in _KINDS:
        raise wrong("rel", f"Value must be one of {sorted(_KINDS)}")
    return [
        _seen_from(call, dataset, link)
        for link in relationships_of(call.tx, [dataset.id], by=call.actor)
        if (other is None or other.id in (link.subject_id, link.object_id))
        and (not kind or link.kind_seen_from(dataset.id) == kind)
    ]


def package_relationship_create(call: Call) -> Result:
    """Link the dataset `subject` with the dataset `object` by `type`; `comment` says more."""
    subject, target, kind = _ends(call)
    try:
        link = relate(
            call.tx,
            subject.id,
            target.id,
            kind,
            call.text("comment"),
            by=call.actor,
            at=call.at,
        )
    except RelationshipWithItself:
        raise wrong("object", "A dataset cannot be linked with itself") from None
    return _told(call, link)


def package_relationship_update(call: Call) -> Result:
    """Change the `comment` of the link that `subject`, `object` and `type` name."""
    subject, target, kind = _ends(call)
    held = relationships_of(call.tx, [subject.id], by=call.actor)
    if not any(
        (one.subject_id, one.object_id, one.kind) == (subject.id, target.id, kind) for one in held
    ):
        raise NoSuchObject("This relationship between the packages was not found.")
    return package_relationship_create(call)


def package_relationship_delete(call: Call) -> Result:
    """Undo the link that `subject`, `object` and `type` name."""
    subject, target, kind = _ends(call)
    try:
        unrelate(call.tx, subject.id, target.id, kind, by=call.actor, at=call.at)
    except RelationshipNotFound:
        raise NoSuchObject("This relationship between the packages was not found.") from None
    return None


def link_as_told(call: Call, dataset: Dataset, sent: Mapping[str, Json]) -> None:
    """Make the links that a package tells of and that are not there yet; none is undone.

    What the other end does not name here cannot be linked yet: it tells of the link when it comes.

    Raises: ValidationFailed, AccessDenied.
    """
    held = {
        (one.subject_id, one.object_id, one.kind)
        for one in relationships_of(call.tx, [dataset.id], by=call.actor)
    }
    for field, end in _ENDS.items():
        for one in Fields(sent).objects(field):
            kind, other = plain_text(one.get("type")), _other_end(call, one, end)
            if kind not in _KINDS:
                raise wrong(field, f"Value must be one of {sorted(_KINDS)}")
            if other is None or other.id == dataset.id:
                continue
            subject, target = (dataset, other) if end == "object" else (other, dataset)
            if kind in BACKWARDS:
                subject, target, kind = target, subject, BACKWARDS[kind].value
            if (subject.id, target.id, RelationshipKind(kind)) in held:
                continue
            check_may_edit(call, other)
            comment = plain_text(one.get("comment"))
            relate(
                call.tx,
                subject.id,
                target.id,
                RelationshipKind(kind),
                comment,
                by=call.actor,
                at=call.at,
            )


def _other_end(call: Call, link: Mapping[str, Json], end: str) -> Dataset | None:
    wanted = plain_text(link.get(f"{end}_package_id") or link.get(end))
    return dataset_or_none(call, wanted) if wanted else None


def _ends(call: Call) -> tuple[Dataset, Dataset, RelationshipKind]:
    subject = dataset_of(call, call.wanted("subject"))
    target = dataset_of(call, call.wanted("object"))
    name = call.wanted("type")
    check_may_edit(call, subject)
    check_may_edit(call, target)
    if name in BACKWARDS:
        return target, subject, BACKWARDS[name]
    if name not in _KINDS:
        raise wrong("type", f"Value must be one of {sorted(_KINDS)}")
    return subject, target, RelationshipKind(name)


def _told(call: Call, link: Relationship) -> Json:
    subject = dataset_of(call, str(link.subject_id))
    target = dataset_of(call, str(link.object_id))
    return {
        "subject": subject.slug,
        "object": target.slug,
        "type": link.kind.value,
        "comment": link.comment,
        "id": str(link.id),
    }


def _seen_from(call: Call, dataset: Dataset, link: Relationship) -> Json:
    other_id = link.object_id if dataset.id == link.subject_id else link.subject_id
    return {
        "subject": dataset.slug,
        "object": dataset_of(call, str(other_id)).slug,
        "type": link.kind_seen_from(dataset.id),
        "comment": link.comment,
        "id": str(link.id),
    }


ACTIONS: Final[Table] = {
    **reads(package_relationships_list=package_relationships_list),
    **writes(
        package_relationship_create=package_relationship_create,
        package_relationship_update=package_relationship_update,
        package_relationship_delete=package_relationship_delete,
    ),
}

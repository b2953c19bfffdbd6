"""Links between packages. Source: CKAN 2.12 API guide, the actions `package_relationship*`."""

from __future__ import annotations

from typing import Final

from catalog.dataset import Dataset
from catalog.deposit_errors import RelationshipNotFound, RelationshipWithItself
from catalog.relate import relate, relationships_of, unrelate
from catalog.relationship import BACKWARDS, Relationship, RelationshipKind
from catalog.view import Json
from portal.api.ckan.action import Result, Table, reads, writes
from portal.api.ckan.call import Call
from portal.api.ckan.errors import NoSuchObject, wrong
from portal.api.ckan.packages import check_may_edit, dataset_of

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

"""Datasets as packages: read, made, replaced, taken back, removed for good.

Source: CKAN 2.12 API guide, the actions `package_*`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from catalog import publish, upload
from catalog.curation import deposit
from catalog.curation.deposit_errors import DatasetNotYours, DistributionIdTaken
from catalog.curation.keep_plugin_data import keep_plugin_data, plugin_data_of
from catalog.curation.names import dataset_names, known_dataset
from catalog.curation.purge import purge
from catalog.curation.themes import put_under, take_from
from catalog.dataset import Dataset, DatasetState, Distribution, DistributionId
from catalog.directory import RecordAudience
from catalog.errors import DatasetNotFound
from catalog.kept_file import FILE_KEY
from catalog.record import Record
from catalog.records import records_of
from catalog.theme import Theme
from catalog.view import Json
from policies.decision.profile import profile_in_force
from policies.party import UNOWNED
from policies.terms import DatasetId, OrganizationId
from portal.api.ckan.action import Result, Table, reads, writes
from portal.api.ckan.call import Call, uuid_of
from portal.api.ckan.default_views import add_default_views
from portal.api.ckan.errors import AccessDenied, NoSuchObject, ValidationFailed, missing, wrong
from portal.api.ckan.fields import is_uuid, plain_text
from portal.api.ckan.found import may_in_organization, may_in_theme, organization_or_none
from portal.api.ckan.package_access import check_may_edit, dataset_of, named
from portal.api.ckan.package_reading import Given, read_package
from portal.api.ckan.package_shapes import Package, Resource, packages_with_ids
from portal.api.ckan.relationships import link_as_told
from portal.incoming_file import IncomingFile
from portal.jobs import Queue, enqueue
from portal.settings import Publication

Files = Mapping[DistributionId, IncomingFile]

TABLE_ENDINGS: Final = (".csv", ".tsv", ".tab", ".xlsx", ".json", ".geojson", ".jsonl", ".ndjson")
"""Files that are read into a table as well as kept."""
BULK_MOST: Final = 1000


def package_list(call: Call) -> Result:
    """List the names of all datasets, sorted; `limit` and `offset` choose a part.

    Drafts, deleted and private ones come only where the caller may see them and asked for them.
    """
    states = [DatasetState.PUBLISHED]
    if call.flag("include_drafts"):
        states += [DatasetState.DRAFT, DatasetState.SUBMITTED, DatasetState.REVIEWED]
    if call.flag("include_deleted"):
        states.append(DatasetState.WITHDRAWN)
    if call.actor.is_anonymous:
        states = [DatasetState.PUBLISHED]
    limit = call.whole("limit", -1)
    return dataset_names(
        call.tx,
        by=call.actor,
        states=states,
        with_private=call.flag("include_private"),
        limit=None if limit < 0 else limit,
        offset=call.whole("offset", 0),
    )


def package_show(call: Call) -> Result:
    """Show the dataset whose id or name is `id`, with its resources."""
    package = shown(call, dataset := dataset_of(call, named(call)))
    if call.is_sysadmin and call.flag("include_plugin_data"):
        package["plugin_data"] = plugin_data_of(call.tx, dataset.id, by=call.actor)
    return package


def package_create(call: Call) -> Result:
    """Make a dataset; `name` and, unless unowned ones are allowed, `owner_org` are needed.

    `resources`, `tags`, `extras` and `groups` are lists of objects. Only a sysadmin chooses `id`.
    """
    return create_package(call, call.parameters, {})


def create_package(
    call: Call,
    sent: Mapping[str, Json],
    files: Files,
    origin: deposit.Origin | None = None,
) -> Package:
    """Make a dataset from what was sent; `origin` is known where it moves in from elsewhere."""
    _check_may_create(call, sent)
    dataset_id = _chosen_id(call, sent)
    given = read_package(call, sent, dataset_id, before=None, files=files)
    _check_groups(call, given.themes or (), ())
    try:
        whole = replace(given.deposit, origin=origin)
        dataset = deposit.deposit(call.tx, dataset_id, whole, by=call.actor, at=call.at)
    except DistributionIdTaken as refusal:
        raise _taken(given, refusal) from refusal
    _after_writing(call, dataset, given, (), files)
    return _written(call, dataset, sent, held=())


def package_update(call: Call) -> Result:
    """Replace the dataset whose id or name is `id` (or `name`); what is not sent is removed.

    Only `resources` and `groups` stay where they are not sent at all.

    Resources with a known `id` are kept, others are new, and those that are missing go.
    """
    wanted = call.text("id") or call.text("name")
    if not wanted:
        raise missing("id")
    return update_package(call, dataset_of(call, wanted), call.parameters, {})


def update_package(call: Call, dataset: Dataset, sent: Mapping[str, Json], files: Files) -> Package:
    """Replace a dataset by what was sent."""
    check_may_edit(call, dataset)
    if plain_text(sent.get("state")) == "active":
        dataset = deposit.bring_back(call.tx, dataset.id, by=call.actor, at=call.at)
    before = record_of(call, dataset.id)
    given = read_package(call, sent, dataset.id, before=before, files=files)
    held = before.themes
    _check_groups(call, given.themes or (), held)
    try:
        changed = deposit.redeposit(call.tx, dataset.id, given.deposit, by=call.actor, at=call.at)
    except DistributionIdTaken as refusal:
        raise _taken(given, refusal) from refusal
    if not sent.get("state") and changed.state is DatasetState.WITHDRAWN:
        given = Given(given.deposit, given.themes, "deleted")
    elif not sent.get("state") and changed.state is DatasetState.DRAFT:
        given = Given(given.deposit, given.themes, "draft")
    _after_writing(call, changed, given, held, files)
    if (
        before.dataset.entry.audience is not RecordAudience.PUBLIC
        and changed.entry.audience is RecordAudience.PUBLIC
        and call.wiring.settings.publication is Publication.DIRECT
        and publish.may_be_published_directly(changed)
    ):
        enqueue(call.tx, "publish_directly", queue=Queue.WORK, dataset_id=str(changed.id))
    held_ids = [str(one.distribution.id) for one in before.distributions]
    return _written(call, changed, sent, held=held_ids)


def package_patch(call: Call) -> Result:
    """Change only those fields of the dataset `id` that are sent."""
    dataset = dataset_of(call, named(call))
    check_may_edit(call, dataset)
    patched = {**shown(call, dataset), **call.parameters, "id": str(dataset.id)}
    return update_package(call, dataset, patched, {})


def package_delete(call: Call) -> Result:
    """Take the dataset `id` back: only its keepers see it, and can bring it back."""
    dataset = dataset_of(call, named(call))
    check_may_edit(call, dataset)
    _take_back(call, dataset)
    return None


def dataset_purge(call: Call) -> Result:
    """Remove the dataset `id` for good; only a sysadmin may."""
    dataset = dataset_of(call, named(call))
    call.check_sysadmin()
    purge(call.tx, dataset.id, by=call.actor, at=call.at)
    return None


def package_owner_org_update(call: Call) -> Result:
    """Give the dataset `id` to the organisation `organization_id`, or to none."""
    dataset = dataset_of(call, named(call))
    check_may_edit(call, dataset)
    sent = {**shown(call, dataset), "owner_org": call.value("organization_id") or ""}
    update_package(call, dataset, sent, {})
    return None


def bulk_update_private(call: Call) -> Result:
    """Make the datasets `datasets` of the organisation `org_id` private."""
    return _bulk(call, {"private": True})


def bulk_update_public(call: Call) -> Result:
    """Make the datasets `datasets` of the organisation `org_id` public."""
    return _bulk(call, {"private": False})


def bulk_update_delete(call: Call) -> Result:
    """Take the datasets `datasets` of the organisation `org_id` back."""
    return _bulk(call, {"state": "deleted"})


def shown(call: Call, dataset: Dataset) -> Package:
    """The dataset as a package.

    Raises: NoSuchObject.
    """
    found = packages_with_ids(call, [dataset.id])
    if not found:
        raise NoSuchObject("Dataset was not found.")
    return found[0]


def record_of(call: Call, dataset_id: DatasetId) -> Record:
    """The dataset's whole record.

    Raises: NoSuchObject.
    """
    found = records_of(call.tx, [dataset_id], by=call.actor)
    if not found:
        raise NoSuchObject("Dataset was not found.")
    return found[0]


def _written(
    call: Call, dataset: Dataset, sent: Mapping[str, Json], *, held: Collection[str]
) -> Package:
    """The dataset as it stands, with all that comes with a package and is no part of its record.

    `held` are ids of the resources that it had before.
    """
    link_as_told(call, dataset, sent)
    package = shown(call, dataset)
    resources = package["resources"]
    assert isinstance(resources, list), "a package holds a list of them"
    new: list[Resource] = [one for one in resources if one["id"] not in held]
    add_default_views(call, new)
    told = _plugin_data(sent)
    if told and call.is_sysadmin:
        keep_plugin_data(call.tx, dataset.id, told, by=call.actor)
        package["plugin_data"] = told
    return package


def _plugin_data(sent: Mapping[str, Json]) -> Mapping[str, Json]:
    """What plug-ins keep with the package; as JSON in a text it is the same.

    Raises: ValidationFailed.
    """
    told = sent.get("plugin_data")
    if isinstance(told, str) and told:
        try:
            told = json.loads(told)
        except ValueError:
            raise wrong("plugin_data", "Could not parse as valid JSON") from None
    if told in (None, ""):
        return {}
    if not isinstance(told, Mapping):
        raise wrong("plugin_data", "Not a JSON object")
    return told


def _taken(given: Given, refusal: DistributionIdTaken) -> ValidationFailed:
    return ValidationFailed(
        {
            "resources": [
                {"id": ["Resource id already exists."]} if one.id == refusal.distribution_id else {}
                for one in given.deposit.distributions
            ]
        }
    )


def _check_may_create(call: Call, sent: Mapping[str, Json]) -> None:
    name = call.actor.name
    if call.actor.is_anonymous or call.actor.is_program:
        raise AccessDenied(f"User {name} not authorized to create packages")
    if call.is_sysadmin:
        return
    options = call.options
    organizations: set[OrganizationId] = {
        held.organization_id for held in call.actor.memberships if held.organization_id is not None
    }
    if not (
        options.create_unowned_dataset and options.create_dataset_if_not_in_organization
    ) and not any(may_in_organization(call, one, "create_dataset") for one in organizations):
        raise AccessDenied(f"User {name} not authorized to create packages")
    wanted = plain_text(sent.get("owner_org"))
    presented = organization_or_none(call, wanted) if wanted else None
    if presented is not None and not may_in_organization(
        call, presented.organization.id, "create_dataset"
    ):
        raise AccessDenied(f"User {name} not authorized to add dataset to this organization")


def _chosen_id(call: Call, sent: Mapping[str, Json]) -> DatasetId:
    chosen = sent.get("id")
    if chosen is None or chosen == "":
        return deposit.new_id(call.tx)
    if not call.is_sysadmin:
        raise wrong("id", "The input field id was not expected.")
    found = uuid_of(chosen) if isinstance(chosen, str) and is_uuid(chosen) else None
    if found is None:
        raise wrong("id", "Invalid id provided")
    try:
        known_dataset(call.tx, str(found), by=call.actor)
    except DatasetNotFound:
        return DatasetId(found)
    except DatasetNotYours:
        pass
    raise wrong("id", "Dataset id already exists")


def _check_groups(call: Call, wanted: Sequence[Theme], held: Sequence[Theme]) -> None:
    known = {theme.id for theme in held}
    for theme in wanted:
        if theme.id not in known and not may_in_theme(call, theme, "manage_group"):
            raise AccessDenied(f"User {call.actor.name} not authorized to edit these groups")


def _after_writing(
    call: Call,
    dataset: Dataset,
    given: Given,
    held: Sequence[Theme],
    files: Files,
) -> None:
    if given.themes is not None:
        _put_under(call, dataset.id, given.themes, held)
    for one in given.deposit.distributions:
        if one.id in files:
            _take_file(call, one, files[one.id])
    match given.state:
        case "active":
            if call.wiring.settings.publication is Publication.DIRECT:
                profile = profile_in_force(call.at)
                deposit.put_out(call.tx, dataset.id, profile_id=profile.id, at=call.at)
        case "deleted":
            _take_back(call, dataset)
        case "draft":
            if dataset.state is DatasetState.PUBLISHED:
                _take_back(call, dataset)
                deposit.bring_back(call.tx, dataset.id, by=call.actor, at=call.at)


def _put_under(
    call: Call, dataset_id: DatasetId, wanted: Sequence[Theme], held: Sequence[Theme]
) -> None:
    known = {theme.id for theme in held}
    for theme in wanted:
        if theme.id not in known:
            put_under(call.tx, theme, dataset_id, by=call.actor, at=call.at)
    kept = {theme.id for theme in wanted}
    for theme in held:
        # Whoever does not look after a group leaves it as it is.
        if theme.id not in kept and may_in_theme(call, theme, "manage_group"):
            take_from(call.tx, theme, dataset_id, by=call.actor, at=call.at)


def _take_file(call: Call, distribution: Distribution, file: IncomingFile) -> None:
    """Keep the bytes, and have them read where they are a table."""
    deposit.keep_bytes(call.tx, file.blob.sha256, size_bytes=file.blob.size_bytes, at=call.at)
    sent = distribution.details.get(FILE_KEY)
    assert isinstance(sent, Mapping), "a distribution tells of the file that came for it"
    file_name = str(sent["file_name"])
    if not file_name.lower().endswith(TABLE_ENDINGS) or not file.blob.size_bytes:
        return
    accepted = upload.receive(
        call.tx, distribution, file.blob, file_name=file_name, by=call.actor, at=call.at
    )
    enqueue(
        call.tx,
        "ingest",
        queue=Queue.WORK,
        lock=f"distribution:{distribution.id}",
        upload_id=str(accepted.id),
    )


def _take_back(call: Call, dataset: Dataset) -> None:
    is_reviewed = call.wiring.settings.publication is Publication.REVIEWED
    if is_reviewed and dataset.state is DatasetState.PUBLISHED and dataset.publisher_id != UNOWNED:
        # What an approver let out, an approver takes back.
        publish.withdraw(call.tx, dataset.id, reason=deposit.TAKEN_BACK, by=call.actor, at=call.at)
        return
    deposit.take_back(call.tx, dataset.id, by=call.actor, at=call.at)


def _bulk(call: Call, change: Mapping[str, Json]) -> Result:
    presented = organization_or_none(call, call.wanted("org_id"))
    if presented is None:
        raise NoSuchObject("Organization was not found.")
    organization_id = presented.organization.id
    if not may_in_organization(call, organization_id, "update_dataset"):
        raise AccessDenied(f"User {call.actor.name} not authorized to edit these datasets")
    wanted = call.texts("datasets")
    if not wanted:
        raise missing("datasets")
    if len(wanted) > BULK_MOST:
        raise wrong("datasets", f"At most {BULK_MOST} datasets at once")
    for one in dict.fromkeys(wanted):
        dataset = dataset_of(call, one)
        if dataset.publisher_id != organization_id:
            raise ValidationFailed({"datasets": [f"{one} does not belong to the organization"]})
        check_may_edit(call, dataset)
        update_package(call, dataset, {**shown(call, dataset), **change}, {})
    return None


ACTIONS: Final[Table] = {
    **reads(
        package_list=package_list,
        package_show=package_show,
    ),
    **writes(
        package_create=package_create,
        package_update=package_update,
        package_patch=package_patch,
        package_delete=package_delete,
        dataset_purge=dataset_purge,
        package_owner_org_update=package_owner_org_update,
        bulk_update_private=bulk_update_private,
        bulk_update_public=bulk_update_public,
        bulk_update_delete=bulk_update_delete,
    ),
}

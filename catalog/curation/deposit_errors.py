"""Refusals of taking whole records in, and of what goes with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from policies.errors import N_, Conflict, Denied, Invalid, NotFound


@dataclass(eq=False)
class DatasetIdTaken(Conflict):
    """The id that a new record should have belongs to another one."""

    message: ClassVar[str] = N_("There is a dataset with this id already.")
    dataset_id: UUID


@dataclass(eq=False)
class DistributionIdTaken(Conflict):
    """The id that a new distribution should have belongs to another dataset's."""

    message: ClassVar[str] = N_("There is a distribution with this id already.")
    distribution_id: UUID


@dataclass(eq=False)
class AdministratorNeeded(Denied):
    """Only an administrator of the site removes a record for good."""

    message: ClassVar[str] = N_("Only an administrator of the site may remove a record for good.")


@dataclass(eq=False)
class CollaboratorsNotYours(Denied):
    """Who is let in is decided by administrators of the publisher."""

    message: ClassVar[str] = N_(
        "Only administrators of the publishing organisation let other people in."
    )


@dataclass(eq=False)
class NotACollaborator(NotFound):
    """The person was not let in."""

    message: ClassVar[str] = N_("This person was not let in to the dataset.")


@dataclass(eq=False)
class RelationshipNotFound(NotFound):
    """The two datasets are not linked so."""

    message: ClassVar[str] = N_("These two datasets are not linked in this way.")


@dataclass(eq=False)
class RelationshipWithItself(Invalid):
    """A dataset would be linked with itself."""

    message: ClassVar[str] = N_("A dataset cannot be linked with itself.")


@dataclass(eq=False)
class ViewNotFound(NotFound):
    """There is no such view of a file, or none for the caller."""

    message: ClassVar[str] = N_("There is no such view.")


@dataclass(eq=False)
class DatasetNotYours(Denied):
    """The dataset is there, and the caller may not read its record."""

    message: ClassVar[str] = N_("You may not read the dataset {dataset_id}.")
    dataset_id: UUID


@dataclass(eq=False)
class FileStopped(Denied):
    """A supervisor stopped everything that the dataset or its publisher gives."""

    message: ClassVar[str] = N_("A supervisor has stopped this data. Nothing of it is handed out.")


@dataclass(eq=False)
class FileNotOpen(Denied):
    """The record may be read, and its file not without asking."""

    message: ClassVar[str] = N_(
        "This file is not open to everybody. Ask for the data on the dataset's page."
    )

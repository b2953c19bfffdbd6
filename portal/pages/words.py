"""What the words of the standards and of the log are called on pages: English message ids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from exchange.application import Manner
from exchange.lineage import AssetKind
from policies.access import Action
from policies.errors import N_
from policies.events import EventKind
from policies.freeze_order import FreezeTarget
from policies.terms import Purpose

PURPOSES: Final[Mapping[Purpose, str]] = {
    Purpose.STATUTORY_DUTY: N_("Statutory duty"),
    Purpose.PUBLIC_SERVICE: N_("Public service"),
    Purpose.PUBLIC_WELFARE: N_("Public welfare"),
    Purpose.RESEARCH: N_("Research"),
    Purpose.PRODUCT: N_("A product or service of our own"),
    Purpose.ANALYSIS: N_("Analysis"),
    Purpose.MODEL_TRAINING: N_("Training a model"),
}

MANNERS: Final[Mapping[Manner, str]] = {
    Manner.PAGE: N_("Read page by page"),
    Manner.QUERY: N_("Ask questions in SQL"),
    Manner.DOWNLOAD: N_("Download files"),
}

ACTIONS: Final[Mapping[Action, str]] = {
    Action.PREVIEW: N_("Preview"),
    Action.READ_PAGE: N_("Pages of rows"),
    Action.QUERY: N_("SQL question"),
    Action.DOWNLOAD: N_("Download"),
}

TARGETS: Final[Mapping[FreezeTarget, str]] = {
    FreezeTarget.ORGANIZATION: N_("Organisation"),
    FreezeTarget.DATASET: N_("Dataset"),
    FreezeTarget.LISTING: N_("Listing"),
    FreezeTarget.AGREEMENT: N_("Agreement"),
}

ASSETS: Final[Mapping[AssetKind, str]] = {
    AssetKind.BLOB: N_("Stored bytes"),
    AssetKind.UPLOAD: N_("Uploaded file"),
    AssetKind.VERSION: N_("Version"),
    AssetKind.REPORT: N_("Quality report"),
    AssetKind.DATASET: N_("Dataset"),
    AssetKind.RECEIPT: N_("Delivery"),
}

EVENTS: Final[Mapping[str, str]] = {
    EventKind.ORGANIZATION_ADDED: N_("An organisation was added"),
    EventKind.ORGANIZATION_CHANGED: N_("An organisation was changed"),
    EventKind.USER_ADDED: N_("An account was opened"),
    EventKind.USER_CHANGED: N_("An account was changed"),
    EventKind.ROLE_GRANTED: N_("A role was given"),
    EventKind.ROLE_WITHDRAWN: N_("A role was taken"),
    EventKind.DATASET_CREATED: N_("A dataset was registered"),
    EventKind.DATASET_CHANGED: N_("A dataset's record was changed"),
    EventKind.DISTRIBUTION_UPLOADED: N_("A file arrived"),
    EventKind.VERSION_CREATED: N_("A version was made of a file"),
    EventKind.VERSION_ASSESSED: N_("A version's quality was checked"),
    EventKind.VERSION_WITHDRAWN: N_("A version was withdrawn"),
    EventKind.VERSIONS_REMOVED: N_("Old versions were removed"),
    EventKind.RETENTION_SET: N_("What is kept of older versions was decided"),
    EventKind.DATASET_SUBMITTED: N_("A dataset was submitted"),
    EventKind.DATASET_RETURNED: N_("A dataset was returned"),
    EventKind.DATASET_PUBLISHED: N_("A dataset was published"),
    EventKind.DATASET_WITHDRAWN: N_("A dataset was withdrawn"),
    EventKind.DATASET_REVIEWED: N_("A dataset was approved"),
    EventKind.DATASET_TAKEN_UP: N_("A withdrawn dataset was taken up again"),
    EventKind.DATASET_PURGED: N_("A dataset was removed for good"),
    EventKind.THEME_CHANGED: N_("A topic was changed"),
    EventKind.VOCABULARY_CHANGED: N_("A list of terms was changed"),
    EventKind.FAULT_REPORTED: N_("A fault in data was reported"),
    EventKind.FAULT_ANSWERED: N_("A fault report was answered"),
    EventKind.TALK_POSTED: N_("Somebody wrote about a dataset"),
    EventKind.TALK_MODERATED: N_("A contribution was hidden or shown again"),
    EventKind.DEMAND_ASKED: N_("Data that is not there was asked for"),
    EventKind.DEMAND_ROUTED: N_("A wish for data went to another department"),
    EventKind.DEMAND_ANSWERED: N_("A wish for data was answered"),
    EventKind.DEMAND_MODERATED: N_("A wish for data was hidden or shown again"),
    EventKind.SOURCE_CHANGED: N_("A source was set up or changed"),
    EventKind.SOURCE_APPROVED: N_("A source was approved"),
    EventKind.CONNECTION_CHANGED: N_("A connection to a source was changed"),
    EventKind.CONNECTION_FAILED: N_("A source could not be read"),
    EventKind.HARVEST_APPLIED: N_("A harvest was applied"),
    EventKind.HARVEST_UNDONE: N_("A harvest was undone"),
    EventKind.LISTING_PROPOSED: N_("A listing was proposed or assessed"),
    EventKind.LISTING_OPENED: N_("A listing was opened"),
    EventKind.LISTING_SUSPENDED: N_("A listing was suspended"),
    EventKind.LISTING_WITHDRAWN: N_("A listing was withdrawn"),
    EventKind.APPLICATION_SUBMITTED: N_("Data was asked for"),
    EventKind.APPLICATION_DECIDED: N_("A request was answered"),
    EventKind.APPLICATION_UNDONE: N_("An answer was undone"),
    EventKind.APPLICATION_HANDED: N_("A request was handed to a colleague"),
    EventKind.APPLICATION_EXTENDED: N_("More days for an answer"),
    EventKind.APPLICATION_REMINDED: N_("An answer was called for"),
    EventKind.APPLICATION_ESCALATED: N_("A request went to the bureau, its time being up"),
    EventKind.DISPUTE_MOVED: N_("A dispute about a refusal went on"),
    EventKind.CORRECTION_MOVED: N_("A correction of data went on"),
    EventKind.SHARE_HEAD_NAMED: N_("A head of the share office was named"),
    EventKind.AGREEMENT_CONCLUDED: N_("An agreement was concluded"),
    EventKind.AGREEMENT_SIGNED: N_("Both sides signed an agreement"),
    EventKind.AGREEMENT_SUSPENDED: N_("An agreement was suspended"),
    EventKind.AGREEMENT_RESUMED: N_("An agreement was taken up again"),
    EventKind.AGREEMENT_ENDED: N_("An agreement was ended"),
    EventKind.CLIENT_MADE: N_("A program's key was made"),
    EventKind.CLIENT_ROTATED: N_("A program's key got a new secret"),
    EventKind.CLIENT_CAPPED: N_("The daily cap of a program's key was changed"),
    EventKind.CLIENT_REVOKED: N_("A program's key was revoked"),
    EventKind.TOKEN_ISSUED: N_("A key was made"),
    EventKind.TOKEN_REVOKED: N_("A key was revoked"),
    EventKind.PAYMENT_RECORDED: N_("A payment was recorded"),
    EventKind.PAYMENT_WITHDRAWN: N_("A recorded payment was withdrawn"),
    EventKind.CREDIT_TOPPED_UP: N_("Credits were paid in"),
    EventKind.PAYOUT_ASKED: N_("A payout was asked for"),
    EventKind.PAYOUT_SENT: N_("A payout was sent"),
    EventKind.PAYOUT_REFUSED: N_("A payout was refused"),
    EventKind.REFUND_PROPOSED: N_("A refund was proposed"),
    EventKind.REFUND_GIVEN: N_("A refund was given"),
    EventKind.REFUND_WITHDRAWN: N_("A proposed refund was withdrawn"),
    EventKind.INVOICE_ISSUED: N_("An invoice was issued"),
    EventKind.CREDIT_NOTE_ISSUED: N_("A credit note was issued"),
    EventKind.BUDGET_SET: N_("A monthly budget was set"),
    EventKind.BUDGET_REACHED: N_("A part of the monthly budget was reached"),
    EventKind.DATA_DELIVERED: N_("Data was delivered"),
    EventKind.DELIVERY_REFUSED: N_("A delivery was refused"),
    EventKind.FREEZE_PLACED: N_("A freeze was placed"),
    EventKind.FREEZE_CONFIRMED: N_("A freeze was confirmed"),
    EventKind.FREEZE_LIFTED: N_("A freeze was lifted"),
    EventKind.CALENDAR_LOADED: N_("The official calendar of a year was loaded"),
    EventKind.AUDIT_VIEWED: N_("A supervisor looked something up"),
    EventKind.KEY_MINTED: N_("A signing key was made"),
    EventKind.KEY_ACT_PROPOSED: N_("A change of signing keys was proposed"),
    EventKind.KEY_ACT_WITHDRAWN: N_("A proposed change of signing keys was withdrawn"),
    EventKind.KEY_ROTATED: N_("Another signing key was put in use"),
    EventKind.KEY_BURIED: N_("A signing key was declared dead"),
    EventKind.PERSONAL_ERASED: N_("Personal fields were erased"),
}

_SHOWN_DIGITS: Final = 8


def number_of(prefix: str, of: UUID) -> str:
    """A short number that people can say aloud; the last digits of the id, which are random."""
    return f"{prefix}-{of.hex[-_SHOWN_DIGITS:].upper()}"

"""Every refusal of this package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from policies.errors import N_, Conflict, Denied, Invalid, NotFound, TooLarge


@dataclass(eq=False)
class UnknownRuleField(Invalid):
    """A rule with a field that rules do not have: most often a misspelt one."""

    message: ClassVar[str] = N_("A rule has no field “{field}”.")
    field: str


@dataclass(eq=False)
class MissingRuleField(Invalid):
    """A rule without a field that it needs."""

    message: ClassVar[str] = N_("The rule needs the field “{field}”.")
    field: str


@dataclass(eq=False)
class WrongRuleValue(Invalid):
    """A field of a rule whose value is of the wrong type or outside what is allowed."""

    message: ClassVar[str] = N_("The field “{field}” of the rule must be {wanted}.")
    field: str
    wanted: str


@dataclass(eq=False)
class EmptyBounds(Invalid):
    """Bounds that nothing can lie between, or none at all."""

    message: ClassVar[str] = N_(
        "The rule needs a lower or an upper bound, and the lower one may not be above the upper."
    )


@dataclass(eq=False)
class UnsupportedPattern(Invalid):
    """A regular expression that the query engine cannot run in linear time."""

    message: ClassVar[str] = N_(
        "The pattern “{pattern}” cannot be used: it is not well formed, is too long, or looks "
        "ahead, looks behind or refers back."
    )
    pattern: str


@dataclass(eq=False)
class UnknownColumn(Invalid):
    """A rule about a column that the data does not have."""

    message: ClassVar[str] = N_("The data has no column “{column}”.")
    column: str


@dataclass(eq=False)
class RuleDoesNotFit(Invalid):
    """A rule that cannot be asked of a column of this type."""

    message: ClassVar[str] = N_(
        "The rule “{kind}” cannot be asked of the column “{column}”, whose type is {type}."
    )
    kind: str
    column: str
    type: str


@dataclass(eq=False)
class WrongNumberOfColumns(Invalid):
    """A rule that names more or fewer columns than its kind takes."""

    message: ClassVar[str] = N_("The rule “{kind}” takes {wanted} columns, not {given}.")
    kind: str
    wanted: str
    given: int


@dataclass(eq=False)
class OtherTableNotReadable(Denied):
    """A rule about another table that the department may not read whole and as it is."""

    message: ClassVar[str] = N_(
        "A rule may only look at a table that your organisation may read whole: its own, an open "
        "one, or one that is shared with it without masks and conditions. “{table}” is not."
    )
    table: str


@dataclass(eq=False)
class OtherTableHasNoColumn(Invalid):
    """A rule about a column of another table that is not there, or of another type."""

    message: ClassVar[str] = N_(
        "The table “{table}” has no column “{column}” that can be compared with “{own}”."
    )
    table: str
    column: str
    own: str


@dataclass(eq=False)
class UnknownPack(NotFound):
    """A rule pack that is not installed."""

    message: ClassVar[str] = N_("There is no rule pack “{pack}”.")
    pack: str


@dataclass(eq=False)
class UnknownRule(NotFound):
    """A rule that the dataset does not have, or not any more."""

    message: ClassVar[str] = N_("There is no such rule.")
    rule_id: str


@dataclass(eq=False)
class TooManyRules(TooLarge):
    """More own rules than one dataset may have."""

    message: ClassVar[str] = N_("A dataset can have {limit} rules of its own at most.")
    limit: int


@dataclass(eq=False)
class NotAssessed(NotFound):
    """A version that has no quality report yet."""

    message: ClassVar[str] = N_("This version has not been checked yet.")


@dataclass(eq=False)
class UnknownFinding(NotFound):
    """An answer to something that was not found in this version."""

    message: ClassVar[str] = N_("Nothing of this kind was found in the column “{column}”.")
    column: str


@dataclass(eq=False)
class UnknownAnswer(Invalid):
    """An answer that is none of the three."""

    message: ClassVar[str] = N_("The answer is “kept”, “masked” or “dropped”.")


@dataclass(eq=False)
class ReasonNeeded(Invalid):
    """Sensitive data that is to go out as it is, without saying why."""

    message: ClassVar[str] = N_("Say in 1 to {limit} characters why this data may go out as it is.")
    limit: int


@dataclass(eq=False)
class UnknownProposal(NotFound):
    """A proposal that the dataset does not have, or that was decided already."""

    message: ClassVar[str] = N_("There is no such proposal any more.")
    proposal_id: str


@dataclass(eq=False)
class NothingToPlead(Conflict):
    """A plea for a version that no failed rule holds back, or whose check is not done."""

    message: ClassVar[str] = N_(
        "No failed rule holds this version back, or its check is not finished yet."
    )


@dataclass(eq=False)
class PleaIsOpen(Conflict):
    """A second plea while the first one waits."""

    message: ClassVar[str] = N_("A plea for this version is waiting for its answer already.")


@dataclass(eq=False)
class PleaIsOwn(Denied):
    """Deciding about what one has asked for oneself."""

    message: ClassVar[str] = N_("Somebody else has to decide what you have asked for.")


@dataclass(eq=False)
class PleaOutdated(Conflict):
    """A decision about a plea that was decided, or whose version has moved on."""

    message: ClassVar[str] = N_(
        "This plea was decided already, or the version was checked anew or has moved on since. "
        "Look at its newest report."
    )


@dataclass(eq=False)
class PleaReasonNeeded(Invalid):
    """A plea or its answer without words."""

    message: ClassVar[str] = N_("Say why, in 1 to {limit} characters.")
    limit: int


@dataclass(eq=False)
class UnknownPlea(NotFound):
    """A plea that nobody made."""

    message: ClassVar[str] = N_("There is no such plea.")


@dataclass(eq=False)
class UnknownPleaKind(Invalid):
    """A plea of no kind that there is."""

    message: ClassVar[str] = N_("Ask for a “known_issue”, or make an “appeal”.")


@dataclass(eq=False)
class WrongEndOfIssue(Invalid):
    """A known issue without a day by which it is to be mended."""

    message: ClassVar[str] = N_(
        "Give the day by which the issue is to be mended: after today, and within {limit} days."
    )
    limit: int


@dataclass(eq=False)
class UnreadableDocument(Invalid):
    """A text that is neither YAML nor JSON with an object at its top."""

    message: ClassVar[str] = N_(
        "This can be read neither as YAML nor as JSON: one object, {count_max} characters at most, "
        "in YAML without anchors and references."
    )
    count_max: int


@dataclass(eq=False)
class MalformedContract(Invalid):
    """A contract that is none, or asks for too much at once."""

    message: ClassVar[str] = N_(
        "This is no data contract that can be read: “kind” must be {kind}, “apiVersion” {version} "
        "or another v3, “schema”, “properties” and “quality” lists of objects, 500 asks at most."
    )
    kind: str
    version: str


@dataclass(eq=False)
class MasksLeak(Conflict):
    """What a view lets out still holds identifiers in a column that it masks."""

    message: ClassVar[str] = N_(
        "Column “{column}” is masked, but identifiers can still be read in it. It is held back"
        " until its publisher chooses another mask."
    )
    column: str
    kind: str

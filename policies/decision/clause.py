"""The standards as data: sources, clauses, clocks, closed lists, and the profile that dates them.

A profile is what was in force at one time in one place. It is data in `profiles/*.yaml`; what a
clause tests is a pure function in `checks/`, named by the clause.

Source: docs/decisions/0003-standards-as-dated-profiles.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from policies.canonical import Plain, fingerprint_of, to_plain
from policies.terms import Regime, Text

Parameter = int | str | tuple[str, ...]
"""What a clause sets for its test: a number (unit in its name), a word or a list of words."""


class Stage(StrEnum):
    """The moments at which clauses are tested; each has its own type of facts."""

    REGISTER = "register"
    APPROVE = "approve"
    LIST = "list"
    PRICE = "price"
    APPLY = "apply"
    DECIDE = "decide"
    AGREE = "agree"
    TOKEN = "token"  # noqa: S105 - a stage, not a secret
    WITHDRAW = "withdraw"
    PURGE = "purge"
    NEGOTIATE = "negotiate"
    DELIVER = "deliver"
    END = "end"
    AUDIT = "audit"
    """The exchange as a whole on a day, by what is outstanding."""


class Severity(StrEnum):
    """What a failed clause does."""

    BLOCK = "block"
    """The act is refused."""
    HOLD = "hold"
    """No new agreements; those in force go on."""
    WARN = "warn"
    """Shown and recorded."""
    REPORT = "report"
    """Counted for the regulator."""


class Basis(StrEnum):
    """How well the source is known; texts not read are shown with a note."""

    TEXT_READ = "T"
    SUMMARY_READ = "R"
    NOT_READ = "K"
    OWN_RULE = "D"


class Outcome(StrEnum):
    """What testing a clause gave."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not_applicable"
    UNKNOWN = "unknown"
    """A fact that the test needs is one that nobody can give yet: not covered, neither way."""


class LegalBasisKind(StrEnum):
    """The rank of a text that a restriction may cite."""

    LAW = "law"
    ADMINISTRATIVE_REGULATION = "administrative_regulation"
    STATE_COUNCIL_DECISION = "state_council_decision"
    STATE_COUNCIL_PAPER = "state_council_paper"
    LOCAL_REGULATION = "local_regulation"
    MINISTRY_PAPER = "ministry_paper"


class ClockName(StrEnum):
    """The terms that a profile may set, in working days."""

    ANSWER_UNCONDITIONAL = "answer_unconditional"
    ANSWER_CONDITIONAL = "answer_conditional"
    DELIVERY = "delivery"
    CORRECTION = "correction"
    CATALOGUE_UPDATE = "catalogue_update"
    CATALOGUE_REVIEW = "catalogue_review"
    NEW_DEMAND = "new_demand"
    DISCLOSURE_ANSWER = "disclosure_answer"
    THIRD_PARTY_COMMENT = "third_party_comment"
    REGISTRATION_FILING = "registration_filing"
    REGISTRATION_ACCEPTANCE = "registration_acceptance"
    REGISTRATION_CHECK = "registration_check"
    REGISTRATION_NOTICE = "registration_notice"


@dataclass(frozen=True, slots=True)
class Source:
    """A standard, law or specification that clauses come from."""

    id: str
    title: Text
    in_force: date | None
    """None for the exchange's own rules, which are as old as the profile."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One rule of a standard that a machine can check, with the days between which it holds."""

    id: str
    source: Source
    article: Text
    basis: Basis
    valid_from: date
    valid_to: date | None
    """The first day on which it no longer holds; None while no end is known."""
    regimes: frozenset[Regime]
    stage: Stage
    test: str
    severity: Severity
    message: Text
    """What to do where it fails; `{named}` stands for the things that the test names."""
    parameters: Mapping[str, Parameter]

    def is_in_force(self, day: date) -> bool:
        """Whether the clause holds on that day in China."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class Clock:
    """A term of a standard, in working days."""

    name: ClockName
    working_days: int
    extension_working_days: int
    """At most this many more, with consent; 0 where no extension is known."""
    reminder_working_days: tuple[int, ...]
    """Days of the clock on which the one who must act is reminded."""
    source: Source
    article: Text
    basis: Basis


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """A legal text that a restriction or a condition may cite."""

    id: str
    kind: LegalBasisKind
    title: Text


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence of the closed list; `attribution` has `{publisher}`, `{title}` and `{url}`."""

    id: str
    title: Text
    url: str
    is_open: bool
    """Whether it lets anyone use the data for any purpose. Source: Open Definition 2.1."""
    attribution: Text


@dataclass(frozen=True, slots=True)
class Profile:
    """The standards of one jurisdiction as they stood from one day to another."""

    id: str
    jurisdiction: str
    title: Text
    valid_from: date
    valid_to: date | None
    """The first day on which it no longer holds; None while no end is known."""
    is_request_needed_for_unconditional: bool
    """Whether a department must ask for data of the unconditional share class."""
    clauses: tuple[Clause, ...]
    clocks: tuple[Clock, ...]
    legal_bases: tuple[LegalBasis, ...]
    licences: tuple[Licence, ...]
    words: Mapping[str, Text]
    """What the fields that clauses name are called in a message."""
    version: int = 1
    """A released version is never edited; a better reading of the same law is the next one."""
    fingerprint: str = field(init=False, compare=False)
    """SHA-256 over all of the above: a decision names exactly what it was made under."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "fingerprint", fingerprint_of(self.as_plain()))

    def as_plain(self) -> dict[str, Plain]:
        """The profile as it is stored and hashed; first versions were so before they had a number.

        A number that is left out keeps the fingerprints under which they were released.
        """
        plain = to_plain(self)
        assert isinstance(plain, dict)
        if self.version == 1:
            del plain["version"]
        return plain

    def is_in_force(self, day: date) -> bool:
        """Whether the profile holds on that day in China."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    def clause(self, clause_id: str) -> Clause | None:
        """The clause of that id; None where this profile has none."""
        return next((clause for clause in self.clauses if clause.id == clause_id), None)

    def clock(self, name: ClockName) -> Clock | None:
        """The term of that name; None where this standard sets none."""
        return next((clock for clock in self.clocks if clock.name is name), None)

    def licence(self, licence_id: str) -> Licence | None:
        """The licence of that id; None where it is not on the closed list."""
        return next((licence for licence in self.licences if licence.id == licence_id), None)

    def legal_basis(self, legal_basis_id: str) -> LegalBasis | None:
        """The legal text of that id; None where it is not on the closed list."""
        return next((basis for basis in self.legal_bases if basis.id == legal_basis_id), None)


@dataclass(frozen=True, slots=True)
class ClauseResult:
    """What one clause said about one set of facts."""

    clause_id: str
    outcome: Outcome
    severity: Severity
    facts: Mapping[str, str]
    """The facts that the test read, as text, by name."""
    message: Text
    source: Text
    article: Text


@dataclass(frozen=True, slots=True)
class Judgement:
    """What all clauses of a profile said at one stage."""

    results: tuple[ClauseResult, ...]
    profile_id: str
    profile_hash: str

    @property
    def is_allowed(self) -> bool:
        """Whether no clause blocks the act."""
        return not self.blocking

    @property
    def is_held(self) -> bool:
        """Whether a clause stops new agreements."""
        return bool(self.failed(Severity.HOLD))

    @property
    def blocking(self) -> tuple[ClauseResult, ...]:
        """The failed clauses for which the act is refused."""
        return self.failed(Severity.BLOCK)

    def failed(self, severity: Severity) -> tuple[ClauseResult, ...]:
        """The failed clauses of that severity, in the order of their ids."""
        return tuple(
            result
            for result in self.results
            if result.outcome is Outcome.FAILED and result.severity is severity
        )

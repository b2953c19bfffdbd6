"""Credits as double entry: accounts, transfers, and which transfers there are.

A transfer debits one account and credits another by the same whole amount. A charge is first held
(`PENDING`) and then resolved once, by `POST` of at most what was held or by `VOID`. What is not
posted goes back at the same moment. The database keeps all of this, in `0004.exchange.sql`.

Source: exchange design X118, X120, X121, X128.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from policies.terms import MicroCredits, OrganizationId

TOP_UP_MAX = MicroCredits(1_000_000_000_000_000)
"""The most that one top-up may add: a thousand million credits."""

RESERVATION_LIFE = timedelta(minutes=15)
"""A hold not settled or released by then charges nothing; far above what a query may take."""

QUERY_RESERVATION_LIFE = timedelta(minutes=1)
"""The same for statements and pages, which are killed after seconds: what a server that died held
is soon free again.
"""

STATEMENT_LINES_MAX = 10_000


class Asset(StrEnum):
    """What is counted; a transfer stays within one."""

    CREDIT = "credit"
    ROWS = "rows"
    QUERIES = "queries"
    EPSILON = "epsilon"


class AccountKind(StrEnum):
    """What an account is for."""

    CASH = "cash"
    """The exchange's counterpart of what was paid in; no floor."""
    AVAILABLE = "available"
    """What an organisation can still spend; never below nothing, holds included."""
    PAYABLE = "payable"
    """What a provider has earned."""
    DUE = "due"
    """What a provider asked to be paid out and was not sent yet."""
    FEE = "fee"
    """The exchange's own part."""
    QUOTA = "quota"
    USED = "used"

    @property
    def has_floor(self) -> bool:
        """Whether debits, held or posted, may never exceed what was posted as credit."""
        return self not in (AccountKind.CASH, AccountKind.QUOTA)


class TransferKind(StrEnum):
    """What a transfer does to its accounts."""

    DIRECT = "direct"
    PENDING = "pending"
    POST = "post"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Account:
    """One account with its running sums."""

    id: UUID
    owner_id: OrganizationId | None
    """None: the exchange itself."""
    asset: Asset
    kind: AccountKind
    has_floor: bool
    debits_pending: int
    debits_posted: int
    credits_pending: int
    credits_posted: int

    @property
    def balance(self) -> int:
        """What was posted, credit less debit."""
        return self.credits_posted - self.debits_posted

    @property
    def available(self) -> int:
        """What can still be spent: the balance less what is held."""
        return self.balance - self.debits_pending


@dataclass(frozen=True, slots=True)
class Transfer:
    """One immutable entry of the ledger."""

    id: UUID
    kind: TransferKind
    pending_id: UUID | None
    """The hold that it resolves; None unless it posts or voids one."""
    debit_account_id: UUID
    credit_account_id: UUID
    asset: Asset
    amount: int
    reason: str
    receipt_id: UUID | None
    expires_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Balance:
    """An organisation's credits."""

    available: MicroCredits
    held: MicroCredits
    earned: MicroCredits
    """What others paid for its data, after the exchange's part."""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """What one receipt cost or earned an organisation."""

    receipt_id: UUID
    at: datetime
    dataset_id: UUID
    counterparty_id: OrganizationId | None
    """The other side; None where an anonymous visitor read open data."""
    row_count: int
    charge: MicroCredits
    fee: MicroCredits
    body_sha256: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What an organisation spent and earned in a period, made from receipts alone.

    Source: exchange design, usage statement.
    """

    organization_id: OrganizationId
    since: datetime
    until: datetime
    spent: tuple[StatementLine, ...]
    earned: tuple[StatementLine, ...]

    @property
    def spent_total(self) -> MicroCredits:
        """All charges to the organisation."""
        return MicroCredits(sum(line.charge for line in self.spent))

    @property
    def earned_total(self) -> MicroCredits:
        """All charges for its data, less the exchange's part."""
        return MicroCredits(sum(line.charge - line.fee for line in self.earned))

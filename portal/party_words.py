"""What roles and kinds of organisation are called, on pages and in refusals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from policies.errors import N_
from policies.party import OrganizationKind, Role

ROLES: Final[Mapping[Role, str]] = {
    Role.PUBLISHER: N_("Publisher"),
    Role.APPROVER: N_("Approver"),
    Role.BUYER: N_("Buyer"),
    Role.ASSESSOR: N_("Assessor"),
    Role.FINANCE: N_("Finance"),
    Role.REGULATOR: N_("Regulator"),
    Role.BUREAU: N_("Bureau"),
    Role.ADMIN: N_("Administrator"),
}
KINDS: Final[Mapping[OrganizationKind, str]] = {
    OrganizationKind.DEPARTMENT: N_("Department"),
    OrganizationKind.OPERATOR: N_("Authorised operator"),
    OrganizationKind.ENTERPRISE: N_("Enterprise"),
    OrganizationKind.BUREAU: N_("Bureau"),
    OrganizationKind.REGULATOR: N_("Regulator"),
}

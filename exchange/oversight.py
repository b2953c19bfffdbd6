"""Figures for those who supervise the exchange."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """What happened since a moment, and what stands open now."""

    deliveries: int
    rows: int
    charged_microcredits: int
    refusals: int
    agreements_in_force: int
    applications_open: int
    applications_overdue: int
    listings_to_open: int

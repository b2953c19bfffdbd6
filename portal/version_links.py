"""The way from one version of a dataset to those around it, as a header.

Source: RFC 5829 (latest-version, predecessor-version, successor-version); RFC 8288.
"""

from __future__ import annotations

from catalog.pinned import Neighbours


def links_of(slug: str, distribution: str | None, around: Neighbours) -> str:
    """The `Link` header to the versions around one."""
    query = f"?distribution={distribution}" if distribution else ""
    told = (
        ("latest-version", around.latest),
        ("predecessor-version", around.predecessor),
        ("successor-version", around.successor),
    )
    return ", ".join(
        f'</api/v1/datasets/{slug}/versions/{number}{query}>; rel="{relation}"'
        for relation, number in told
        if number is not None
    )

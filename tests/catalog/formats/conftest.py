"""The official shapes, where they are at hand."""

from __future__ import annotations

from tests.portal.feeds.conftest import official_shapes, standards

__all__ = ["official_shapes", "standards"]

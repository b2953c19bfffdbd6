"""How often one may still ask, as programs read it.

Source: draft-ietf-httpapi-ratelimit-headers, "RateLimit-Policy" and "RateLimit".
"""

from __future__ import annotations

from exchange.fair_use import DAY_S


def rate_limit_headers(policy: str, quota: int, left: int, reset_s: int) -> dict[str, str]:
    """The two fields: the policy with its quota and window, and how the caller stands in it."""
    return {
        "RateLimit-Policy": f'"{policy}";q={quota};w={DAY_S}',
        "RateLimit": f'"{policy}";r={left};t={reset_s}',
    }

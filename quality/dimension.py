"""The six dimensions in which data is judged.

Source: GB/T 36344-2018, indicator framework.
"""

from __future__ import annotations

from enum import StrEnum

from policies.terms import Text


class Dimension(StrEnum):
    """In the order of the standard."""

    NORMATIVITY = "normativity"
    COMPLETENESS = "completeness"
    ACCURACY = "accuracy"
    CONSISTENCY = "consistency"
    TIMELINESS = "timeliness"
    ACCESSIBILITY = "accessibility"

    @property
    def label(self) -> Text:
        """The name of the dimension."""
        return _TITLES[self]


_TITLES = {
    Dimension.NORMATIVITY: Text(zh="规范性", en="Normativity"),
    Dimension.COMPLETENESS: Text(zh="完整性", en="Completeness"),
    Dimension.ACCURACY: Text(zh="准确性", en="Accuracy"),
    Dimension.CONSISTENCY: Text(zh="一致性", en="Consistency"),
    Dimension.TIMELINESS: Text(zh="时效性", en="Timeliness"),
    Dimension.ACCESSIBILITY: Text(zh="可访问性", en="Accessibility"),
}

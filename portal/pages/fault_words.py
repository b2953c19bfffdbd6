"""What a department agreed to be wrong, as those who received the data read it."""

from __future__ import annotations

from exchange.faults.fault import Fault, FaultState
from portal.pages.speech import Speech


def fault_notice(fault: Fault, say: Speech) -> dict[str, object]:
    """What to know about a version that was delivered; who asked stays untold."""
    number = say.number(fault.version_number)
    sentence = (
        say.gettext(
            "Version {number} was corrected in version {newer}",
            number=number,
            newer=say.number(fault.corrected_number or 0),
        )
        if fault.state is FaultState.CORRECTED
        else say.gettext("Version {number} is known to be wrong", number=number)
    )
    return {
        "sentence": sentence,
        "answer": fault.answer,
        "at": fault.answered_at,
        "column": fault.column,
    }

"""Names and formats as whole lists, each caller those that exist for them."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.audience import audience_of
from catalog.dataset import DatasetState
from catalog.store import deposits as store
from policies.database import Tx
from policies.party import Actor

FORMATS_MAX = 1_000


def dataset_names(
    tx: Tx,
    *,
    by: Actor,
    states: Sequence[DatasetState] = (DatasetState.PUBLISHED,),
    with_private: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> list[str]:
    """Names of datasets in these states, sorted; without a limit all of them.

    Names are short, so that even a large catalogue's fit into one answer.
    """
    return store.names(
        tx,
        audience_of(by),
        states=[state.value for state in states],
        with_private=with_private,
        limit=limit,
        offset=offset,
    )


def formats_like(tx: Tx, containing: str, *, limit: int) -> list[str]:
    """Formats in use that contain a text, in small letters, the most frequent first."""
    return store.formats(tx, containing.replace("\0", ""), limit=min(limit, FORMATS_MAX))

"""How a legal text is cited in a field: its official name between 《》, then the article."""

from __future__ import annotations

from collections.abc import Sequence

from policies.decision.clause import LegalBasis
from portal.pages.speech import Speech


def cite(basis: LegalBasis, article: str) -> str:
    """The citation, as it stands in the record; official names are Chinese."""
    return f"《{basis.title.zh}》{article.strip()}"


def cited(citation: str, bases: Sequence[LegalBasis]) -> tuple[str, str]:
    """The id of the legal text that is cited, empty where it is not on the list, and the rest."""
    for basis in sorted(bases, key=lambda one: -len(one.title.zh)):
        for name in (f"《{basis.title.zh}》", basis.title.zh, basis.title.en):
            if name and citation.startswith(name):
                return basis.id, citation[len(name) :].strip()
    return "", citation


def citation_words(citation: str, bases: Sequence[LegalBasis], say: Speech) -> str:
    """The citation for the reader: the name of the text in their language where it is known."""
    known, article = cited(citation, bases)
    if not known:
        return citation
    title = next(basis.title for basis in bases if basis.id == known)
    return f"{say.text(title)} {article}".strip()

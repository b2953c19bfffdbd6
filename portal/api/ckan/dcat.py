"""The two actions that clients of ckanext-dcat call: the catalogue and a dataset as text.

Source: ckanext-dcat 2.4, `dcat_catalog_search` and `dcat_dataset_show`.
"""

from __future__ import annotations

from typing import Final

from catalog.formats.oxigraph import RdfForm, write
from portal.api.ckan.action import Result, Table, reads
from portal.api.ckan.call import Call
from portal.api.ckan.errors import wrong
from portal.api.feeds.rdf import ENDINGS, PAGE_NUMBER_MAX, Asked, catalogue_graph, dataset_graph

_FORMS: Final = {
    **ENDINGS,
    "turtle": RdfForm.TURTLE,
    "n3": RdfForm.TURTLE,
    "json-ld": RdfForm.JSON_LD,
    "ntriples": RdfForm.N_TRIPLES,
}


def dcat_catalog_search(call: Call) -> Result:
    """The catalogue as RDF text: `page`, `q`, `fq`, `modified_since`, and `format` (`xml`, `ttl`,
    `jsonld`, `nt`; the first where none is named). `profiles` is accepted and ignored.
    """
    form = _form(call)
    asked = Asked(
        page=call.whole("page", 1, least=1, most=PAGE_NUMBER_MAX),
        since=call.text("modified_since") or None,
        q=call.text("q") or None,
        fq=call.text("fq") or None,
    )
    path = f"{call.site_url}/catalog.{form.value}"
    triples = catalogue_graph(call.tx, call.wiring, asked, path, by=call.actor)
    return write(dict.fromkeys(triples), form).decode()


def dcat_dataset_show(call: Call) -> Result:
    """One dataset, by `id` (its id or name), as RDF text; `format` as in `dcat_catalog_search`."""
    form, name = _form(call), call.wanted("id")
    return write(dataset_graph(call.tx, call.wiring, name, by=call.actor), form).decode()


def _form(call: Call) -> RdfForm:
    named = call.text("format", "xml") or "xml"
    if named.lower() not in _FORMS:
        raise wrong("format", f"Must be one of: {', '.join(sorted(_FORMS))}")
    return _FORMS[named.lower()]


ACTIONS: Final[Table] = reads(
    dcat_catalog_search=dcat_catalog_search, dcat_dataset_show=dcat_dataset_show
)

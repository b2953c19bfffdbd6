"""Nothing that a caller may not see shows in a feed, a total or a refusal, come what may."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.audience import sees_dataset, sees_department_fields
from catalog.curation import deposit
from catalog.curation.deposit import Deposit
from catalog.dataset import Dataset, Distribution, DistributionId
from catalog.directory import DEPARTMENT_FIELDS, Directory, RecordAudience
from catalog.find import dataset_with_id
from catalog.search.fields import EXACT, NUMBERS
from catalog.search.query import FACET_FIELDS_MAX
from policies import log
from policies.party import ANONYMOUS, Actor
from policies.terms import DatasetId, Text
from portal.wiring import Wiring
from tests.counts import IS_LONG
from tests.exchange.city import City, entry
from tests.portal.feeds.test_rdf import HYDRA, read
from tests.portal.pages.conftest import OpenBrowser
from tests.portal.visitor import Visitor

STATES = ("draft", "submitted", "reviewed", "published", "withdrawn")
ADDRESSES = ("/catalog.nt", "/data.json", "/api/v1/changes")
OAI = ("ListRecords&metadataPrefix=oai_dc", "ListRecords&metadataPrefix=dcat")
COUNT = "SELECT (COUNT(DISTINCT ?s) AS ?n) WHERE { ?s a <http://www.w3.org/ns/dcat#Dataset> }"
SECRET = "secret-of-departments"
EVERY = "include_private=true&include_drafts=true&include_deleted=true"
LISTS = (
    f"/api/3/action/package_list?{EVERY}",
    f"/api/3/action/package_search?rows=100&{EVERY}",
    "/api/3/action/package_search?rows=100",
    "/api/3/action/package_autocomplete?q=title",
    "/api/3/action/package_autocomplete?q=slug",
    "/api/3/action/current_package_list_with_resources",
    "/api/3/action/recently_changed_packages_activity_list?limit=100",
    "/api/3/action/organization_activity_list?id=transport&limit=100",
    "/api/3/action/organization_show?id=transport&include_datasets=true",
    "/api/3/action/group_show?id=every&include_datasets=true",
    "/api/3/action/group_package_show?id=every",
    "/api/3/action/tag_list",
    "/api/3/action/tag_autocomplete?query=tag",
    "/api/3/action/resource_search?query=name:title",
    "/api/v1/suggest?q=title",
    "/api/v1/suggest?q=tag",
    "/api/v1/datasets",
    "/catalog.nt?q=title",
    "/",
    "/dataset",
    "/dataset?q=title",
    "/dataset/suggest?q=tag",
    "/group/every",
    "/organization/transport",
)
"""Whatever lists, offers or counts records, and is the caller's own."""
SHARED_EXTRAS = tuple(f"extras_{name}" for name in DEPARTMENT_FIELDS)
FACETS = (*EXACT, *NUMBERS, "extras_told", "res_extras_told", *SHARED_EXTRAS)
"""Every field whose values can be counted."""
MARKED = (
    *("id", "name", "title_string", "url", "version", "spatial", "class_code", "gov_code"),
    *("res_format", "extras_told", "res_extras_told"),
)
"""Those of which each dataset has a value of its own here, and just one."""
LOOKED_THROUGH = ("area", "tag", "format")
NOTHING = "nothing-here"


@dataclass(frozen=True)
class Permission:
    state: str
    audience: RecordAudience
    is_classified: bool


PERMISSIONS = st.builds(
    Permission, st.sampled_from(STATES), st.sampled_from(RecordAudience), st.booleans()
)


def add(city: City, permission: Permission, series_id: DatasetId | None) -> Dataset:
    mark = uuid4().hex
    class_code = f"301001{str(uuid4().int)[:12]}"
    directory = Directory(
        is_classified=permission.is_classified,
        class_code=class_code,
        gov_code=f"{class_code}/1",
        spatial=f"area{mark}",
        author=f"author{mark}",
        maintainer=f"maintainer{mark}",
        landing_page=f"https://page.example.org/{mark}",
        version_label=f"version{mark}",
        scenario=f"scenario{mark}",
        identifiers=(f"identifier{mark}",),
        in_series=series_id,
        share_condition=SECRET,
        source_system=SECRET,
        contact_phone="0000-7777777",
        extras=(("told", f"extra{mark}"), *((name, SECRET) for name in DEPARTMENT_FIELDS)),
    )
    told = replace(
        entry(licence="CC-BY-4.0"),
        title=Text(en=f"title{mark}"),
        keywords=(f"tag{mark}", "common"),
        audience=permission.audience,
        directory=directory,
    )
    with city.pool.connection() as tx:
        dataset_id = deposit.new_id(tx)
        file = Distribution(
            id=DistributionId(uuid4()),
            dataset_id=dataset_id,
            slug="file",
            title=Text(en=f"file{mark}"),
            access_url=f"https://files.example.org/{mark}",
            key_columns=(),
            created_at=city.at,
            modified_at=city.at,
            format=f"form{mark}",
            details={"told": f"detail{mark}"},
        )
        given = Deposit(f"slug{mark}", city.transport.id, told, (file,))
        made = deposit.deposit(tx, dataset_id, given, by=city.publisher, at=city.at)
        tx.execute(
            "UPDATE catalog.datasets SET state = %s, issued = created_at WHERE id = %s",
            (permission.state, made.id),
        )
        tx.execute(
            """
            INSERT INTO catalog.dataset_themes (theme_id, dataset_id)
            SELECT id, %s FROM catalog.themes WHERE slug = 'every'
            """,
            (made.id,),
        )
        return dataset_with_id(tx, made.id, by=city.publisher)


def marks(dataset: Dataset) -> tuple[str, ...]:
    """What tells of one dataset alone; every text of its own ends in the first of them."""
    return (
        dataset.slug.removeprefix("slug"),
        str(dataset.id),
        dataset.entry.directory.class_code,
    )


def is_told(actor: Actor, dataset: Dataset) -> bool:
    is_out = dataset.state == "published" and not dataset.entry.directory.is_classified
    return is_out and sees_dataset(actor, dataset)


def check(visitor: Visitor, actor: Actor, datasets: list[Dataset]) -> None:
    """Hold every feed to what `actor` may know."""
    told = [one for one in datasets if is_told(actor, one)]
    public = [one for one in datasets if is_told(ANONYMOUS, one)]
    texts = {address: visitor.get(address).text for address in ADDRESSES}
    texts |= {verb: visitor.get(f"/oai?verb={verb}").text for verb in OAI}

    for address, text in texts.items():
        expected = told if address in ("/catalog.nt", "/api/v1/changes") else public
        hidden = [mark for one in datasets if one not in expected for mark in marks(one)]
        assert not [mark for mark in hidden if mark in text], address
        if address != "/api/v1/changes":
            assert all(str(one.id) in text for one in expected), address
        if actor is ANONYMOUS or address in ("/data.json", *OAI):
            assert SECRET not in text
            assert "7777777" not in text

    graph = read(texts["/catalog.nt"], "nt")
    assert {int(str(total)) for total in graph.objects(None, HYDRA.totalItems)} == {len(told)}
    answer = visitor.get("/sparql", params={"query": COUNT}).json()
    assert int(answer["results"]["bindings"][0]["n"]["value"]) == len(public)
    unknown = visitor.get("/oai?verb=GetRecord&metadataPrefix=oai_dc&identifier=oai:testserver:x")
    missing = refusals_of_nothing(visitor)
    for one in datasets:
        asked = f"/oai?verb=GetRecord&metadataPrefix=oai_dc&identifier=oai:testserver:{one.id}"
        if one not in public:
            assert _error(visitor.get(asked).text) == _error(unknown.text)
        check_refusals(visitor, actor, one, missing)


def check_lists(visitor: Visitor, actor: Actor, datasets: list[Dataset]) -> None:
    """Hold every list, count and suggestion to the records that exist for `actor`."""
    seen = [one for one in datasets if sees_dataset(actor, one)]
    hidden = [mark for one in datasets if one not in seen for mark in marks(one)]
    for address in LISTS:
        answer = visitor.get(address)
        assert answer.status_code == 200, (address, answer.text[:300])
        assert not [mark for mark in hidden if mark in answer.text], address

    counted: dict[str, dict[str, int]] = {}
    for first in range(0, len(FACETS), FACET_FIELDS_MAX):
        names = FACETS[first : first + FACET_FIELDS_MAX]
        fields = "".join(f"&facet.field={name}" for name in names)
        asked = f"/api/3/action/package_search?rows=0&facet.limit=-1&{EVERY}{fields}"
        found = visitor.get(asked).json()["result"]
        assert found["count"] == len(seen)
        assert not [mark for mark in hidden if mark in str(found)]
        counted |= found["facets"]
    for name in MARKED:
        assert sorted(counted[name].values()) == [1] * len(seen), name
    for name in SHARED_EXTRAS:
        assert counted[name] == {}, name
    assert counted["tags"].get("common", 0) == len(seen)
    assert counted["groups"].get("every", 0) == len(seen)
    offered = visitor.get("/api/v1/suggest?q=every").json()["topics"]
    assert [one["datasets"] for one in offered] == [len(seen)] * bool(seen)
    assert counted["organization"].get("transport", 0) == len(seen)
    assert all(
        sum(counts.values()) <= len(seen) for name, counts in counted.items() if name != "tags"
    )
    for name in LOOKED_THROUGH:
        page = visitor.page(f"/dataset?within={name}&holding=o")
        assert not [mark for mark in hidden if mark in page], name
    for one in datasets:
        mark, dataset_id, class_code = marks(one)
        values = (
            *(f"id:{dataset_id}", f"name:{one.slug}", f"spatial:area{mark}", f"tags:tag{mark}"),
            *(f"class_code:{class_code}", f"extras_told:extra{mark}", f"res_name:file{mark}"),
        )
        # Found by nothing at all where it is hidden; that each finds it where not, facets tell.
        for query in (
            f"q=title{mark}",
            f"q=scenario{mark} OR identifier{mark}",
            f"fq={' OR '.join(values)}",
        ):
            hits = visitor.get(f"/api/3/action/package_search?rows=0&{EVERY}&{query}").json()
            assert hits["result"]["count"] == (one in seen), query
        check_shared_fields(visitor, actor, one, is_seen=one in seen)
    for query in (f"q={SECRET}", f"fq=extras_source_system:{SECRET}", "q=0000-7777777"):
        hits = visitor.get(f"/api/3/action/package_search?{EVERY}&{query}").json()
        assert hits["result"]["count"] == 0, query

    published = [one for one in seen if one.state == "published"]
    for action, name in (("organization_list", "transport"), ("group_list", "every")):
        listed = visitor.get(f"/api/3/action/{action}?all_fields=true").json()["result"]
        (held,) = [one for one in listed if one["name"] == name]
        assert held["package_count"] == len(published), action
    for path in ("/organization", "/group"):
        page = visitor.page(path)
        words = f"{len(published)} dataset{'' if len(published) == 1 else 's'}<"
        assert words in page, path


def check_shared_fields(visitor: Visitor, actor: Actor, dataset: Dataset, *, is_seen: bool) -> None:
    """What departments alone are told of a record stays with them, on every face."""
    names = ",".join(SHARED_EXTRAS)
    asked = f"/api/3/action/package_search?{EVERY}&fq=id:{dataset.id}"
    answers = {
        path: visitor.get(path).text
        for path in (
            f"/api/3/action/package_show?id={dataset.id}",
            *(asked, f"{asked}&fl={names}"),
            f"/api/v1/datasets/{dataset.slug}",
            f"/dataset/{dataset.slug}/history",
        )
    }
    knows = is_seen and sees_department_fields(actor, dataset)
    for path, text in answers.items():
        assert knows or (SECRET not in text and "7777777" not in text), path
    assert (SECRET in answers[asked]) == knows


def check_refusals(
    visitor: Visitor, actor: Actor, dataset: Dataset, missing: dict[str, Any]
) -> None:
    """Who may not know of it is told the same as of what is not there."""
    if sees_dataset(actor, dataset) and not dataset.entry.directory.is_classified:
        return
    for ending, of_nothing in missing.items():
        asked = visitor.get(f"/dataset/{dataset.slug}{ending}", headers={"Accept": "*/*"})
        told = asked.json()
        assert asked.status_code == 404
        assert told["code"] == of_nothing["code"]
        assert told["detail"] == of_nothing["detail"].replace(NOTHING, dataset.slug)


def refusals_of_nothing(visitor: Visitor) -> dict[str, Any]:
    """What is told of a record that is not there, by the end of its address."""
    answers = {
        ending: visitor.get(f"/dataset/{NOTHING}{ending}", headers={"Accept": "*/*"})
        for ending in (".ttl", "/croissant.jsonld", "/datapackage.json")
    }
    assert {answer.status_code for answer in answers.values()} == {404}
    return {ending: answer.json() for ending, answer in answers.items()}


def _error(text: str) -> list[str]:
    return re.findall(r"<error.*?</error>", text)


def readers(city: City) -> tuple[Actor, ...]:
    """One for each way in which a record may be seen."""
    return (ANONYMOUS, city.publisher, city.officer, city.buyer, city.regulator)


@pytest.fixture
def visitors(city: City, browser_of: OpenBrowser) -> list[Visitor]:
    """A browser of each reader, opened once for all examples."""
    return [browser_of(None if actor is ANONYMOUS else actor) for actor in readers(city)]


@settings(
    max_examples=20 if IS_LONG else 4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(permissions=st.lists(PERMISSIONS, min_size=3, max_size=6))
def test_no_feed_tells_what_the_caller_may_not_know(
    city: City, visitors: list[Visitor], wiring: Wiring, permissions: list[Permission]
) -> None:
    with city.pool.connection() as tx:
        tx.execute("DELETE FROM catalog.dataset_themes")
        tx.execute("DELETE FROM catalog.distributions")
        tx.execute("DELETE FROM catalog.datasets")
        tx.execute("DELETE FROM catalog.public_records")
        tx.execute(
            """
            INSERT INTO catalog.themes (id, slug, title, created_at)
            VALUES (gen_random_uuid(), 'every', '{"en": "Every"}', now())
                ON CONFLICT DO NOTHING
            """
        )
    datasets: list[Dataset] = []
    for permission in permissions:
        series_id = datasets[-1].id if datasets else None
        datasets.append(add(city, permission, series_id))
    with wiring.pool.connection() as tx:
        log.sequence(tx)

    for actor, visitor in zip(readers(city), visitors, strict=True):
        check(visitor, actor, datasets)
        check_lists(visitor, actor, datasets)

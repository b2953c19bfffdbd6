from __future__ import annotations

import psutil
import pytest

from tests.exchange.city import City
from tests.portal.feeds.test_rdf import HYDRA, read
from tests.portal.pages.conftest import OpenBrowser

DATASETS = 10_000
GROWTH_BYTES_MAX = 120 << 20


@pytest.mark.long
def test_ten_thousand_datasets_are_read_page_by_page_in_little_memory(
    city: City, browser_of: OpenBrowser
) -> None:
    with city.pool.connection() as tx:
        tx.execute(
            """
            INSERT INTO catalog.datasets
                   (id, slug, title, summary, publisher_id, grade, share_type, share_basis,
                    open_type, open_basis, update_cycle, licence, keywords, state, created_by,
                    created_at, modified_at, issued, audience, directory)
            SELECT uuidv7(), 'many-' || number, jsonb_build_object('zh', '数据集' || number),
                   jsonb_build_object('zh', repeat('说明', 100)), %(publisher)s, 1, 'unconditional',
                   '', 'unconditional', '', 'daily', 'CC-BY-4.0', ARRAY['词' || number],
                   'published', %(user)s, %(at)s, %(at)s, %(at)s, 'public', '{}'
              FROM generate_series(1, %(count)s) AS number
            """,
            {
                "publisher": city.transport.id,
                "user": city.publisher.user_id,
                "at": city.at,
                "count": DATASETS,
            },
        )
    visitor = browser_of()
    process = psutil.Process()
    visitor.get("/catalog.nt?page=1")
    before = process.memory_info().rss

    pages, seen, most = 0, 0, 0
    path: str | None = "/catalog.nt"
    while path:
        text = visitor.get(path).text
        pages += 1
        seen += text.count("<http://www.w3.org/ns/dcat#Dataset> .")
        most = max(most, process.memory_info().rss)
        head = read("\n".join(line for line in text.splitlines() if "hydra" in line), "nt")
        path = next((str(link) for link in head.objects(None, HYDRA.next)), None)
    listed = visitor.get("/data.json").json()["dataset"]
    most = max(most, process.memory_info().rss)

    assert pages == DATASETS // 100
    assert seen == DATASETS
    assert len(listed) == DATASETS
    assert most - before < GROWTH_BYTES_MAX
    print(before >> 20, most >> 20)  # noqa: T201 - for whoever looks

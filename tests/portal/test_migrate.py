"""Tests of `portal/migrate.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from yoyo import get_backend, read_migrations

from portal.migrate import MIGRATIONS, migrate
from portal.postgres import url_of

_DOCUMENTS = "0058.documents"
_AT = "2026-03-02T08:00:00Z"


def test_a_second_migration_finds_nothing_to_do(database_url: str) -> None:
    assert migrate(database_url) == []


@pytest.mark.parametrize("table", ["policies.events", "policies.leaves", "exchange.transfers"])
def test_evidence_cannot_be_emptied(tx: psycopg.Connection, table: str) -> None:
    with pytest.raises(psycopg.errors.RestrictViolation):
        tx.execute(f"TRUNCATE {table} CASCADE")


@pytest.fixture
def before_documents(postgres: Path) -> Iterator[str]:
    """URL of a database as it was before documents had versions."""
    called = f"weir_{uuid4().hex}"
    name = sql.Identifier(called)
    with psycopg.connect(url_of(postgres, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        url = url_of(postgres, called)
        backend = get_backend(url.replace("postgresql://", "postgresql+psycopg://", 1))
        older = read_migrations(str(MIGRATIONS)).filter(lambda step: step.id < _DOCUMENTS)
        backend.apply_migrations(backend.to_apply(older))
        backend.connection.close()
        yield url
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def _keep(tx: psycopg.Connection, slug: str, state: str, files: list[str], told: str) -> None:
    """A dataset whose distribution kept these files, of which its record tells of one."""
    published = state == "published"
    tx.execute(
        """
        INSERT INTO catalog.datasets (slug, title, summary, publisher_id, grade, share_type,
               open_type, update_cycle, state, created_at, modified_at, issued)
        SELECT %(slug)s, '{}', '{}', id, 1, 'unconditional', 'unconditional', 'irregular',
               %(state)s, %(at)s, %(at)s, %(issued)s
          FROM policies.organizations WHERE slug = 'transport'
        """,
        {"slug": slug, "state": state, "at": _AT, "issued": _AT if published else None},
    )
    details = {"weir_file": {"sha256": told, "media_type": "application/pdf"}}
    tx.execute(
        """
        INSERT INTO catalog.distributions (dataset_id, slug, title, created_at, modified_at,
               details)
        SELECT id, 'data', '{}', %(at)s, %(at)s, %(details)s
          FROM catalog.datasets WHERE slug = %(slug)s
        """,
        {"slug": slug, "at": _AT, "details": Jsonb(details)},
    )
    for day, sha256 in enumerate(files, 1):
        tx.execute(
            "INSERT INTO catalog.blobs VALUES (%s, 7, %s) ON CONFLICT DO NOTHING", (sha256, _AT)
        )
        tx.execute(
            """
            INSERT INTO catalog.uploads (distribution_id, file_name, blob_sha256, uploaded_at,
                   state)
            SELECT place.id, 'a.pdf', %(sha256)s, %(at)s, 'kept'
              FROM catalog.distributions AS place
              JOIN catalog.datasets AS dataset ON dataset.id = place.dataset_id
             WHERE dataset.slug = %(slug)s
            """,
            {"slug": slug, "sha256": sha256, "at": f"2026-03-0{day}T08:00:00Z"},
        )


def test_files_kept_before_documents_had_versions_become_their_first_one(
    before_documents: str,
) -> None:
    old, new = "a" * 64, "b" * 64
    with psycopg.connect(before_documents) as tx:
        tx.execute(
            "INSERT INTO policies.organizations (slug, kind, title, created_at)"
            " VALUES ('transport', 'department', '{}', %s)",
            (_AT,),
        )
        _keep(tx, "published", "published", [old, new], told=new)
        _keep(tx, "twice", "published", [new, old, new], told=new)
        _keep(tx, "draft", "draft", [old], told=old)
        _keep(tx, "reviewed", "reviewed", [old], told=old)
        _keep(tx, "withdrawn", "withdrawn", [old], told=old)
        _keep(tx, "elsewhere", "published", [old], told="c" * 64)

    migrate(before_documents)

    with psycopg.connect(before_documents, row_factory=dict_row) as tx:
        made = tx.execute(
            """
            SELECT dataset.slug, version.number, version.digest, version.state, version.kind,
                   version.published_under, version.published_at, version.size_bytes,
                   version.reading ->> 'media_type' AS media_type,
                   extract(day FROM upload.uploaded_at AT TIME ZONE 'UTC')::integer AS day
              FROM catalog.versions AS version
              JOIN catalog.uploads AS upload ON upload.id = version.upload_id
              JOIN catalog.distributions AS place ON place.id = version.distribution_id
              JOIN catalog.datasets AS dataset ON dataset.id = place.dataset_id
             ORDER BY dataset.slug
            """
        ).fetchall()
        assert not tx.execute(
            "SELECT 1 FROM catalog.blobs WHERE catalog.is_unused(sha256, '2027-01-01Z')"
        ).fetchall()
    assert [(one["slug"], one["state"], one["digest"], one["day"]) for one in made] == [
        ("draft", "created", old, 1),
        ("published", "published", new, 2),
        ("reviewed", "submitted", old, 1),
        ("twice", "published", new, 3),
        ("withdrawn", "withdrawn", old, 1),
    ]
    for one in made:
        assert (one["number"], one["kind"], one["size_bytes"]) == (1, "document", 7)
        assert one["media_type"] == "application/pdf"
        is_published = one["state"] == "published"
        assert (one["published_under"] == "cn-2025") is is_published
        assert (one["published_at"] is not None) is is_published
    assert migrate(before_documents) == []

"""Tests of the tiles of `portal/api/log.py`: a stranger mirrors the log by HTTP and holds it to it.

The mirror below knows the published formats only. It shares no code with the exchange: its tree is
the definition of RFC 9162 s. 2.1.1, word by word, and its signature check is the library's.
"""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass, field
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from policies import log
from policies.database import Pool
from policies.evidence.tile import Tile, read_tile_address
from tests.portal.api.test_log import Site, site

__all__ = ["site"]  # the fixture

WIDTH = 256


class ForkFound(Exception):
    """What the mirror kept is not the beginning of what it is shown now."""


@dataclass
class Mirror:
    """A copy of the hashes of a log, and the last checkpoint that they were proved to make."""

    client: TestClient
    public_key: bytes
    leaves: list[bytes] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)

    def follow(self) -> int:
        """Read the newest checkpoint and every tile that is missing; the size of the log."""
        size, root = self._checkpoint()
        if size < len(self.leaves):
            raise ForkFound
        whole = len(self.leaves) // WIDTH
        kept = self.leaves[: whole * WIDTH]
        for number in range(whole, -(-size // WIDTH)):
            kept += self._tile(0, number, min(WIDTH, size - number * WIDTH))
        if tree_hash(kept) != root or kept[: len(self.leaves)] != self.leaves:
            raise ForkFound
        for number in range(size // WIDTH // WIDTH + 1):
            width = min(WIDTH, size // WIDTH - number * WIDTH)
            if width and self._tile(1, number, width) != [
                tree_hash(kept[start : start + WIDTH])
                for start in range(number * WIDTH**2, (number * WIDTH + width) * WIDTH, WIDTH)
            ]:
                raise ForkFound
        self.leaves = kept
        return size

    def _checkpoint(self) -> tuple[int, bytes]:
        note = self.client.get("/log/checkpoint").text
        text, _, signatures = note.partition("\n\n")
        origin, size, root = text.split("\n")
        _, name, encoded = signatures.splitlines()[0].split(" ")
        assert name == origin
        Ed25519PublicKey.from_public_bytes(self.public_key).verify(
            b64decode(encoded)[4:], f"{text}\n".encode()
        )
        return int(size), b64decode(root)

    def _tile(self, level: int, number: int, width: int) -> list[bytes]:
        part = "" if width == WIDTH else f".p/{width}"
        path = f"/log/tile/{level}/{number:03}{part}"
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/octet-stream"
        assert "immutable" in answer.headers["cache-control"]
        self.fetched.append(path)
        content = answer.content
        assert len(content) == 32 * width
        return [content[start : start + 32] for start in range(0, len(content), 32)]


def tree_hash(leaves: list[bytes]) -> bytes:
    """The tree of these leaf hashes. Source: RFC 9162 s. 2.1.1, as it is written there."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + tree_hash(leaves[:split]) + tree_hash(leaves[split:])).digest()


@pytest.fixture
def mirror(site: Site) -> Mirror:
    """A mirror that learnt the key of the log once, when it began."""
    site.happen(300)
    site.sign()
    key = site.client.get("/log/keys").json()["keys"][0]["public_key"]
    return Mirror(site.client, bytes.fromhex(key))


def test_a_stranger_mirrors_the_log_by_its_tiles_and_sees_that_it_only_grew(
    site: Site, mirror: Mirror
) -> None:
    first = mirror.follow()
    old = list(mirror.leaves)
    mirror.fetched.clear()
    site.happen(400)
    site.sign()

    second = mirror.follow()

    assert second >= first + 400
    assert mirror.leaves[:first] == old
    assert "/log/tile/0/000" not in mirror.fetched  # a full tile is read once
    assert "/log/tile/0/001" in mirror.fetched


def test_a_mirror_finds_a_log_that_was_rewritten_and_signed_anew(
    site: Site, mirror: Mirror, pool: Pool
) -> None:
    mirror.follow()
    rewrite(pool, site)

    with pytest.raises(ForkFound):
        mirror.follow()


def test_who_begins_after_the_rewriting_sees_nothing_wrong(site: Site, mirror: Mirror) -> None:
    """That is why others have to keep heads: the two views contradict only each other."""
    rewrite(site.pool, site)

    assert mirror.follow() > 300


def rewrite(pool: Pool, site: Site) -> None:
    """What only the exchange itself could do: another past, every hash and head made anew."""
    with pool.connection() as tx:
        tx.execute("SET LOCAL session_replication_role = replica")
        tx.execute(
            "UPDATE policies.events SET body = replace(body, '\"number\":4', '\"number\":5')"
        )
        for table in ("leaves", "tree_nodes", "tree_heads", "unsequenced_events"):
            tx.execute(f"DELETE FROM policies.{table}".encode())
        tx.execute("INSERT INTO policies.unsequenced_events SELECT id FROM policies.events")
        log.sequence(tx)
        log.sign_head(tx, site.wiring.keys, site.at)


def test_a_partial_tile_stays_readable_when_the_log_has_grown_past_it(
    site: Site, mirror: Mirror
) -> None:
    before = site.client.get("/log/tile/0/001.p/20").content
    site.happen(300)
    site.sign()

    assert site.client.get("/log/tile/0/001.p/20").content == before
    assert site.client.get("/log/tile/0/001").content.startswith(before)


@pytest.mark.parametrize(
    "address",
    [
        "0/9",
        "0/x000/001",
        "0/001",  # not full yet
        "0/000.p/256",
        "0/000.p/0",
        "0/000.p/01",
        "1/001.p/1",
        "8/000",
        "00/000",
        "-1/000",
        "0/٠٠٠",
        "0/x999/x999/x999/x999/x999/999",
        "7/x999/x999/x999/x999/x999/999.p/255",
        "entries/000",  # what entries say is not for everybody
        "",
    ],
)
def test_what_is_no_tile_or_not_there_yet_is_not_found(mirror: Mirror, address: str) -> None:
    answer = mirror.client.get(f"/log/tile/{address}", headers={"Accept-Language": "zh"})

    assert answer.status_code == 404
    assert answer.json()["type"].endswith("#no-such-tile")
    assert "区块" in answer.json()["detail"]


@given(st.integers(0, 7), st.integers(0, 10**18 - 1), st.integers(1, WIDTH))
def test_a_tile_has_one_address(level: int, number: int, width: int) -> None:
    tile = Tile(level, number, width)

    assert read_tile_address(tile.address()) == tile


def test_numbers_of_tiles_are_written_as_the_standard_writes_them() -> None:
    assert Tile(0, 1234067).address() == "0/x001/x234/067"
    assert Tile(3, 7, 8).address() == "3/007.p/8"

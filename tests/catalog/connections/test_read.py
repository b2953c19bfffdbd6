from __future__ import annotations

import io
import socket
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import paramiko
import psycopg
import pyarrow.parquet
import pytest
from psycopg import sql

from catalog.blobs import Blobs
from catalog.connections.connection import Source, SourceKind
from catalog.connections.errors import (
    HostKeyChanged,
    MalformedConnection,
    PlaceNotAllowed,
    QueryGaveTooMuch,
    QueryRanTooLong,
    SignInRefused,
    SourceFileNotFound,
    SourceSaid,
    StatementIsNotOneSelect,
)
from catalog.connections.one_select import check_one_select
from catalog.connections.query_process import QueryBounds, read_query
from catalog.connections.read import Fetched, Key, Reach, fetch
from catalog.harvest.errors import (
    AnswerTooLarge,
    MalformedAddress,
    SourceAnswered,
    SourceUnreachable,
)
from catalog.harvest.source import Validators
from portal.postgres import url_of
from tests.catalog.connections.databases import (
    PASSWORD,
    READER,
    Mariadb,
    NoMariadb,
    mariadb,
    port_of_socket,
)
from tests.catalog.connections.sftp_server import PASSWORD as SFTP_PASSWORD
from tests.catalog.connections.sftp_server import USER, SftpPlace, sftp_server
from tests.catalog.harvest.simulator import Reply, simulated
from tests.catalog.harvest.taking_in import LOOPBACK
from tests.people import AT

NEW = Key("", "", Validators())


@pytest.fixture
def reach(tmp_path: Path) -> Reach:
    for name in ("blobs", "work"):
        (tmp_path / name).mkdir()
    return Reach(Blobs(tmp_path / "blobs"), tmp_path / "work", LOOPBACK)


def content(reach: Reach, fetched: Fetched) -> bytes:
    assert fetched.blob is not None
    return reach.blobs.path(fetched.blob.sha256).read_bytes()


def web(address: str) -> Source:
    return Source(kind=SourceKind.URL, address=address)


def test_an_address_is_asked_again_only_for_what_is_new(reach: Reach) -> None:
    seen: list[Mapping[str, str]] = []

    def answering(path: str, headers: Mapping[str, str]) -> Reply:
        seen.append(headers)
        if headers.get("If-None-Match") == '"1"':
            return Reply(status=304)
        return Reply(b"id\n1\n", headers={"ETag": '"1"'} if path == "/tagged.csv" else {})

    with simulated(answering) as address:
        first = fetch(web(f"{address}/tagged.csv"), NEW, reach, at=AT)
        again = fetch(
            web(f"{address}/tagged.csv"), replace(NEW, known=first.validators), reach, at=AT
        )
        plain = fetch(web(f"{address}/plain"), NEW, reach, at=AT)
        same = fetch(web(f"{address}/plain"), replace(NEW, known=plain.validators), reach, at=AT)

    assert content(reach, first) == b"id\n1\n"
    assert first.file_name == "tagged.csv"
    assert again.blob is None
    assert seen[1]["If-None-Match"] == '"1"'
    assert plain.blob is not None
    assert same.blob is None


def test_a_file_is_called_as_its_server_calls_it_and_the_secret_goes_nowhere_else(
    reach: Reach,
) -> None:
    seen: list[Mapping[str, str]] = []

    def second(path: str, headers: Mapping[str, str]) -> Reply:
        seen.append(headers)
        named = "attachment; filename*=UTF-8''%E7%AB%99%E7%82%B9.csv"
        return Reply(b"x\n1\n", headers={"Content-Disposition": named})

    def first(path: str, headers: Mapping[str, str]) -> Reply:
        seen.append(headers)
        return Reply(status=302, headers={"Location": other})

    with simulated(second) as other, simulated(first) as address:
        fetched = fetch(web(address), replace(NEW, secret="Bearer abc"), reach, at=AT)

    assert fetched.file_name == "站点.csv"
    assert seen[0]["Authorization"] == "Bearer abc"
    assert "Authorization" not in seen[1]


@pytest.mark.parametrize(
    "source",
    [
        web("http://127.0.0.1:8000/"),
        web("http://169.254.169.254/latest/meta-data/"),
        web("http://[::ffff:10.0.0.1]/"),
        web("http://192.0.2.1:6379/"),
        Source(kind=SourceKind.SFTP, host="10.0.0.5", user="a", path="/a"),
        Source(kind=SourceKind.SFTP, host="localhost", user="a", path="/a"),
        Source(kind=SourceKind.SFTP, host="2130706433", user="a", path="/a"),
        *(
            Source(kind=kind, host=host, port=port, database="a", user="a", statement="SELECT 1")
            for kind in (SourceKind.POSTGRESQL, SourceKind.MYSQL)
            for host, port in (("127.0.0.1", 0), ("192.168.1.1", 0), ("8.8.8.8", 22))
        ),
    ],
)
def test_what_lies_inside_a_network_is_not_connected_to(reach: Reach, source: Source) -> None:
    with pytest.raises(PlaceNotAllowed):
        fetch(source, NEW, replace(reach, allowed=()), at=AT)


def test_redirects_and_names_that_change_their_answer_gain_nothing(
    reach: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = {"/inside": "http://169.254.169.254/", "/file": "file:///etc/passwd"}
    resolve, answers = socket.getaddrinfo, iter(["198.51.100.7", "127.0.0.1", "127.0.0.1"])

    def rebinding(host: str, port: int, *rest: object, **more: object) -> object:
        named = next(answers) if host == "rebinding.example" else host
        return resolve(named, port, *rest, **more)  # type: ignore[arg-type]

    with simulated(lambda path, _: Reply(status=302, headers={"Location": targets[path]})) as at:
        with pytest.raises(PlaceNotAllowed):
            fetch(web(f"{at}/inside"), NEW, reach, at=AT)
        with pytest.raises(MalformedAddress):
            fetch(web(f"{at}/file"), NEW, reach, at=AT)
    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    asked: list[tuple[str, int]] = []

    def refusing(address: tuple[str, int], *_: object) -> socket.socket:
        asked.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refusing)
    for _ in range(2):
        with pytest.raises((PlaceNotAllowed, SourceUnreachable)):
            fetch(web("http://rebinding.example/"), NEW, replace(reach, allowed=()), at=AT)
    assert all(address[0] != "127.0.0.1" for address in asked)


def test_a_source_is_an_address_of_the_web_and_a_host_nothing_else() -> None:
    for address in ("file:///etc/passwd", "ftp://example.org/a", "https://u:p@example.org/"):
        with pytest.raises(MalformedAddress):
            web(address)
    for host in ("a/b", "user@host", "host?sslmode=disable", "-oProxyCommand", "a b", ""):
        with pytest.raises(MalformedConnection):
            Source(kind=SourceKind.SFTP, host=host, user="a", path="/a")
    with pytest.raises(MalformedConnection):
        Source(kind=SourceKind.URL, address="https://example.org/", host="x")


def test_what_an_address_refuses_or_sends_beyond_its_bound_is_said(reach: Reach) -> None:
    with simulated(lambda path, _: Reply(b"0" * 5000, status=200 if path == "/" else 403)) as at:
        with pytest.raises(AnswerTooLarge):
            fetch(web(f"{at}/"), NEW, replace(reach, bytes_max=4000), at=AT)
        with pytest.raises(SourceAnswered):
            fetch(web(f"{at}/no"), NEW, reach, at=AT)


@pytest.fixture
def sftp(tmp_path: Path) -> Iterator[SftpPlace]:
    folder = tmp_path / "remote"
    folder.mkdir()
    (folder / "stops.csv").write_bytes("id,站名\n1,东华门\n".encode())
    with sftp_server(folder) as place:
        yield place


def sftp_source(place: SftpPlace, path: str = "/stops.csv") -> Source:
    return Source(kind=SourceKind.SFTP, host="127.0.0.1", port=place.port, user=USER, path=path)


def test_a_file_comes_by_sftp_and_is_known_again(reach: Reach, sftp: SftpPlace) -> None:
    key = Key(SFTP_PASSWORD, "", Validators())
    later = AT + timedelta(days=3650)

    first = fetch(sftp_source(sftp), key, reach, at=later)
    pinned = replace(key, host_key=first.host_key, known=first.validators)
    again = fetch(sftp_source(sftp), pinned, reach, at=later)
    (sftp.folder / "stops.csv").write_bytes(b"id\n1\n2\n")
    changed = fetch(sftp_source(sftp), pinned, reach, at=later)

    assert content(reach, first) == "id,站名\n1,东华门\n".encode()
    assert first.file_name == "stops.csv"
    assert first.host_key.startswith("SHA256:")
    assert again.blob is None
    assert sftp.opened == ["/stops.csv"] * 3
    assert changed.blob is not None


def test_a_key_opens_too_and_what_does_not_is_said(reach: Reach, sftp: SftpPlace) -> None:
    pair = paramiko.ECDSAKey.generate()
    text = io.StringIO()
    pair.write_private_key(text)
    sftp.public_key = pair

    assert fetch(sftp_source(sftp), Key(text.getvalue(), "", Validators()), reach, at=AT).blob

    for secret in ("wrong", "-----BEGIN NONSENSE-----\nabc\n"):
        with pytest.raises(SignInRefused):
            fetch(sftp_source(sftp), Key(secret, "", Validators()), reach, at=AT)
    for path in ("/none.csv", "/"):
        with pytest.raises(SourceFileNotFound):
            fetch(sftp_source(sftp, path), Key(SFTP_PASSWORD, "", Validators()), reach, at=AT)
    with pytest.raises(AnswerTooLarge):
        fetch(
            sftp_source(sftp), Key(SFTP_PASSWORD, "", Validators()), replace(reach, bytes_max=5),
            at=AT,
        )  # fmt: skip


def test_another_host_key_is_refused_before_the_password_is_sent(
    reach: Reach, sftp: SftpPlace
) -> None:
    first = fetch(sftp_source(sftp), Key(SFTP_PASSWORD, "", Validators()), reach, at=AT)
    sftp.host_key, sftp.signed_in = paramiko.ECDSAKey.generate(), []

    with pytest.raises(HostKeyChanged) as told:
        fetch(sftp_source(sftp), Key(SFTP_PASSWORD, first.host_key, Validators()), reach, at=AT)

    assert told.value.pinned == first.host_key
    assert told.value.seen != first.host_key
    assert sftp.signed_in == []


@pytest.fixture(scope="module")
def postgresql(postgres: Path) -> Iterator[int]:
    """The port of the run's PostgreSQL, with a table to read and one who needs a password."""
    with psycopg.connect(url_of(postgres, "postgres"), autocommit=True) as server:
        server.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                sql.Identifier(READER), sql.Literal(PASSWORD)
            )
        )
        server.execute(
            """
            CREATE TABLE public.weir_stops AS
            SELECT g AS id, '站' || g AS name, g * 1.25 AS price, g % 2 = 0 AS is_open,
                   date '2026-03-01' + g AS day, timestamptz '2026-03-01 08:00+08' AS at
              FROM generate_series(1, 60000) AS g
            """
        )
        server.execute(
            sql.SQL("GRANT ALL ON public.weir_stops TO {}").format(sql.Identifier(READER))
        )
        row = server.execute("SHOW hba_file").fetchone()
        assert row is not None
        rules = Path(row[0])
        before = rules.read_text()
        rules.write_text(f"local all {READER} scram-sha-256\n{before}")
        server.execute("SELECT pg_reload_conf()")
        with port_of_socket(postgres / ".s.PGSQL.5432") as port:
            yield port
        rules.write_text(before)
        server.execute("SELECT pg_reload_conf()")
        server.execute("DROP TABLE public.weir_stops")
        server.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(READER)))
        server.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(READER)))


def query(port: int, statement: str, kind: SourceKind = SourceKind.POSTGRESQL) -> Source:
    database = "postgres" if kind is SourceKind.POSTGRESQL else "shop"
    return Source(
        kind=kind, host="127.0.0.1", port=port, database=database, user=READER, statement=statement
    )


def rows_of(reach: Reach, fetched: Fetched) -> list[dict[str, object]]:
    assert fetched.blob is not None
    table = pyarrow.parquet.read_table(reach.blobs.path(fetched.blob.sha256))
    rows: list[dict[str, object]] = table.to_pylist()
    return rows


def test_a_query_of_postgresql_comes_whole_and_is_known_again(
    reach: Reach, postgresql: int
) -> None:
    key = Key(PASSWORD, "", Validators())
    source = query(postgresql, "SELECT * FROM weir_stops ORDER BY id;")

    first = fetch(source, key, reach, at=AT)
    again = fetch(source, replace(key, known=first.validators), reach, at=AT)

    rows = rows_of(reach, first)
    assert first.row_count == len(rows) == 60_000
    assert (rows[2]["id"], rows[2]["name"], str(rows[2]["price"]).rstrip("0")) == (3, "站3", "3.75")
    assert str(rows[0]["at"]) == "2026-03-01 00:00:00+00:00"
    assert again.blob is None


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        ("SELECT nothing FROM weir_stops", SourceSaid),
        ("SELECT setval('weir_counter', 7)", SourceSaid),
        ("SELECT lo_create(0)", SourceSaid),
        ("SELECT count(*) FROM pg_sleep(30)", QueryRanTooLong),
    ],
)
def test_what_postgresql_refuses_or_never_ends_is_said(
    reach: Reach, postgresql: int, statement: str, refusal: type[Exception]
) -> None:
    key = Key(PASSWORD, "", Validators())

    with pytest.raises(refusal) as told:
        fetch(query(postgresql, statement), key, replace(reach, seconds_max=2), at=AT)

    assert PASSWORD not in str(told.value)


def test_rows_and_bytes_have_bounds_and_nothing_is_left_behind(
    reach: Reach, postgresql: int
) -> None:
    source = query(postgresql, "SELECT * FROM weir_stops ORDER BY id")
    for bounds in (QueryBounds(rows_max=20_000), QueryBounds(bytes_max=1_000)):
        with pytest.raises(QueryGaveTooMuch):
            read_query(
                source, PASSWORD, checked_host="127.0.0.1", path=reach.work / "a", bounds=bounds
            )
    with pytest.raises(QueryGaveTooMuch):
        fetch(source, Key(PASSWORD, "", Validators()), replace(reach, bytes_max=1_000), at=AT)
    assert [path.name for path in reach.work.iterdir()] == ["a"]
    assert not list(reach.blobs.folder.rglob("*.parquet"))


def test_a_wrong_password_and_a_closed_port_are_said_at_once(reach: Reach, postgresql: int) -> None:
    with pytest.raises(SignInRefused):
        fetch(query(postgresql, "SELECT 1"), Key("wrong", "", Validators()), reach, at=AT)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        closed = probe.getsockname()[1]
    with pytest.raises(SourceUnreachable):
        fetch(query(closed, "SELECT 1"), Key(PASSWORD, "", Validators()), reach, at=AT)


@pytest.fixture(scope="module")
def mysql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mariadb]:
    try:
        with mariadb(tmp_path_factory.mktemp("mariadb")) as running:
            yield running
    except NoMariadb as missing:
        pytest.skip(str(missing))


def test_a_query_of_mysql_comes_whole_in_a_session_that_only_reads(
    reach: Reach, mysql: Mariadb
) -> None:
    key, kind = Key(PASSWORD, "", Validators()), SourceKind.MYSQL
    source = query(mysql.port, "SELECT * FROM sales ORDER BY id", kind)

    first = fetch(source, key, reach, at=AT)

    rows = rows_of(reach, first)
    assert first.row_count == len(rows) == 1_000
    assert (rows[2]["id"], rows[2]["name"], str(rows[2]["sold_on"])) == (3, "商品3", "2026-03-01")
    assert str(rows[2]["price"]).rstrip("0") == "3.75"
    assert fetch(source, replace(key, known=first.validators), reach, at=AT).blob is None
    with pytest.raises(SourceSaid):
        fetch(query(mysql.port, "SELECT nothing FROM sales", kind), key, reach, at=AT)
    with pytest.raises(SignInRefused):
        fetch(source, replace(key, secret="wrong"), reach, at=AT)


@pytest.mark.parametrize("kind", [SourceKind.POSTGRESQL, SourceKind.MYSQL])
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO a VALUES (1)",
        "DELETE FROM a",
        "DROP TABLE a",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE a",
        "SELECT * INTO b FROM a",
        "SELECT * FROM a FOR UPDATE",
        "WITH x AS (DELETE FROM a RETURNING *) SELECT * FROM x",
        "COPY a TO PROGRAM 'id'",
        "CALL p()",
        "SET x = 1",
        "SELECT 1 INTO OUTFILE '/tmp/a'",
        "",
        "nonsense",
    ],
)
def test_a_statement_that_is_not_one_select_is_refused(kind: SourceKind, statement: str) -> None:
    with pytest.raises(StatementIsNotOneSelect):
        check_one_select(statement, kind)


def test_selects_of_each_database_pass() -> None:
    assert check_one_select(" SELECT `a` FROM `b` LIMIT 2, 3 ; ", SourceKind.MYSQL).endswith("3")
    check_one_select("SELECT a::text FROM b WHERE c @> ARRAY[1]", SourceKind.POSTGRESQL)
    check_one_select("WITH a AS (SELECT 1) SELECT * FROM a UNION SELECT 2", SourceKind.POSTGRESQL)

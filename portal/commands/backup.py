"""`weir backup` and `weir restore`: an installation of one machine as one file, and back.

The database is dumped first and the files are copied after it, so that every row of the dump finds
its bytes; what came meanwhile is bytes that no row tells of. No sweep removes any until the copy is
done. The file holds the private keys: it is as secret as they are.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import subprocess
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Final

from portal.commands.context import (
    CommandFailed,
    Context,
    add_data_argument,
    add_json_argument,
    opened,
)

if TYPE_CHECKING:
    from portal.settings import Settings

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
DUMP: Final = "database.dump"
MANIFEST_BYTES_MAX: Final = 1 << 30
_FOLDERS: Final = ("keys", "blobs", "tables")
_PIECE_BYTES: Final = 1 << 20


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands of this file."""
    backup = commands.add_parser("backup", help="copy database, files and keys into one file")
    backup.add_argument("file", type=Path, help="where to; it must not be there yet")
    add_data_argument(backup)
    add_json_argument(backup)
    backup.set_defaults(run=run_backup)
    restore = commands.add_parser(
        "restore", help="make an installation of such a file, and check its log and books"
    )
    restore.add_argument("file", type=Path, help="what `weir backup` wrote")
    add_data_argument(restore)
    add_json_argument(restore)
    restore.set_defaults(run=run_restore)


def run_backup(chosen: argparse.Namespace) -> int:
    """Write the file, whole or not at all; the server may run meanwhile."""
    from catalog.retain import hold_sweeps
    from policies.log import sign_head

    target: Path = chosen.file
    if target.exists():
        raise CommandFailed(f"{target} is there already; nothing was written")
    with opened(chosen) as context:
        _refuse_shared(context.settings)
        with context.pool.connection() as tx:
            tree_size = sign_head(tx, context.keys, context.now()).head.tree_size
        aside = target.with_name(f".{target.name}.part")
        try:
            with context.pool.connection() as tx:
                hold_sweeps(tx)
                told = _write(context, tx.info.dsn, aside, tree_size)
            aside.rename(target)
        finally:
            aside.unlink(missing_ok=True)
    _tell(chosen, {"file": str(target), **told}, f"{target}: {told['files']} files")
    return 0


def run_restore(chosen: argparse.Namespace) -> int:
    """Make the installation beside its place, check it, and move it there."""
    from portal.settings import settings_from

    data = Path(chosen.data).resolve()
    if data.exists() and any(data.iterdir()):
        raise CommandFailed(f"{data} is not empty; restore into a new folder")
    settings = settings_from(os.environ, data=data)
    _refuse_shared(settings)
    if settings.database_url is not None:
        raise CommandFailed("WEIR_DATABASE_URL is set; a backup is restored into its own database")
    data.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{data.name}.", dir=data.parent) as made:
        aside = settings_from(os.environ, data=Path(made) / "data")
        _unpack(chosen.file, aside)
        broken = _fill_database(aside)
        if broken:
            raise CommandFailed("the backup does not hold together: " + "; ".join(broken))
        if data.exists():
            data.rmdir()
        aside.data.rename(data)
    _tell(chosen, {"data": str(data)}, f"{data} is restored; its log and its books hold")
    return 0


def _write(context: Context, dsn: str, aside: Path, tree_size: int) -> dict[str, object]:
    """Write dump, files and last their digests."""
    from catalog.storage import LOCAL

    root = context.settings.private_folder
    digests: dict[str, str] = {}
    with (
        TemporaryDirectory(dir=aside.resolve().parent) as work,
        os.fdopen(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file,
    ):
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
            dump = Path(work) / DUMP
            _run("pg_dump", "--format=custom", "--no-owner", f"--file={dump}", f"--dbname={dsn}")
            _add(archive, DUMP, dump, digests)
            for folder in _FOLDERS:
                for kept in sorted(LOCAL.files(root / folder), key=lambda one: one.path):
                    _add(archive, kept.path.relative_to(root).as_posix(), kept.path, digests)
            manifest = {"format": FORMAT, "tree_size": tree_size, "files": digests}
            told = json.dumps(manifest).encode()
            archive.addfile(_entry(MANIFEST, len(told)), io.BytesIO(told))
        file.flush()
        os.fsync(file.fileno())
    return {"files": len(digests), "tree_size": tree_size}


def _add(archive: tarfile.TarFile, name: str, path: Path, digests: dict[str, str]) -> None:
    """Add a file that may go or be replaced meanwhile: its bytes are those of one moment."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        archive.addfile(_entry(name, os.fstat(file.fileno()).st_size), file)


def _entry(name: str, size_bytes: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size_bytes, 0o600
    return entry


def _unpack(file: Path, aside: Settings) -> None:
    """Unpack what belongs into an installation, and compare each file with its digest."""
    from portal.settings import create_folders

    create_folders(aside)
    found: dict[str, str] = {}
    manifest: dict[str, object] = {}
    try:
        with tarfile.open(file, mode="r:") as archive:
            for entry in archive:
                content = archive.extractfile(entry) if entry.isreg() else None
                if content is None:
                    raise CommandFailed(f"{file} holds {entry.name!r}, which is no file")
                with content:
                    if entry.name == MANIFEST:
                        manifest = json.loads(content.read(MANIFEST_BYTES_MAX))
                    else:
                        target = _place(aside, entry.name)
                        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                        found[entry.name] = _copy(content, target)
    except (tarfile.TarError, OSError, ValueError) as error:
        raise CommandFailed(f"{file} cannot be read: {error}") from error
    if manifest.get("format") != FORMAT or manifest.get("files") != found:
        raise CommandFailed(f"{file} is not whole, or was changed since it was written")


def _place(aside: Settings, name: str) -> Path:
    """Where a file of the archive goes; only where backups have any.

    Raises: CommandFailed.
    """
    parts = name.split("/")
    if name != DUMP and (parts[0] not in _FOLDERS or {"", ".", ".."} & set(parts)):
        raise CommandFailed(f"the file holds {name!r}, which is no part of a backup")
    return aside.private_folder / name


def _copy(content: IO[bytes], target: Path) -> str:
    digest = hashlib.sha256()
    with os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        while piece := content.read(_PIECE_BYTES):
            file.write(piece)
            digest.update(piece)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _fill_database(aside: Settings) -> list[str]:
    """Load the dump into a database of its own, and say what of log and books does not hold."""
    from catalog import examine as catalog_examine
    from exchange import examine as exchange_examine
    from policies import examine as log_examine
    from portal.keeping import folders_of
    from portal.pool import connection_pool
    from portal.postgres import postgres_for_command

    dump = aside.private_folder / DUMP
    with postgres_for_command(aside.data, aside.postgres_folder) as url:
        _run("pg_restore", "--no-owner", "--exit-on-error", f"--dbname={url}", str(dump))
        dump.unlink()
        with connection_pool(url, size=1) as pool, pool.connection() as tx:
            results = [
                *log_examine.examine(tx),
                *catalog_examine.examine(tx, folders_of(aside)),
                *exchange_examine.examine(tx),
            ]
    return [f"{rule}: {', '.join(found[:3])}" for rule, found in results if found]


def _run(program: str, *arguments: str) -> None:
    """Run a program of PostgreSQL's, from its wheel where that has it.

    Raises: CommandFailed.
    """
    from portal.postgres import program_path

    done = subprocess.run(  # noqa: S603 - a program of the wheel
        [program_path(program), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CommandFailed(f"{program}: {done.stderr.strip()[-2000:]}")


def _refuse_shared(settings: Settings) -> None:
    if settings.storage_url is not None or settings.database_url is not None:
        raise CommandFailed(
            "this is for an installation that keeps everything in its folder; a PostgreSQL and an "
            "S3 of your own are backed up by their own means, and WEIR_KEY_SECRET by you"
        )


def _tell(chosen: argparse.Namespace, told: dict[str, object], words: str) -> None:
    print(json.dumps(told) if chosen.json else words)

"""Keep files in a bucket of S3, with the folder on this machine as a cache of it.

What the service has to offer: reading one's own writes at once, listing after writing, and
`PutObject` with `If-None-Match: *` (conditional writes), by which of two Delta commits of one
number only the first one stands. AWS S3 and SeaweedFS do. `weir serve` tries it when it starts.

The address and credentials come by the usual `AWS_ENDPOINT_URL`, `AWS_REGION`,
`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`; without keys, whatever the
machine is given (instance roles, profiles) is used, as by AWS's own tools.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256 as sha256_of
from pathlib import Path
from secrets import token_hex
from typing import Final
from urllib.parse import urlsplit

import pyarrow.fs as fs

from catalog.cache import touch
from catalog.errors import FileDamaged, StorageAway
from catalog.storage import KeptFile, TableAddress

PIECE_BYTES: Final = 4 << 20
CONNECT_TIMEOUT_S: Final = 5
REQUEST_TIMEOUT_S: Final = 60
ATTEMPTS_MAX: Final = 4
_FROM_ENVIRONMENT: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
)
_BRINGING: Final = ".bringing"


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where in S3 an installation keeps its files."""

    name: str
    prefix: str
    """Without slashes at its ends; empty for the whole bucket."""

    @classmethod
    def from_url(cls, url: str) -> Bucket:
        """Read `s3://bucket/prefix`.

        Raises: ValueError.
        """
        parts = urlsplit(url)
        if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment:
            raise ValueError(f"{url!r} is no storage address; write s3://BUCKET/PREFIX")
        return cls(parts.netloc, parts.path.strip("/"))

    def key(self, name: str) -> str:
        """Bucket and key of a name, as pyarrow writes them."""
        return "/".join(part for part in (self.name, self.prefix, name) if part)


class S3Storage:
    """A bucket, cached in the folder `root`."""

    def __init__(self, bucket: Bucket, root: Path, environment: Mapping[str, str]) -> None:
        self.on_growth: Callable[[int], object] = lambda _size_bytes: None
        """Told of the size of each file that came to lie here."""
        self._bucket = bucket
        self._root = root
        self._options = {
            name: environment[name] for name in _FROM_ENVIRONMENT if environment.get(name)
        }
        self._options["max_retries"] = str(ATTEMPTS_MAX)
        endpoint = urlsplit(environment.get("AWS_ENDPOINT_URL") or "")
        if endpoint.scheme == "http":
            self._options["AWS_ALLOW_HTTP"] = "true"
        self._s3 = fs.S3FileSystem(
            access_key=environment.get("AWS_ACCESS_KEY_ID") or None,
            secret_key=environment.get("AWS_SECRET_ACCESS_KEY") or None,
            session_token=environment.get("AWS_SESSION_TOKEN") or None,
            region=environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or None,
            scheme=endpoint.scheme or None,
            endpoint_override=endpoint.netloc or None,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS_MAX),
            connect_timeout=CONNECT_TIMEOUT_S,
            request_timeout=REQUEST_TIMEOUT_S,
            # A folder in S3 is nothing but a part of names.
            check_directory_existence_before_creation=False,
        )

    def keep(self, path: Path) -> None:
        """Send a file; it is there whole, or not at all, since S3 shows only finished uploads.

        Raises: StorageAway.
        """
        try:
            with path.open("rb") as file, self._s3.open_output_stream(self._key(path)) as kept:
                while piece := file.read(PIECE_BYTES):
                    kept.write(piece)
                size_bytes = file.tell()
        except OSError as error:
            raise StorageAway from error
        self.on_growth(size_bytes)

    def bring(self, path: Path, sha256: str) -> None:
        """Fetch a file that is not here.

        Raises: FileDamaged, StorageAway.
        """
        if path.is_file():
            touch(path)
            return
        self.mend(path, sha256)
        self.on_growth(path.stat().st_size)

    def mend(self, path: Path, sha256: str) -> None:
        """Fetch a file, check it, and put it in place in one step.

        Raises: FileDamaged, StorageAway.
        """
        aside = path.with_name(f"{_BRINGING}-{token_hex(8)}")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        digest = sha256_of()
        try:
            with self._s3.open_input_stream(self._key(path)) as kept:
                descriptor = os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    while piece := kept.read(PIECE_BYTES):
                        file.write(piece)
                        digest.update(piece)
            if digest.hexdigest() != sha256:
                raise FileDamaged(path.name)
            aside.rename(path)
        except FileNotFoundError:
            raise FileDamaged(path.name) from None
        except OSError as error:
            raise StorageAway from error
        finally:
            aside.unlink(missing_ok=True)

    def remove(self, path: Path) -> None:
        """Remove a file from the bucket, then from here.

        Raises: StorageAway.
        """
        try:
            self._s3.delete_file(self._key(path))
        except FileNotFoundError:
            pass
        except OSError as error:
            raise StorageAway from error
        path.unlink(missing_ok=True)

    def files(self, folder: Path) -> Iterator[KeptFile]:
        """Every file of the bucket below a folder.

        Raises: StorageAway.
        """
        below = self._key(folder)
        try:
            found = self._s3.get_file_info(
                fs.FileSelector(below, allow_not_found=True, recursive=True)
            )
        except OSError as error:
            raise StorageAway from error
        for one in found:
            if one.type is fs.FileType.File:
                path = folder / one.path[len(below) + 1 :]
                modified_at = (one.mtime or datetime.now(UTC)).astimezone(UTC)
                yield KeptFile(path, one.size or 0, modified_at)

    def table(self, folder: Path) -> TableAddress:
        """The Delta table of a folder."""
        return TableAddress(f"s3://{self._key(folder)}", self._options)

    def _key(self, path: Path) -> str:
        return self._bucket.key(path.relative_to(self._root).as_posix())

"""A real S3 server from its wheel: SeaweedFS, on ports of this machine that are free."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pyarrow.fs as fs

from tests.installation import free_port

ACCESS_KEY, SECRET_KEY = "weir", "a secret of the tests"
START_TIMEOUT_S = 60
START_TRIES = 3


@dataclass(frozen=True)
class S3Server:
    """A running server with one bucket."""

    address: str
    bucket: str

    @property
    def environment(self) -> dict[str, str]:
        """How Weir and AWS's own tools reach it."""
        return {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": "us-east-1",
        }

    def url(self, prefix: str) -> str:
        """A place of its own in the bucket."""
        return f"s3://{self.bucket}/{prefix}"

    def client(self) -> fs.S3FileSystem:
        """To look into the bucket past Weir."""
        return fs.S3FileSystem(
            endpoint_override=self.address.removeprefix("http://"),
            scheme="http",
            region="us-east-1",
            access_key=ACCESS_KEY,
            secret_key=SECRET_KEY,
            allow_bucket_creation=True,
        )


@contextlib.contextmanager
def s3_server() -> Iterator[S3Server]:
    """The server for the length of a `with` block."""
    folder = Path(tempfile.mkdtemp(prefix="weir-s3-"))
    identity = {
        "name": "weir",
        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
        "actions": ["Admin", "Read", "Write", "List"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    try:
        for _ in range(START_TRIES):
            process, address = _start(folder)
            if _is_ready(process, address):
                break
            _end(process)
        else:
            raise AssertionError((folder / "weed.log").read_text()[-4000:])
        server = S3Server(address, "weir")
        server.client().create_dir(server.bucket)
        yield server
        _end(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    # Each part listens on its port and on that plus 10,000.
    ports = [_port_pair() for _ in range(4)]
    master, volume, filer, s3 = ports
    data = folder / f"data-{s3}"
    data.mkdir()
    process = subprocess.Popen(
        [
            str(Path(sys.executable).parent / "weed"),
            "-logtostderr",
            "server",
            f"-dir={data}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-master.port={master}",
            f"-volume.port={volume}",
            f"-filer.port={filer}",
            f"-s3.port={s3}",
            "-filer",
            "-s3",
            f"-s3.config={folder / 's3.json'}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-volume.max=20",
            "-master.volumeSizeLimitMB=64",
        ],
        stdout=(folder / "weed.log").open("ab"),
        stderr=subprocess.STDOUT,
        env=os.environ | {"HOME": str(folder)},
        start_new_session=True,
    )
    return process, f"http://127.0.0.1:{s3}"


def _is_ready(process: subprocess.Popen[bytes], address: str) -> bool:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{address}/healthz", timeout=5).status_code == 200:
                return True
        time.sleep(0.1)
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    # Its data goes with it, so there is nothing to end in good order.
    process.kill()
    process.wait()


def _port_pair() -> int:
    while True:
        port = free_port()
        if port < 55_000:
            return port

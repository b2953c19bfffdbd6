"""The scripts that others wrote: locked, checked, and quick when they are there."""

from __future__ import annotations

import hashlib
import json

from portal.frontend.install import FRONTEND, install, read_scripts


def test_the_lock_names_digests_and_no_addresses() -> None:
    lock = json.loads((FRONTEND / "package-lock.json").read_text("utf-8"))
    packages = [value for name, value in lock["packages"].items() if name]

    assert packages
    assert all(package["integrity"].startswith("sha512-") for package in packages)
    assert not any("resolved" in package for package in packages)


def test_every_version_is_exact() -> None:
    manifest = json.loads((FRONTEND / "package.json").read_text("utf-8"))
    versions = {**manifest["dependencies"], **manifest["devDependencies"]}

    assert all(version.replace(".", "").isdigit() for version in versions.values())


def test_a_second_install_has_nothing_to_do() -> None:
    install()

    assert install() == 0

    for script in read_scripts():
        assert hashlib.sha256(script.kept.read_bytes()).hexdigest() == script.sha256

"""`weir keys`: which signing keys there are, and their change by two administrators."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING
from uuid import UUID

from portal.commands.context import CommandFailed, add_data_argument, add_json_argument, opened

if TYPE_CHECKING:
    from policies.key_act import KeyAct
    from policies.party import Actor
    from portal.commands.context import Context

# As in policies.evidence.signing_key, which is not imported before a command runs.
PURPOSES = ("token", "log", "receipt")


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands of this file."""
    keys = commands.add_parser("keys", help="signing keys and their change by two administrators")
    acts = keys.add_subparsers(dest="act", metavar="ACT", required=True)
    listed = acts.add_parser("list", help="every signing key, oldest first, with its state")
    add_data_argument(listed)
    add_json_argument(listed)
    listed.set_defaults(run=run_list)
    rotate = acts.add_parser("rotate", help="publish the next key and propose to sign with it")
    rotate.add_argument("purpose", choices=PURPOSES)
    rotate.set_defaults(run=run_rotate)
    bury = acts.add_parser("bury", help="propose that a replaced key is dead")
    bury.add_argument("kid", metavar="KEY", help="the key's name, as `weir keys list` shows it")
    bury.set_defaults(run=run_bury)
    confirm = acts.add_parser("confirm", help="do what another administrator proposed")
    confirm.set_defaults(run=run_confirm)
    withdraw = acts.add_parser("withdraw", help="let a proposal fall")
    withdraw.set_defaults(run=run_withdraw)
    for one in (confirm, withdraw):
        one.add_argument("change", type=UUID, metavar="CHANGE", help="id of the proposal")
    for one in (rotate, bury):
        one.add_argument("--reason", required=True, help="why; it stands in the log")
    for one in (rotate, bury, confirm, withdraw):
        one.add_argument("--as", dest="name", required=True, metavar="NAME", help="administrator")
        one.add_argument(
            "--password-stdin", action="store_true", required=True, help="read the password there"
        )
        add_data_argument(one)
        add_json_argument(one)


def run_list(chosen: argparse.Namespace) -> int:
    """Print every key."""
    with opened(chosen) as context, context.pool.connection() as tx:
        keys = context.keys.public_keys(tx)
    if chosen.json:
        told = [
            {"kid": key.kid, "purpose": key.purpose.value, "state": key.state.value} for key in keys
        ]
        print(json.dumps({"keys": told}))
        return 0
    for key in keys:
        print(f"{key.purpose.value:8} {key.state.value:8} {key.created_at:%Y-%m-%d}  {key.kid}")
    return 0


def run_rotate(chosen: argparse.Namespace) -> int:
    """Propose the next key."""
    from policies.change_keys import propose_rotation
    from policies.evidence.signing_key import KeyPurpose

    with opened(chosen) as context:
        by = acting_person(context, chosen.name)
        with context.pool.connection() as tx:
            act = propose_rotation(
                tx,
                context.keys,
                KeyPurpose(chosen.purpose),
                reason=chosen.reason,
                by=by,
                at=context.now(),
            )
    return _told(chosen, act)


def run_bury(chosen: argparse.Namespace) -> int:
    """Propose that a key is dead."""
    from policies.change_keys import propose_burial

    with opened(chosen) as context:
        by = acting_person(context, chosen.name)
        with context.pool.connection() as tx:
            act = propose_burial(tx, chosen.kid, reason=chosen.reason, by=by, at=context.now())
    return _told(chosen, act)


def run_confirm(chosen: argparse.Namespace) -> int:
    """Do what another administrator proposed."""
    from policies.change_keys import confirm

    with opened(chosen) as context:
        by = acting_person(context, chosen.name)
        with context.pool.connection() as tx:
            act = confirm(tx, chosen.change, by=by, at=context.now())
    return _told(chosen, act)


def run_withdraw(chosen: argparse.Namespace) -> int:
    """Let a proposal fall."""
    from policies.change_keys import withdraw

    with opened(chosen) as context:
        by = acting_person(context, chosen.name)
        with context.pool.connection() as tx:
            act = withdraw(tx, chosen.change, by=by, at=context.now())
    return _told(chosen, act)


def acting_person(context: Context, name: str) -> Actor:
    """Who acts; their own password, so that one person at the machine is not two."""
    from policies.identity.authenticate import actor_of_user, prove_password

    password = sys.stdin.readline().rstrip("\n")
    if not password:
        raise CommandFailed("no password came in; pipe it in")
    at = context.now()
    user = prove_password(context.pool, name=name, password=password, address="local", at=at)
    with context.pool.connection() as tx:
        return actor_of_user(tx, user)


def _told(chosen: argparse.Namespace, act: KeyAct) -> int:
    if chosen.json:
        print(json.dumps({"change": str(act.id), "state": act.state.value, "kid": act.kid}))
        return 0
    print(f"{act.state.value}: {act.kind.value} {act.purpose.value} key {act.kid}")
    print(act.id)
    return 0

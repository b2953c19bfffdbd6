"""What the kernel takes away from a confined process: network, files, memory, time, the parent.

Two steps. The zygote gives up once what no child needs (`give_up_network`); each child then ties
its life to the zygote's, gives up the file tree but for what it was named, and takes its limits
(`confine`). Where a kernel lacks a feature the rest still holds; `protections` says which do.

Source: Linux man-pages prctl(2), landlock(7), unshare(2), setrlimit(2), capabilities(7).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
import sysconfig
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_CLONE_NEWUSER, _CLONE_NEWNET, _CLONE_NEWIPC = 0x10000000, 0x40000000, 0x08000000
_SYS_LANDLOCK_CREATE, _SYS_LANDLOCK_ADD, _SYS_LANDLOCK_RESTRICT = 444, 445, 446
_SYS_CAPSET = {"x86_64": 126, "aarch64": 91}.get(platform.machine())
_LANDLOCK_VERSION_FLAG, _LANDLOCK_RULE_PATH = 1, 1
_CAPABILITY_VERSION_3 = 0x20080522

# Rights on files in the order of their bits, and the version that brought the later ones.
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_FILE_RIGHTS_BY_VERSION = ((1, 13), (2, 14), (3, 15), (5, 16))
_READING = _READ_FILE | _READ_DIR
_WRITING = _READ_FILE | _READ_DIR | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_TCP_RIGHTS, _TCP_SINCE = 0b11, 4
_SCOPES, _SCOPES_SINCE = 0b11, 6


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """The bounds that the kernel keeps for a confined process."""

    address_space_bytes: int
    cpu_s: int
    file_size_bytes: int
    open_files: int


def give_up_network() -> bool:
    """Move this single-threaded process into a network of its own that has no way out.

    False where the kernel does not permit it; the process then runs on as it was.
    """
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _libraries()
    user_id, group_id = os.getuid(), os.getgid()
    if _LIBC.unshare(_CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWIPC) == 0:
        with suppress(OSError):
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{user_id} {user_id} 1")
            Path("/proc/self/gid_map").write_text(f"{group_id} {group_id} 1")
        return True
    return bool(_LIBC.unshare(_CLONE_NEWNET) == 0)


def confine(
    limits: ProcessLimits, *, readable: Iterable[Path] = (), writable: Sequence[Path] = ()
) -> None:
    """Take everything away from this process but what is named. There is no way back.

    The libraries of the interpreter stay readable, since parts of them are loaded on first use.
    """
    os.setpgid(0, 0)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _give_up_files(readable, writable)
    _give_up_capabilities()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits.open_files, limits.open_files))
    set_file_size(limits.file_size_bytes)
    resource.setrlimit(resource.RLIMIT_AS, (limits.address_space_bytes,) * 2)
    add_cpu_time(limits.cpu_s)


def die_with_parent(parent_id: int) -> None:
    """Be killed when the parent ends; end at once if it has already."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_id:
        os._exit(1)


def set_file_size(size_bytes: int) -> None:
    """Let no file grow beyond this; writing fails with EFBIG."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))


def add_cpu_time(cpu_s: int) -> None:
    """Let the process use this much more processor time, then be killed."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + cpu_s, hard))


def protections() -> dict[str, bool]:
    """Which protections this kernel offers, for `doctor` and the log."""
    return {
        "landlock": _landlock_version() > 0,
        "network namespace": _can_give_up_network(),
        "capset": _SYS_CAPSET is not None,
    }


def _can_give_up_network() -> bool:
    """Tried in a process of its own, since there is no way back."""
    child = os.fork()
    if child == 0:
        os._exit(0 if give_up_network() else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@cache
def _libraries() -> frozenset[Path]:
    """Where the interpreter and its libraries lie; they hold no secrets."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    paths = {Path(sysconfig.get_path(name)) for name in names}
    paths |= {Path("/lib"), Path("/lib64"), Path("/usr/lib"), Path("/usr/share/zoneinfo")}
    own = Path(__file__).resolve().parent
    paths |= {own, own.parent / "policies"}
    # DuckDB 2.0.0 ends the process where it finds these and may not read them.
    paths |= {Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")}
    paths |= {Path("/dev/null"), Path("/dev/urandom"), Path("/proc/meminfo"), Path("/proc/cpuinfo")}
    return frozenset(path for path in paths if os.access(path, os.R_OK))


def _give_up_files(readable: Iterable[Path], writable: Sequence[Path]) -> None:
    version = _landlock_version()
    if version == 0:
        return
    handled = (1 << max(bits for since, bits in _FILE_RIGHTS_BY_VERSION if version >= since)) - 1
    tcp = _TCP_RIGHTS if version >= _TCP_SINCE else 0
    scopes = _SCOPES if version >= _SCOPES_SINCE else 0
    attributes = struct.pack("QQQ", handled, tcp, scopes)
    size = 24 if scopes else 16 if tcp else 8
    ruleset = _LIBC.syscall(_SYS_LANDLOCK_CREATE, attributes, ctypes.c_size_t(size), 0)
    if ruleset < 0:
        raise _system_error("landlock_create_ruleset")
    try:
        for path in readable:
            _permit(ruleset, path, _READING & handled)
        for path in _libraries():
            _permit(ruleset, path, (_READING | _EXECUTE) & handled)
        for path in writable:
            _permit(ruleset, path, (_WRITING | _REFER | _TRUNCATE) & handled)
        if _LIBC.syscall(_SYS_LANDLOCK_RESTRICT, ruleset, 0) != 0:
            raise _system_error("landlock_restrict_self")
    finally:
        os.close(ruleset)


def _permit(ruleset: int, path: Path, rights: int) -> None:
    if not path.is_dir():
        rights &= _ON_FILES
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = struct.pack("=Qi", rights, descriptor)
        if _LIBC.syscall(_SYS_LANDLOCK_ADD, ruleset, _LANDLOCK_RULE_PATH, rule, 0) != 0:
            raise _system_error("landlock_add_rule")
    finally:
        os.close(descriptor)


def _give_up_capabilities() -> None:
    """Give up root's powers, or those that a user has over its own namespace."""
    if _SYS_CAPSET is not None:
        header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
        _LIBC.syscall(_SYS_CAPSET, header, bytes(24))


def _landlock_version() -> int:
    """The kernel's Landlock version; 0 where there is none."""
    if platform.machine() not in ("x86_64", "aarch64"):
        return 0
    version = _LIBC.syscall(_SYS_LANDLOCK_CREATE, None, ctypes.c_size_t(0), _LANDLOCK_VERSION_FLAG)
    return max(int(version), 0)


def _prctl(option: int, value: int) -> None:
    if _LIBC.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise _system_error("prctl")


def _system_error(call: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{call}: {errno.errorcode.get(number, number)}")

"""Let this process see no file but those of the program, and no network (Landlock, namespaces).

Linux gives both to everybody since 5.13; a system that has them not, or forbids them, says so by an
error of the call, and the other limits of ``caged.py`` have to do.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import pathlib
import sys
import sysconfig
from typing import Final

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446  # the same on all machines
_NO_NEW_PRIVILEGES: Final = 38
_NEW_USER: Final = 0x10000000  # CLONE_NEWUSER
_NEW_NETWORK: Final = 0x40000000  # CLONE_NEWNET
_PATH_BENEATH: Final = 1
_READ_FILE: Final = 1 << 2
_READ_DIRECTORY: Final = 1 << 3
# What each version of Landlock can forbid of files, of TCP, and of signals and abstract sockets.
_OF_FILES: Final = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF}
_ALL_OF_FILES: Final = 0xFFFF
_OF_TCP: Final = 0b11
_SCOPES: Final = 0b11
_FIRST_WITH_TCP: Final = 4
_FIRST_WITH_SCOPES: Final = 6
_OURS: Final = ("catalog", "settlement", "market", "seeds")
_LIBRARIES: Final = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib")
_DEVICES: Final = ("/dev/null", "/dev/urandom")


class _Ruleset(ctypes.Structure):
    _fields_ = [
        ("files", ctypes.c_uint64),
        ("tcp", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    ]


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def leave_the_network() -> None:
    """Move into a network of this process's own, where the system allows that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).unshare(_NEW_USER | _NEW_NETWORK)


def read_only_the_program() -> bool:
    """Give up all files but the program's, which may be read; tell whether the system could."""
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None)
    version = libc.syscall(_CREATE, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return False
    rules = _Ruleset(
        files=_OF_FILES.get(version, _ALL_OF_FILES),
        tcp=_OF_TCP if version >= _FIRST_WITH_TCP else 0,
        scoped=_SCOPES if version >= _FIRST_WITH_SCOPES else 0,
    )
    size = 24 if version >= _FIRST_WITH_SCOPES else 16 if version >= _FIRST_WITH_TCP else 8
    ruleset = libc.syscall(_CREATE, ctypes.byref(rules), ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return False
    for path in _program():
        with contextlib.suppress(OSError):  # one of the usual places that this system has not
            _allow(libc, ruleset, path)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    restricted = libc.syscall(_RESTRICT, ruleset, 0)
    os.close(ruleset)
    return bool(restricted == 0)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    allowed = _READ_FILE | (_READ_DIRECTORY if pathlib.Path(path).is_dir() else 0)
    rule = _PathBeneath(allowed=allowed, parent=place)
    libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
    os.close(place)


def _program() -> set[str]:
    """Return where the interpreter, its libraries and our packages lie.

    The directory that our packages lie in is none of them: data may lie there too.
    """
    paths = sysconfig.get_paths()
    found = {*_LIBRARIES, *_DEVICES}
    found |= {paths[kind] for kind in ("stdlib", "platstdlib", "purelib", "platlib")}
    homes = set()
    for package in _OURS:
        spec = importlib.util.find_spec(package)
        for place in (spec and spec.submodule_search_locations) or ():
            found.add(place)
            homes.add(str(pathlib.Path(place).parent))
    return found | {path for path in sys.path if path and path not in homes}

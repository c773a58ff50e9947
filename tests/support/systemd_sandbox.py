"""`/usr/bin/python3 systemd_sandbox.py UNIT COMMAND…`: run a command under the system call rules of a systemd unit.

For machines that systemd has not booted. Needs python3-seccomp and systemd-analyze of Debian, and no privilege: the
mounts, the user and the capabilities are bwrap's part (test_deploy.py).
"""

import ctypes
import errno
import os
import subprocess
import sys
from pathlib import Path

import seccomp  # type: ignore[import-not-found]  # Debian's: it is not on PyPI

_PR_SET_NO_NEW_PRIVS, _PR_SET_MDWE = 38, 65
_FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}


def values(unit: str, name: str) -> list[str]:
    """Return the values of the lines *name*= of *unit*, one by one."""
    lines = (line.partition("=")[2] for line in unit.splitlines() if line.startswith(f"{name}="))
    return [f"~{word}" if line.startswith("~") else word for line in lines for word in line.lstrip("~").split()]


def calls(group: str) -> set[str]:
    """Return the system calls in a *group* of systemd's."""
    command = ("systemd-analyze", "syscall-filter", "--no-pager", group)
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    words = {line.strip() for line in listed.splitlines()[1:] if not line.strip().startswith("#")} - {""}
    inner = {word for word in words if word.startswith("@")}
    return (words - inner).union(*map(calls, inner)) if inner else words


def restrict(unit: str) -> None:
    """Put this process, and whatever it becomes, under the rules of *unit*."""
    allowed: set[str] = set()
    for word in values(unit, "SystemCallFilter"):
        allowed = allowed - calls(word[1:]) if word.startswith("~") else allowed | calls(word)
    rules = seccomp.SyscallFilter(defaction=seccomp.ERRNO(errno.EPERM))
    for name in allowed - {"socket"}:
        try:
            rules.add_rule(seccomp.ALLOW, name)
        except (RuntimeError, ValueError):  # of another machine
            continue
    for family in values(unit, "RestrictAddressFamilies"):
        rules.add_rule(seccomp.ALLOW, "socket", seccomp.Arg(0, seccomp.EQ, _FAMILIES[family]))
    libc = ctypes.CDLL(None, use_errno=True)
    for number in (_PR_SET_NO_NEW_PRIVS, _PR_SET_MDWE):
        if libc.prctl(number, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), f"prctl {number}")
    rules.load()


if __name__ == "__main__":
    restrict(Path(sys.argv[1]).read_text(encoding="utf-8"))
    os.execv(sys.argv[2], sys.argv[2:])

"""What a forked child does to itself before a submission runs in it. Linux calls through ctypes.

Each step gives something up for good: the view of other processes and mounts, memory and CPU
without end, privileges, and at last most system calls. The order matters, since each step needs
a right that a later one gives up. Everywhere else than on Linux only resource limits apply.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import resource
import signal
import struct
import sys
from collections.abc import Iterable

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWPID = 0x00020000, 0x08000000, 0x20000000
MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
MADV_HUGEPAGE, MADV_COLLAPSE = 14, 25
HUGE_PAGE = 2**21
PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 4, 22, 24, 38
SECCOMP_MODE_FILTER = 2
SECCOMP_SET_MODE_FILTER = SECCOMP_FILTER_FLAG_TSYNC = 1
SECCOMP = {"x86_64": 317, "aarch64": 277}  # number of the system call
CAPABILITY_VERSION_3 = 0x20080522

SCRATCH_BYTES = 64 * 2**20  # all files of a submission together; they live in memory
OPEN_FILES = 256
THREADS = 256

_libc = ctypes.CDLL(None, use_errno=True)
if sys.platform == "linux":
    _libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
    _libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


def _check(result: int, what: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def unshare(flags: int) -> None:
    _check(_libc.unshare(flags), "unshare")


def setns(fd: int, flags: int) -> None:
    _check(_libc.setns(fd, flags), "setns")


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    texts = [text.encode() for text in (source, target, kind)]
    _check(_libc.mount(*texts, ctypes.c_ulong(flags), options.encode()), f"mount {target}")


def fork_into_namespace() -> int:
    """Fork a child that is pid 1 of a new pid namespace; this process stays in its own."""
    own = os.pidfd_open(os.getpid())
    try:
        unshare(CLONE_NEWPID)
        pid = os.fork()
        if pid:
            setns(own, CLONE_NEWPID)
        return pid
    finally:
        os.close(own)


def rehearse() -> None:
    """Go through what every job needs, once: OSError says what this machine refuses."""
    pid = fork_into_namespace()
    if pid == 0:
        own_session()
        private_scratch()
        drop_privileges(0)
        refuse_new_privileges()
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    if status:
        raise OSError(f"a child could not lock itself down (status {status})")


def private_scratch(proc: bool = False) -> None:
    """Give this process mounts and System V objects of its own, and an empty /tmp.

    With `proc`, also a /proc that shows only its own processes.
    """
    unshare(CLONE_NEWNS | CLONE_NEWIPC)
    if proc:
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    options = f"size={SCRATCH_BYTES},nr_inodes=4096,mode=1777"
    mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options)
    os.chdir("/tmp")


def _lower(kind: int, value: int) -> None:
    """Set soft and hard limit, or the hard limit in force where that is lower."""
    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, value))


def limit_resources(cpu_seconds: int, address_space: int) -> None:
    """Cap CPU time, address space in bytes (zero: leave it), files, and core dumps."""
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, SCRATCH_BYTES)
    _lower(resource.RLIMIT_NOFILE, OPEN_FILES)
    _lower(resource.RLIMIT_CPU, cpu_seconds)
    if sys.platform != "linux":
        return
    _lower(resource.RLIMIT_MSGQUEUE, 0)
    _lower(resource.RLIMIT_MEMLOCK, 2**16)
    if address_space:
        _lower(resource.RLIMIT_AS, address_space)


def limit_threads(uid: int) -> None:
    """Cap threads where only ours are counted: as a user of our own, or per user namespace.

    Kernels before 5.14 count everything the user runs anywhere, which a fixed number would break.
    """
    release = tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2])
    if uid or release >= (5, 14):
        _lower(resource.RLIMIT_NPROC, THREADS)


def drop_privileges(uid: int) -> None:
    """Empty every capability set, and become `uid` where that is not zero (needs root)."""
    last = 0
    while _libc.prctl(PR_CAPBSET_DROP, last, 0, 0, 0) == 0:
        last += 1
    if uid:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    header = struct.pack("<Ii", CAPABILITY_VERSION_3, 0)
    _check(_libc.capset(header, bytes(24)), "capset")


def set_dumpable(dumpable: bool) -> None:
    """Whether others may trace this process, and whether its /proc entries belong to it."""
    _check(_libc.prctl(PR_SET_DUMPABLE, int(dumpable), 0, 0, 0), "dumpable")


def refuse_new_privileges() -> None:
    _check(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    set_dumpable(False)


def filter_system_calls(program: bytes) -> None:
    """Install a compiled seccomp program (8 bytes an instruction) in every thread, for good."""
    code = ctypes.create_string_buffer(program, len(program))
    fprog = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    pointer = ctypes.create_string_buffer(fprog, len(fprog))
    number = SECCOMP.get(os.uname().machine)
    if number is not None:
        arguments = (SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, ctypes.addressof(pointer))
        result = _libc.syscall(number, *map(ctypes.c_ulong, arguments))
    else:  # this thread only; children that were not prepared have no other
        address = ctypes.addressof(pointer)
        result = _libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, address, 0, 0)
    _check(result, "seccomp")


def own_session() -> None:
    """Leave the process group (`kill(0, …)` would cross pid namespaces) and its signal handlers."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def keep_only(stdin: int, printing: int, *others: int) -> tuple[int, ...]:
    """Make `stdin` 0, `printing` 1 and 2, `others` 3, 4 … and close every other descriptor."""
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 64) for fd in (stdin, printing, *others)]
    print_to(high[1])
    os.dup2(high[0], 0)
    kept = tuple(os.dup2(fd, 3 + i, inheritable=False) for i, fd in enumerate(high[2:]))
    os.closerange(3 + len(kept), max(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 4096))
    return kept


def print_to(fd: int) -> None:
    os.dup2(fd, 1)
    os.dup2(fd, 2)


def gather_pages(regions: Iterable[tuple[int, int]]) -> int:
    """Turn memory into huge pages, of which a fork copies one entry for 512: 4 times as fast.

    `regions` are addresses (from, to) of anonymous memory. Returns the bytes asked for. Kernels
    before 6.1 gather in their own time, or not at all; nothing depends on it.
    """
    asked = 0
    for start, end in regions:
        start, end = -(-start // HUGE_PAGE) * HUGE_PAGE, end // HUGE_PAGE * HUGE_PAGE
        if start < end and _libc.madvise(start, end - start, MADV_HUGEPAGE) == 0:
            _libc.madvise(start, end - start, MADV_COLLAPSE)
            asked += end - start
    return asked

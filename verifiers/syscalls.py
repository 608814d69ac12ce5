"""The system-call filter of a child, compiled here in the trusted process and sent as bytes.

A deny-list: Python and torch use too many calls, which differ between kernels and C libraries,
for a short allow-list to hold. Denied calls fail with EPERM, which Python turns into an
OSError the submission sees. `clone3` fails with ENOSYS: its flags lie in memory where a filter
cannot look, and C libraries then fall back to `clone`, whose flags it can.
"""

from __future__ import annotations

import errno
import functools
import signal
import sys
import tempfile
from typing import Any

CLONE_THREAD = 0x00010000

NETWORK = (
    "socket socketpair connect bind listen accept accept4 sendto sendmsg sendmmsg recvfrom "
    "recvmsg recvmmsg shutdown setsockopt getsockopt socketcall"
)
PROCESSES = (
    "fork vfork execve execveat ptrace process_vm_readv process_vm_writev process_madvise "
    "pidfd_open pidfd_getfd pidfd_send_signal process_mrelease kcmp setsid setpgid "
    "sched_setscheduler sched_setattr setpriority ioprio_set"
)
NAMESPACES = (
    "unshare setns mount umount umount2 pivot_root chroot open_tree move_mount fsopen fsmount "
    "fsconfig fspick mount_setattr open_by_handle_at name_to_handle_at statmount listmount "
    "open_tree_attr listns"
)
PRIVILEGES = (
    "setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capset "
    "personality"
)
HIDDEN_MEMORY = (
    "memfd_create memfd_secret shmget shmat shmctl shmdt semget semop semtimedop semctl msgget "
    "msgsnd msgrcv msgctl mq_open mq_unlink ipc userfaultfd"
)
KERNEL = (
    "bpf perf_event_open io_uring_setup io_uring_enter io_uring_register keyctl add_key "
    "request_key kexec_load kexec_file_load init_module finit_module delete_module reboot swapon "
    "swapoff acct quotactl quotactl_fd syslog sethostname setdomainname iopl ioperm modify_ldt "
    "lookup_dcookie nfsservctl vhangup settimeofday clock_settime clock_adjtime adjtimex "
    "fanotify_init inotify_init inotify_init1 mknod mknodat uselib ustat sysfs _sysctl "
    "landlock_create_ruleset move_pages migrate_pages mbind set_mempolicy"
)
# Calls that a library may be too old to know by name. From 424 on, numbers do not depend on the
# architecture (scripts/syscall.tbl of the kernel).
NUMBERS = {
    **{"pidfd_send_signal": 424, "io_uring_setup": 425, "io_uring_enter": 426},
    **{"io_uring_register": 427, "open_tree": 428, "move_mount": 429, "fsopen": 430},
    **{"fsconfig": 431, "fsmount": 432, "fspick": 433, "pidfd_open": 434, "clone3": 435},
    **{"pidfd_getfd": 438, "process_madvise": 440, "mount_setattr": 442, "quotactl_fd": 443},
    **{"landlock_create_ruleset": 444, "memfd_secret": 447, "process_mrelease": 448},
    **{"statmount": 457, "listmount": 458, "open_tree_attr": 467, "listns": 470},
}
# Calls that send a signal, and which of their arguments says which one.
SIGNALLING = {"kill": 1, "tkill": 1, "rt_sigqueueinfo": 1, "tgkill": 2, "rt_tgsigqueueinfo": 2}
# fcntl can have the kernel send any signal to any process when a descriptor has news.
DESCRIPTOR_SIGNALS = (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX
FATAL_NAMES = "KILL ABRT SEGV BUS FPE ILL TERM QUIT HUP STOP TSTP TTIN TTOU SYS TRAP"
FATAL = tuple(int(getattr(signal, f"SIG{name}")) for name in FATAL_NAMES.split())
OWN_PID = 0x5AFE71D5  # stands for the child's own pid until there is a child
DENIED = " ".join((NETWORK, PROCESSES, NAMESPACES, PRIVILEGES, HIDDEN_MEMORY, KERNEL)).split()


def why_not_seccomp() -> str:
    """Empty where a filter can be compiled, else what is missing."""
    if sys.platform != "linux":
        return f"system-call filters exist only on Linux, and this is {sys.platform}"
    try:
        import pyseccomp  # noqa: F401
    except ImportError:
        return "the Python package pyseccomp is not installed"
    except (RuntimeError, OSError):
        return (
            "the library libseccomp is not installed (Debian and Ubuntu: apt install libseccomp2)"
        )
    return ""


def _deny(rules: Any, name: str, action: int, *arguments: Any) -> None:
    """Add a rule; a call that this architecture does not know needs none."""
    for call in (name, *([NUMBERS[name]] if name in NUMBERS else [])):
        try:
            rules.add_rule(action, call, *arguments)
        except (OSError, ValueError):
            continue  # not known by this name, or not at all
        return


def _signals_with_namespace(rules: Any) -> None:
    """End a process that sends itself a fatal signal.

    The child is pid 1 of its namespace, and the kernel lets pid 1 ignore such signals: `os.abort()`
    would crawl on into a segmentation fault, and a suicide would be no suicide.
    """
    import pyseccomp

    for name, position in SIGNALLING.items():
        for number in FATAL:
            which = pyseccomp.Arg(position, pyseccomp.EQ, number)
            _deny(rules, name, pyseccomp.KILL_PROCESS, which)


def _signals_without_namespace(rules: Any) -> None:
    """Let a child signal only itself, and set limits and cores only of itself."""
    import pyseccomp

    refuse = pyseccomp.ERRNO(errno.EPERM)
    for name in ("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"):
        _deny(rules, name, refuse, pyseccomp.Arg(0, pyseccomp.NE, OWN_PID))
    _deny(rules, "tkill", refuse)
    _deny(rules, "sched_setaffinity", refuse, pyseccomp.Arg(0, pyseccomp.NE, 0))


@functools.lru_cache
def compiled(namespaces: bool = True) -> bytes:
    """The filter as a BPF program, or no bytes where it cannot be compiled.

    Without namespaces it holds the placeholder OWN_PID, which `for_process` replaces.
    """
    if why_not_seccomp():
        return b""
    import pyseccomp

    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    refuse = pyseccomp.ERRNO(errno.EPERM)
    for name in DENIED:
        _deny(rules, name, refuse)
    _deny(rules, "clone3", pyseccomp.ERRNO(errno.ENOSYS))
    _deny(rules, "clone", refuse, pyseccomp.Arg(0, pyseccomp.MASKED_EQ, CLONE_THREAD, 0))
    _deny(rules, "prlimit64", refuse, pyseccomp.Arg(0, pyseccomp.NE, 0))
    for command in DESCRIPTOR_SIGNALS:
        _deny(rules, "fcntl", refuse, pyseccomp.Arg(1, pyseccomp.EQ, command))
    if namespaces:
        _signals_with_namespace(rules)
    else:
        _signals_without_namespace(rules)
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def for_process(program: bytes, pid: int) -> bytes:
    """The program with the placeholder replaced by a process's own number."""
    return program.replace(OWN_PID.to_bytes(4, "little"), pid.to_bytes(4, "little"))

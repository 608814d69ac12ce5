"""The system-call filter of a child, compiled here in the trusted process and sent as bytes.

A deny-list: Python and torch use too many calls, which differ between kernels and C libraries,
for a short allow-list to hold. Denied calls fail with EPERM, which Python turns into an
OSError the submission sees. `clone3` fails with ENOSYS: its flags lie in memory where a filter
cannot look, and C libraries then fall back to `clone`, whose flags it can.
"""

from __future__ import annotations

import errno
import functools
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
    "pidfd_open pidfd_getfd pidfd_send_signal kcmp setsid setpgid "
    "sched_setscheduler sched_setattr setpriority ioprio_set"
)
NAMESPACES = (
    "unshare setns mount umount umount2 pivot_root chroot open_tree move_mount fsopen fsmount "
    "fsconfig fspick mount_setattr open_by_handle_at name_to_handle_at statmount listmount"
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
    """Add a rule; a call that this architecture or library does not know needs none."""
    try:
        rules.add_rule(action, name, *arguments)
    except (OSError, ValueError):
        return


@functools.lru_cache
def compiled() -> bytes:
    """The filter as a BPF program, or no bytes where it cannot be compiled."""
    if why_not_seccomp():
        return b""
    import pyseccomp

    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    refuse = pyseccomp.ERRNO(errno.EPERM)
    for name in DENIED:
        _deny(rules, name, refuse)
    _deny(rules, "clone3", pyseccomp.ERRNO(errno.ENOSYS))
    not_a_thread = pyseccomp.Arg(0, pyseccomp.MASKED_EQ, CLONE_THREAD, 0)
    _deny(rules, "clone", refuse, not_a_thread)
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()

"""What a scenario needs of the machine, and what it changes there for a while."""

import contextlib
import ctypes
import fcntl
import mmap
import os
import re
import resource
import select
import signal
import socket
import struct
import subprocess
import tempfile
import time
import typing

RATELIMIT = "/proc/sys/kernel/printk_ratelimit"
BURST = "/proc/sys/kernel/printk_ratelimit_burst"
ACTIONS = "/proc/sys/kernel/seccomp/actions_logged"

# include/uapi/linux/audit.h and netlink.h
NETLINK_AUDIT = 9
AUDIT_GET, AUDIT_SET, AUDIT_ADD_RULE, AUDIT_DEL_RULE = 1000, 1001, 1011, 1012
AUDIT_NLGRP_READLOG, SO_RCVBUFFORCE = 1, 33
NLM_F_REQUEST, NLM_F_ACK, NLMSG_ERROR = 1, 4, 2
AUDIT_STATUS_ENABLED, AUDIT_STATUS_PID, AUDIT_STATUS_BACKLOG_LIMIT = 1, 4, 16
AUDIT_FILTER_EXCLUDE, AUDIT_ALWAYS, AUDIT_EXE, AUDIT_EQUAL = 5, 2, 112, 0x40000000

NO_LOGIN = str(2**32 - 1)
SYSLOG_ACTION_SIZE_BUFFER = 10


class Skip(Exception):
    """This machine cannot run the scenario."""


def read_setting(path):
    with open(path, encoding="ascii") as file:
        return file.readline().strip()


def write_setting(path, value):
    with open(path, "w", encoding="ascii") as file:
        file.write(value + "\n")


class AuditControl:
    """A socket through which the audit subsystem is told what to do."""

    def __init__(self):
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_AUDIT)

    def fileno(self):
        return self._socket.fileno()

    def close(self):
        self._socket.close()

    def ask(self, kind, payload=b""):
        """@return Whether the kernel did it; a daemon's socket also receives records, which may come first."""
        header = struct.pack("=IHHII", 16 + len(payload), kind, NLM_F_REQUEST | NLM_F_ACK, 0, 0)
        self._socket.sendto(header + payload, (0, 0))
        while True:
            answer = self._socket.recv(16384)
            if struct.unpack_from("=IHHII", answer)[1] == NLMSG_ERROR:
                return struct.unpack_from("=i", answer, 16)[0] == 0

    def set(self, mask, enabled=0, pid=0, backlog_limit=0):
        return self.ask(AUDIT_SET, struct.pack("=10I", mask, enabled, 0, pid, 0, backlog_limit, 0, 0, 0, 0))

    def drop_record(self):
        with contextlib.suppress(OSError):
            self._socket.recv(16384, socket.MSG_DONTWAIT)

    def status(self):
        if not self.ask(AUDIT_GET):
            raise OSError("the kernel's audit subsystem does not answer")
        return AuditStatus(*struct.unpack_from("=6I", self._socket.recv(16384), 16))


class AuditStatus(typing.NamedTuple):
    """The first members of the kernel's struct audit_status."""
    mask: int
    enabled: int
    failure: int
    daemon_pid: int
    rate_limit: int
    backlog_limit: int


def audit_status():
    with contextlib.closing(AuditControl()) as control:
        return control.status()


def set_audit(mask, **values):
    with contextlib.closing(AuditControl()) as control:
        return control.set(mask, **values)


def require_recording():
    """What a recording needs so that its report can be foretold."""
    if os.geteuid() != 0 or os.uname().machine != "x86_64":
        raise Skip("needs root and x86_64")
    try:
        os.close(os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK))
    except OSError as error:
        raise Skip("/dev/kmsg cannot be read") from error
    if not os.access(RATELIMIT, os.W_OK):
        raise Skip("kernel.printk_ratelimit cannot be changed")
    # Another test may do something to audit for a moment.
    give_up = time.monotonic() + 10
    while (obstacle := obstacle_to_recording()) and time.monotonic() < give_up:
        time.sleep(0.1)
    if obstacle:
        raise Skip(obstacle)


def obstacle_to_recording():
    """Why the kernel's records cannot be had as usual; empty where they can."""
    try:
        status = audit_status()
    except OSError:
        return "needs CAP_AUDIT_CONTROL in the host's own namespaces"
    if status.enabled or status.daemon_pid:
        return "audit is enabled here, or has a daemon"
    if "log" not in read_setting(ACTIONS).split():
        return "the kernel logs no calls: no `log` in kernel.seccomp.actions_logged"
    return ""


def require_small_ring():
    """What 3 000 records overrun."""
    size = ctypes.CDLL(None).klogctl(SYSLOG_ACTION_SIZE_BUFFER, None, 0)
    if not 0 < size <= 512 * 1024:
        raise Skip("the kernel's log holds more than 512 KiB")


def require_i386():
    """int 0x80, which a virtual machine may not pass on."""
    asks = os.fork()
    if asks == 0:
        if os.uname().machine == "x86_64":
            code = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
            code.write(b"\xb8\x14\0\0\0\xcd\x80\xc3")  # mov $getpid, %eax; int $0x80; ret
            getpid = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
            os._exit(0 if getpid() == os.getpid() else 1)
        os._exit(1)
    if os.waitpid(asks, 0)[1] != 0:
        raise Skip("this kernel runs no i386 calls (int 0x80)")


@contextlib.contextmanager
def audit_records():
    """A socket that gets each record that the kernel's audit thread sends from now on."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_AUDIT) as listener:
        listener.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 * 1024 * 1024)
        listener.bind((0, AUDIT_NLGRP_READLOG))
        listener.setblocking(False)
        yield listener


def has_told_end(listener, pid):
    """Whether the audit thread, which may be far behind, has sent the last call of a process."""
    end = re.compile(rb" pid=%d .* syscall=231 " % pid)
    with contextlib.suppress(BlockingIOError):
        while True:
            if end.search(listener.recv(65536)):
                return True
    return False


def require_no_login():
    if read_setting("/proc/self/loginuid") != NO_LOGIN:
        raise Skip("somebody has logged in: the login uid is set")


def require_namespaces():
    made = subprocess.run(["unshare", "--net", "--pid", "--fork", "--mount-proc", "/bin/true"],
                          stderr=subprocess.PIPE, text=True, check=False)
    if made.returncode != 0:
        raise Skip("no namespaces can be made: " + made.stderr.strip())


@contextlib.contextmanager
def sole_use():
    """Other checks of golden data on this machine, such as those of another build, wait."""
    path = os.path.join(tempfile.gettempdir(), "sctrace-golden.lock")
    with open(path, "a", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def keep_only(*ends):
    """In a child: an end of a pipe that stays open here is an end that nobody sees."""
    first = 3
    for end in sorted(ends):
        os.closerange(first, end)
        first = end + 1
    os.closerange(first, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


@contextlib.contextmanager
def undone(undo):
    """Has `undo` called at the end, by a process of its own: also if this one is killed."""
    hold, release = os.pipe()
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        guard(undo, hold, tell)
    os.waitpid(child, 0)
    os.close(hold)
    os.close(tell)
    try:
        yield
    finally:
        os.close(release)
        # The end of this pipe is the end of the process that undoes it.
        os.read(told, 1)
        os.close(told)


def guard(undo, hold, tell):
    """Leaves this process's session, so that what kills the scenario with all its children leaves it alone."""
    try:
        keep_only(hold, tell)
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if os.fork() == 0:
            os.read(hold, 1)
            undo()
    finally:
        os._exit(0)


@contextlib.contextmanager
def setting(path, value):
    """Changes a setting of the kernel for a while."""
    old = read_setting(path)
    with undone(lambda: write_setting(path, old)):
        write_setting(path, value)
        yield


@contextlib.contextmanager
def settings(values):
    with contextlib.ExitStack() as all_of_them:
        for path, value in values.items():
            all_of_them.enter_context(setting(path, value))
        yield


@contextlib.contextmanager
def excluded_program(path):
    """While it lasts, the kernel drops every record of a program."""
    name = path.encode()
    fields = struct.pack("=64I", AUDIT_EXE, *[0] * 63)
    values = struct.pack("=64I", len(name), *[0] * 63)
    operators = struct.pack("=64I", AUDIT_EQUAL, *[0] * 63)
    rule = (struct.pack("=3I", AUDIT_FILTER_EXCLUDE, AUDIT_ALWAYS, 1) + bytes(4 * 64) + fields + values +
            operators + struct.pack("=I", len(name)) + name)

    def tell(kind):
        with contextlib.closing(AuditControl()) as control:
            return control.ask(kind, rule)

    with undone(lambda: tell(AUDIT_DEL_RULE)):
        if not tell(AUDIT_ADD_RULE):
            raise Skip("audit rules can't be added here")
        yield


@contextlib.contextmanager
def audit_enabled():
    """While it lasts, ordinary audit records are made as well."""
    with undone(lambda: set_audit(AUDIT_STATUS_ENABLED, enabled=0)):
        if not set_audit(AUDIT_STATUS_ENABLED, enabled=1):
            raise Skip("the state of audit is locked")
        yield


@contextlib.contextmanager
def long_audit_queue():
    """While it lasts, nobody waits for room in the kernel's queue of audit records.

    Whoever does may miss that there is room again, and then sleeps for a minute (audit_log_start())."""
    old = audit_status().backlog_limit
    with undone(lambda: set_audit(AUDIT_STATUS_BACKLOG_LIMIT, backlog_limit=old)):
        set_audit(AUDIT_STATUS_BACKLOG_LIMIT, backlog_limit=1_000_000)
        yield


@contextlib.contextmanager
def audit_daemon():
    """A process that is the audit daemon for a while: it takes the records and forgets them."""
    told, tell = os.pipe()
    stop, go_on = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            keep_only(stop, tell)
            serve_as_daemon(stop, tell)
        finally:
            os._exit(0)
    os.close(tell)
    os.close(stop)
    try:
        if os.read(told, 1) != b"y":
            raise Skip("this process may not become the audit daemon")
        yield
    finally:
        os.close(go_on)
        os.close(told)
        os.waitpid(pid, 0)


def serve_as_daemon(stop, tell):
    """The kernel takes only the sender itself for a daemon (kernel/audit.c, audit_receive_msg())."""
    control = AuditControl()
    if not control.set(AUDIT_STATUS_PID, pid=os.getpid()):
        os.write(tell, b"n")
        return
    os.write(tell, b"y")
    while stop not in select.select([control, stop], [], [])[0]:
        control.drop_record()
    control.set(AUDIT_STATUS_PID, pid=0)

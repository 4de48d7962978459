"""Recordings that end before or otherwise than they should, and those of a source that is not the kernel's."""

import os
import signal

import host
from kernel_log import calls, entry, record
from stage import Scenario
from steps import feeds, feeds_file, has_written, holds_open, prints, sends, sends_group

LIVE = (host.require_recording,)
FILES = ["-o", "trace", "--report", "report"]
# A FIFO that nobody writes into.
SILENT = ["--kmsg", "kmsg"]
NOBODY = 65534


def of_command(name, options, command, **more):
    """A command whose calls are not looked at."""
    more = {"fifos": ("kmsg",), "needs": LIVE, **more}
    return Scenario(name, ["record", *FILES, *SILENT, *options, "--", *command], **more)


def of_shell(name, options, script, **more):
    return of_command(name, options, ["/bin/sh", "-c", script], **more)


def of_nobody(name, steps, options=(), **more):
    """A process that cannot exist, whose records are fed."""
    return Scenario(name, ["record", *FILES, *SILENT, "--pid", "99999999", *options], fifos=("kmsg",), needs=LIVE,
                    steps=steps, **more)


# A command that says `ready` and waits for what it traps.
WAITS = "echo ready; while :; do sleep 0.05; done"
READY = prints("ready\n")

COMMANDS = [
    of_shell("end.status", [], "exit 5"),
    of_shell("end.killed", [], "ulimit -c 0; kill -SEGV $$"),
    of_command("end.not_found", [], ["no-such-command"]),
    of_command("end.not_found.path", [], ["./absent"]),
    of_command("end.not_found.below_file", [], ["/etc/passwd/below"]),
    of_command("end.no_interpreter", [], ["./orphan"], files={"orphan": "#!/no/such/interpreter\n"},
               executables=("orphan",)),
    of_command("end.not_executable", [], ["./plain"], files={"plain": "#!/bin/sh\n"}),
    of_command("end.not_executable.folder", [], ["./folder"], files={"folder/file": ""}),
    of_command("end.not_executable.no_shebang", [], ["./script"], files={"script": "exit 0\n"},
               executables=("script",)),
    of_command("end.unknown_user", ["--user", "no-such-user"], ["/bin/echo", "ran"]),
    of_shell("end.duration", ["--duration", "0.3"], "exec sleep 1000"),
    of_shell("end.duration.ignored", ["--duration", "2"], "trap '' TERM; while :; do sleep 0.05; done"),
    of_shell("end.before_duration", ["--duration", "1000"], "exit 3"),
    of_shell("end.sigterm", [], f"trap 'exit 7' TERM; {WAITS}", steps=(READY, sends(signal.SIGTERM))),
    of_shell("end.sighup", [], f"trap 'exit 8' HUP; {WAITS}", steps=(READY, sends(signal.SIGHUP))),
    of_shell("end.sigterm.kills", [], WAITS, steps=(READY, sends(signal.SIGTERM))),
    of_shell("end.interrupt", [], f"trap 'exit 5' INT; {WAITS}", steps=(READY, sends_group(signal.SIGINT))),
    of_shell("end.goes_on", [], f"trap 'echo once' HUP; trap 'exit 9' TERM; {WAITS}",
             steps=(READY, sends(signal.SIGHUP), prints("once\n"), sends(signal.SIGTERM))),
    of_shell("end.require_complete", ["--require-complete"], "exit 0"),
]

BEFORE_THE_COMMAND = [
    Scenario(f"source.{name}", ["record", *FILES, "--kmsg", path, "--", "/bin/echo", "ran"], needs=LIVE,
             files={"regular": "5,1,1,-;x\n", "folder/file": ""}, links={"link": "/dev/null"})
    for name, path in (("absent", "absent"), ("regular", "regular"), ("folder", "folder"), ("link", "link"))
] + [
    Scenario("source.absent.old_trace", ["record", *FILES, "--kmsg", "absent", "--", "/bin/echo", "ran"], needs=LIVE,
             files={"trace": '{"syscall":0,"name":"read","count":42}\n'}),
    Scenario("source.absent.pid", ["record", *FILES, "--kmsg", "absent", "--pid", "99999999"], needs=LIVE),
] + [
    Scenario(f"output.{name}", ["record", *SILENT, "-o", path, "--", "/bin/echo", "ran"], needs=LIVE,
             fifos=("kmsg",), files={"target": "old\n"}, links={"link": "target"})
    for name, path in (("no_folder", "missing/trace"), ("link", "link"), ("folder", "."),
                       ("below_file", "target/trace"), ("no_descriptor", "/dev/fd/987"))
] + [
    Scenario("output.report.no_folder", ["record", *SILENT, "--report", "missing/report", "--pid", "99999999"],
             needs=LIVE, fifos=("kmsg",)),
]


def of_4270(data):
    """The capture of the demo, but of a process that cannot exist."""
    return (data / "demo.kmsg").read_bytes().replace(b" pid=4270 ", b" pid=99999999 ")


FED = [
    of_nobody("fifo.nothing", (feeds(),)),
    of_nobody("fifo.silent", (), ["--duration", "0.2"]),
    of_nobody("fifo.calls", (feeds(calls(110, 110, 102, 999, -1, 0x4000006e), record(7, 20, arch="40000003"),
                                   record(8, 5, arch="40000028"), record(9, 5, arch="12345678")),)),
    of_nobody("fifo.capture", (feeds_file("capture", 4096),), files={"capture": of_4270}),
    of_nobody("fifo.capture.in_pieces", (feeds_file("capture", 7),), files={"capture": of_4270}),
    of_nobody("fifo.entries_missing", (feeds(calls(110, 110), calls(102, 102, first=13)),)),
    of_nobody("fifo.entries_missing_twice", (feeds(calls(110), calls(110, first=5), calls(102, first=9)),)),
    of_nobody("fifo.entries_in_disorder", (feeds(calls(110, first=8), calls(102, first=3), calls(110, first=9)),)),
    of_nobody("fifo.serials_missing", (feeds(record(1, 110, serial=10), record(2, 110, serial=25)),)),
    of_nobody("fifo.same_serial_twice", (feeds(record(1, 110, serial=10), record(2, 110, serial=10)),)),
    of_nobody("fifo.suppressed", (feeds(calls(110), entry(2, "kauditd_printk_skb: 69 callbacks suppressed", priority=4),
                                        calls(102, first=3)),)),
    of_nobody("fifo.audit_lost", (feeds(
        calls(110), entry(2, "audit: audit_backlog=65 > audit_backlog_limit=64", priority=3),
        entry(3, "audit: audit_lost=6 audit_rate_limit=0 audit_backlog_limit=64", priority=3),
        entry(4, "audit: backlog limit exceeded", priority=3), calls(102, first=5)),)),
    of_nobody("fifo.cut_record", (feeds(
        calls(110), entry(2, 'audit: type=1326 audit(1795502714.545:102): auid=4294967295 uid=0 gid=0 pid=99999999 '
                          'comm="generator" exe="/' + "d" * 900), calls(102, first=3)),)),
    of_nobody("fifo.malformed_record", (feeds(
        calls(110), entry(2, "audit: type=1326 audit(1795502714.545:102): pid=99999999 syscall=many"),
        calls(102, first=3)),)),
    of_nobody("fifo.by_users", (feeds(calls(110), record(2, 102).replace("5,", "13,", 1), calls(110, first=3)),)),
    of_nobody("fifo.dictionary", (feeds(calls(110), " SUBSYSTEM=acpi\n DEVICE=+acpi:PNP0103:00\n",
                                        calls(102, first=2)),)),
    of_nobody("fifo.no_entries", (feeds("not an entry\n", calls(110), "neither\n"),)),
    of_nobody("fifo.no_line_end", (feeds(calls(110, 102)[:-1]),)),
    of_nobody("fifo.foreign_pids", (feeds(record(1, 110, pid=99999998), record(2, 102)),)),
    of_nobody("fifo.refused_calls", (feeds(record(1, 110, code="0x50000"), record(2, 102, code="0x80000000", sig=31),
                                           record(3, 102)),)),
    of_nobody("fifo.to_stdout", (feeds(calls(110, 102)),), ["-q", "--flush-interval", "0"]),
    of_nobody("fifo.sigint", (holds_open(calls(110, 102)), has_written("trace", "getuid"), sends(signal.SIGINT)),
              ["--flush-interval", "0.05"]),
]


def become_nobody():
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def by_nobody(name, words, **more):
    """Run by a user without rights, who must be able to reach the tool."""
    return Scenario(f"nobody.{name}", words, needs=(*LIVE, host.require_no_login), prepare=become_nobody,
                    copies_tool=True, owner=NOBODY, **more)


WITHOUT_RIGHTS = [
    by_nobody("kmsg", ["record", "--source", "kmsg", "-o", "trace", "--", "/bin/echo", "ran"],
              around=(lambda _: host.setting("/proc/sys/kernel/dmesg_restrict", "1"),)),
    by_nobody("audit", ["record", "--source", "audit", "-o", "trace", "--", "/bin/echo", "ran"]),
    by_nobody("fifo", ["record", *FILES, *SILENT, "--", "/bin/grep", "NoNewPrivs", "/proc/self/status"],
              fifos=("kmsg",)),
    by_nobody("user", ["record", *SILENT, "--user", "root", "--", "/bin/echo", "ran"], fifos=("kmsg",)),
    by_nobody("lift_ratelimit", ["record", *SILENT, "--lift-ratelimit", "--", "/bin/echo", "ran"], fifos=("kmsg",)),
]

ALL = COMMANDS + BEFORE_THE_COMMAND + FED + WITHOUT_RIGHTS

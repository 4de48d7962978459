"""Recordings of the kernel's records: each source and follow kind, losses, and bad days."""

import os
import re
import signal

import host
import masks
from stage import Scenario
from steps import (adds_target, during, ends, ends_unread, has_written, pauses, prints, releases, runs_tool, says,
                   sends, starts, starts_tool, waits, writes_to_kernel_log)

FILES = ["-o", "trace", "--report", "report"]
AUDIT = ["--source", "audit"]
KMSG = ["--source", "kmsg", "--lift-ratelimit"]
# Two that have names, one that has none, one that cannot exist, and one of x32.
CALLS = ["110:20", "102:3", "999:2", "-1:1", "0x4000006e:2"]
HAS_BEGUN = says("recording process")
TASKS = ("clone", "vfork", "clone3", "wait4")

LIVE = (host.require_recording,)
IN_NAMESPACES = (host.require_recording, host.require_namespaces)
# The time in a record is somewhat old: within that time nobody can tell which of two processes it is of.
TWO_LAGS = 1
# A file system of 64 KiB that holds an old trace; what it holds in the end is printed.
SMALL_DISK = ("unshare", "--mount", "/bin/sh", "-c", "mount -t tmpfs -o size=64k none disk; echo old >disk/trace; "
              '"$@"; status=$?; cat disk/trace; exit $status', "sh")


def daemon(_):
    return host.audit_daemon()


def no_logging(_):
    return host.setting(host.ACTIONS, "kill_process kill_thread trap errno user_notif trace")


def of_command(name, options, command, own=(), **more):
    """Of a command from its first call to its last."""
    more = {"needs": LIVE, **more}
    return Scenario(name, ["record", *FILES, *options, "--", *command], own=own, **more)


def of_shell(name, options, script, own=(), **more):
    return of_command(name, options, ["/bin/sh", "-c", script], own=(*calls_in(script), *own), **more)


def calls_in(script):
    """The calls of the generators in a script."""
    return masks.own_calls(re.findall(r"[\w:-]+", script))


def of_pids(name, options, targets, steps=None, beside=None, **more):
    """Of targets that run already; those beside them are not recorded."""
    more = {"needs": LIVE, **more}
    pids = [word for target in targets for word in ("--pid", "{%s}" % target)]
    return Scenario(name, ["record", *FILES, *options, *pids], targets={**targets, **(beside or {})},
                    steps=steps or (HAS_BEGUN, ends(*targets)), **more)


def number_of(text, member):
    found = re.search(rf'"{member}":(\d+)', text)
    return int(found[1]) if found else None


def missing(made):
    """Masks how many records a recording says are missing, to which others' records add.

    Where it says that fewer are missing of so many calls than are, its numbers stay, so that the difference shows."""
    def mask(text):
        records, at_most = number_of(text, "records"), number_of(text, "missing_at_most")
        if records is not None and at_most is not None and records < made <= records + at_most:
            text = re.sub(r'("(?:missing_at_most|serial_gaps)":)[1-9]\d*', r"\1<some>", text)
        return re.sub(r"\b[1-9]\d* (audit serials were|records missing)", r"<some> \1", text)
    return mask


def lossy(made):
    """The same where nobody can foretell either which records are there and how they were lost."""
    def mask(text):
        text = missing(made)(text)
        if '"missing_at_most":<some>' in text:
            text = re.sub(r'("(?:records|netlink_overruns|printk_suppressed|kmsg_overwritten)":)[1-9]\d*', r"\1<some>",
                          text)
            text = re.sub(r'("syscalls":)\d+', r"\1<some>", text)
        text = re.sub(r"\b[1-9]\d* (messages\b|entries\b|times?\b)", r"<some> \1", text)
        text = re.sub(r"<some> time\b", "<some> times", text)
        return masks.TABLE_ROW.sub("", masks.TRACE_LINE.sub("", text))
    return mask


SOURCES = [
    of_command("record.audit", AUDIT, ["./generator", *CALLS]),
    of_command("record.auto", [], ["./generator", *CALLS]),
    of_command("record.kmsg", KMSG, ["./generator", *CALLS]),
    of_command("record.audit.i386", AUDIT, ["./generator", "i386:20:3", "i386:999:2", "110:5"],
               needs=(*LIVE, host.require_i386)),
    of_command("record.kmsg.rate_limit", ["--source", "kmsg"], ["./generator", "110:200"], own=None,
               around=(lambda _: host.settings({host.RATELIMIT: "1", host.BURST: "10"}),), more_masks=(lossy(200),)),
    of_pids("record.audit.pid", AUDIT, {"a": CALLS}),
    of_pids("record.auto.pid", [], {"a": CALLS}),
    of_pids("record.kmsg.pid", KMSG, {"a": CALLS}),
    of_pids("record.audit.pids", AUDIT, {"a": ["110:7"], "b": ["110:30", "102:4"]}),
]

FOLLOWING = [
    of_command(f"record.{source}.command.{follow}", [*options, "--follow", follow],
               ["./generator", "--processes", "3", "110:20", "102:3"])
    for source, options in (("audit", AUDIT), ("kmsg", KMSG)) for follow in ("session", "tree", "none")
] + [
    of_pids(f"record.{source}.pid.{follow}", [*options, "--follow", follow],
            {"a": ["--processes", "3", "110:20", "102:3"]})
    for source, options in (("audit", AUDIT), ("kmsg", KMSG)) for follow in ("tree", "container", "none")
] + [
    of_pids("record.audit.pid.born_later", [*AUDIT, "--follow", "tree"], {"a": ["--spawn", "clone:5", "110:9"]}),
]

# Whoever writes its login uid gets an audit session of its own.
NEW_SESSION = "echo 0 >/proc/self/loginuid; "

# A generator that waits in vain; the shell goes on when it has begun.
IN_BACKGROUND = "./generator --wait-fd 3 999:2 3<>go >out 2>/dev/null & read pids <out; "

DESCENDANTS = [
    of_command("record.audit.clone", AUDIT, ["./generator", "--spawn", "clone:1000", "110:3"], own=TASKS),
    of_command("record.audit.chain", AUDIT, ["./generator", "--spawn", "chain:100", "110:3"], own=TASKS),
    of_command("record.audit.vfork", AUDIT, ["./generator", "--spawn", "vfork:100", "110:3"], own=TASKS),
    of_command("record.audit.clone3", AUDIT, ["./generator", "--spawn", "clone3:100", "110:3"], own=TASKS),
    of_command("record.audit.threads", AUDIT, ["./generator", "--threads", "8", "110:1000", "102:10"]),
    of_shell("record.audit.short_lived", AUDIT,
             "i=0; while [ $i -lt 100 ]; do ./generator 999:2 >/dev/null; i=$((i + 1)); done"),
    of_shell("record.audit.left_session", AUDIT,
             f"({NEW_SESSION} ./generator 999:50; true) >/dev/null; ./generator 999:20 >/dev/null; true"),
    of_shell("record.audit.left_session.none", [*AUDIT, "--follow", "none"],
             f"({NEW_SESSION} ./generator 999:50; true) >/dev/null; exec ./generator 999:20 >/dev/null"),
    of_shell("record.audit.runs_on", AUDIT, IN_BACKGROUND + "exit 3", fifos=("go", "out")),
    of_shell("record.audit.wait_descendants", [*AUDIT, "--wait-descendants"],
             "((sleep 0.3; ./generator 999:50; true) >/dev/null 2>&1 &); exit 3"),
    of_shell("record.audit.wait_descendants.duration", [*AUDIT, "--wait-descendants", "--duration", "2"],
             IN_BACKGROUND + "true", fifos=("go", "out")),
]

OPTIONS = [
    of_command("record.user", [*AUDIT, "--user", "nobody"], ["./generator", "110:5"]),
    of_shell("record.user.identity", [*AUDIT, "--user", "nobody"],
             "id -u; id -G; grep -E '^(NoNewPrivs|CapEff|Seccomp_filters)' /proc/self/status"),
    of_command("record.require_complete", [*AUDIT, "--require-complete"], ["./generator", "110:5"]),
    of_command("record.quiet", [*AUDIT, "--quiet"], ["./generator", "110:5"]),
    Scenario("record.to_stdout", ["record", *AUDIT, "-o", "-", "--report", "report", "--", "./generator", "110:5"],
             own=(), needs=LIVE),
    Scenario("record.report_to_stdout", ["record", *AUDIT, "-o", "trace", "--report", "-", "--", "./generator",
                                         "110:5"], own=(), needs=LIVE),
    Scenario("record.table_only", ["record", *AUDIT, "--pid", "{a}"], targets={"a": CALLS}, needs=LIVE,
             steps=(HAS_BEGUN, ends("a"))),
    of_pids("record.flush_at_end", [*AUDIT, "--flush-interval", "0"], {"a": ["110:5"]}),
    of_pids("record.flush_often", [*AUDIT, "--flush-interval", "0.01"], {"a": ["110:5"]}),
    of_command("record.known.all", [*AUDIT, "--known", "known", "--merged", "merged"],
               ["./generator", "110:20", "102:3", "999:2"],
               before=(runs_tool("record", "-q", *AUDIT, "-o", "known", "--", "./generator", "110:2"),)),
    of_command("record.known.nothing_new", [*AUDIT, "--known", "known", "--merged", "known"], ["./generator", "110:20"],
               before=(runs_tool("record", "-q", *AUDIT, "-o", "known", "--", "./generator", "110:2"),)),
    of_command("record.known.some", [*AUDIT, "--known", "known", "--require-complete"],
               ["./generator", "110:20", "102:3"], files={"known": '{"syscall":110,"name":"getppid","count":1}\n'}),
    of_command("record.known.profile", [*AUDIT, "--known", "profile.json"], ["./generator", "110:20", "102:3"],
               files={"profile.json": '{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64"],'
                                      '"syscalls":[{"names":["getppid"],"action":"SCMP_ACT_ALLOW"}]}'}),
    of_command("record.known.empty", [*AUDIT, "--known", "known"], ["./generator", "110:20"], files={"known": ""}),
]

# In a pid namespace of its own, and into that of another process.
IN_CONTAINER = ("unshare", "--pid", "--fork")
INTO_CONTAINER = ("nsenter", "--target", "{a}", "--pid")

CONTAINERS = [
    of_pids("record.audit.container", [*AUDIT, "--follow", "container", "--pid", "{a}"], {},
            needs=IN_NAMESPACES, before=(adds_target("a", ["999:5"], IN_CONTAINER),),
            steps=(HAS_BEGUN, adds_target("b", ["--processes", "2", "999:30"], INTO_CONTAINER),
                   adds_target("outsider", ["999:1000"]), pauses(TWO_LAGS), ends("outsider", "b", "a")),
            own=calls_in("999:1")),
    of_pids("record.audit.container.silent_entrant", [*AUDIT, "--follow", "container", "--pid", "{a}"], {},
            needs=IN_NAMESPACES, before=(adds_target("a", ["999:5"], IN_CONTAINER),),
            steps=(HAS_BEGUN, starts("entrant", *INTO_CONTAINER, "/bin/sh", "-c", "echo entered; exec sleep 1000"),
                   prints("entered", of="entrant"), pauses(TWO_LAGS), ends("a")),
            own=calls_in("999:1")),
]

STOPS = [
    of_pids(f"record.stopped.{number.name}", [*AUDIT, "--flush-interval", "0.01"], {"a": ["110:45"], "b": ["102:3"]},
            steps=(HAS_BEGUN, ends("a"), sends(number)))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
] + [
    of_pids("record.duration.pid", [*AUDIT, "--duration", "0.3"], {"a": ["110:45"]}, steps=(HAS_BEGUN,)),
    of_pids("record.absent_pid", [*AUDIT, "--duration", "0.2", "--pid", "99999999"], {}),
    of_pids("record.unfiltered_pid", [*AUDIT, "--duration", "0.2", "--require-complete", "--pid", "{golden}"], {}),
    of_pids("record.killed", [*AUDIT, "--flush-interval", "0.2"], {"a": ["110:45"], "b": ["102:3"]},
            steps=(HAS_BEGUN, ends("a"), has_written("trace", "exit_group"), sends(signal.SIGKILL))),
]

LOSSES = [
    of_pids("loss.audit_overrun", [*AUDIT, "--receive-buffer", "4K"], {"a": ["110:3000"]}, more_masks=(lossy(3001),),
            steps=(HAS_BEGUN, ends_unread("a"))),
    of_pids("loss.kmsg_overrun", KMSG, {"a": ["110:3000"]}, more_masks=(lossy(3001),),
            needs=(*LIVE, host.require_small_ring), steps=(HAS_BEGUN, ends_unread("a"))),
    of_pids("loss.daemon_in_between", KMSG, {"a": ["110:30"], "b": ["110:40"], "c": ["110:50"]},
            steps=(HAS_BEGUN, ends("a"), during(daemon, ends("b")), ends("c")), more_masks=(missing(123),)),
    of_pids("loss.daemon_stays", KMSG, {"a": ["110:40"]}, steps=(HAS_BEGUN, during(daemon, ends("a"), waits()))),
]

FORGED = ('<13>audit: type=1326 audit(1795502714.545:136): auid=0 uid=0 gid=0 ses=4294967295 pid={a} comm="generator" '
          'exe="/generator" sig=0 arch=c000003e syscall=102 compat=0 ip=0x7fa378e94ad7 code=0x7ffc0000\n')

BAD_DAYS = [
    of_pids("bad_day.daemon_in_between", AUDIT, {"a": ["110:300"], "b": ["110:400"], "c": ["110:500"]},
            steps=(HAS_BEGUN, ends("a"), during(daemon, ends("b")), ends("c"))),
    of_pids("bad_day.audit_enabled", AUDIT, {"a": ["110:600"], "b": ["110:700"]},
            steps=(HAS_BEGUN, during(lambda _: host.audit_enabled(), ends("a")), ends("b"))),
    of_pids("bad_day.log_switched_off", AUDIT, {"a": ["999:10"]}, steps=(HAS_BEGUN, during(no_logging, ends("a")))),
    of_command("bad_day.nothing_logged", KMSG, ["./generator", "110:5"], around=(no_logging,)),
    of_command("bad_day.excluded", AUDIT, ["./generator", "110:145"],
               around=(lambda folder: host.excluded_program(os.path.join(folder, "generator")),)),
    of_command("bad_day.own_filter", AUDIT, ["./generator", "--errno-filter", "102", "102:500", "110:20"]),
    of_pids("bad_day.two_filters", AUDIT, {"a": ["--errno-filter", "102", "102:500", "110:20"]}),
    of_pids("bad_day.flood", AUDIT, {"a": ["--processes", "3", "110:500", "39:7"]}, beside={"flood": ["110:40000"]},
            steps=(HAS_BEGUN, releases("flood"), ends("a"))),
    of_pids("bad_day.other_recorders", AUDIT, {"a": ["110:600"]}, beside={"b": ["110:700"]},
            steps=(HAS_BEGUN, starts_tool("other", "record", *AUDIT, "-o", "trace.other", "--report", "report.other",
                                          "--pid", "{b}"),
                   says("recording process", of="other"), releases("a", "b"), ends("a", "b"), waits("other"))),
    of_pids("bad_day.forged", KMSG, {"a": ["110:5"]}, steps=(HAS_BEGUN, writes_to_kernel_log(FORGED), ends("a"))),
    of_pids("bad_day.unwatched", AUDIT, {"a": ["110:5"]},
            around=(lambda _: host.setting("/proc/sys/fs/inotify/max_user_instances", "0"),)),
    of_command("bad_day.no_network", ["--lift-ratelimit"], ["./generator", "110:5"], wrapper=("unshare", "--net"),
               needs=IN_NAMESPACES),
    of_shell("bad_day.no_fork_events", KMSG, NEW_SESSION + "./generator 999:5 >/dev/null; true",
             wrapper=("unshare", "--net"), needs=IN_NAMESPACES),
    of_command("bad_day.pid_namespace.command", KMSG, ["./generator", "110:33"],
               wrapper=("unshare", "--pid", "--fork", "--mount-proc"), needs=IN_NAMESPACES),
    of_pids("bad_day.pid_namespace.pid", [*AUDIT, "--pid", "1"], {},
            wrapper=("unshare", "--pid", "--fork", "--mount-proc"), needs=IN_NAMESPACES, steps=(waits(),)),
    Scenario("bad_day.full_disk", ["record", *AUDIT, "--flush-interval", "0", "-o", "disk/trace", "--", "/bin/sh", "-c",
                                   "cat /dev/zero >disk/fill 2>/dev/null; echo filled"],
             wrapper=SMALL_DISK, needs=IN_NAMESPACES, files={"disk/before": ""}, more_masks=(masks.no_counts,)),
    Scenario("bad_day.full_disk_for_a_while",
             ["record", *AUDIT, "--flush-interval", "0.005", "-o", "disk/trace", "--", "/bin/sh", "-c",
              "cat /dev/zero >disk/fill 2>/dev/null; sleep 0.1; rm disk/fill"],
             wrapper=SMALL_DISK, needs=IN_NAMESPACES, files={"disk/before": ""}, own=()),
]

ALL = SOURCES + FOLLOWING + DESCENDANTS + OPTIONS + CONTAINERS + STOPS + LOSSES + BAD_DAYS

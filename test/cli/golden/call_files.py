"""Commands that read files of calls: `profile`, `merge`, `diff` and `enforce`; and wrong command lines."""

import re
import signal

import host
from saved_logs import CASES, CASES_OF_CALLS
from stage import Scenario
from steps import prints, sends

LIVE = (host.require_recording,)


def trace(*calls):
    """Lines of a trace: number, name, count, and the architecture of a foreign one."""
    def line(number, name, count, arch=None):
        shown = "null" if name is None else f'"{name}"'
        foreign = f',"arch":"{arch}"' if arch else ""
        return f'{{"syscall":{number},"name":{shown},"count":{count}{foreign}}}\n'
    return "".join(line(*call) for call in calls)


MONDAY = trace((0, "read", 42), (1, "write", 7), (3, "close", 5), (59, "execve", 1), (231, "exit_group", 1))
TUESDAY = trace((0, "read", 2), (56, "clone", 3), (59, "execve", 1), (257, "openat", 9))
FOREIGN = trace((0, "read", 42), (59, "execve", 1), (1, "exit", 1, "i386"), (5, "open", 3, "i386"),
                (1073741934, "getppid", 2, "x32"))
NAMELESS = trace((0, "read", 42), (59, "execve", 1), (9999, None, 3), (-1, None, 1))
EVENTS = ('{"time":"1","pid":7,"arch":"x86_64","syscall":39,"name":"getpid","action":"log"}\n'
          '{"time":"2","pid":7,"arch":"x86_64","syscall":83,"name":"mkdir","action":"errno"}\n')
BASE = ('{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,"architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86"],'
        '"syscalls":[{"names":["read","futex"],"action":"SCMP_ACT_ALLOW"},'
        '{"names":["personality"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":8,"op":"SCMP_CMP_EQ"}]},'
        '{"names":["mount"],"action":"SCMP_ACT_LOG"}]}')
WRONG = '{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["no_such_call"],"action":"SCMP_ACT_ALLOW"}]}'
FILES = {"monday": MONDAY, "tuesday": TUESDAY, "foreign": FOREIGN, "nameless": NAMELESS, "events": EVENTS,
         "base.json": BASE, "list": "read\nfutex # as the C library does\n", "wrong.json": WRONG,
         "wrong_list": "read\nno_such_call\n", "permissive.json": '{"defaultAction":"SCMP_ACT_ALLOW"}', "empty": "",
         "damaged": MONDAY + '{"syscall":3,"name":"close","count":0}\n', "half": MONDAY[:-10],
         "contrary": trace((0, "write", 1)), "much": trace((0, "read", 2**64 - 1)),
         "other": trace((63, "read", 1), (64, "write", 2), (221, "execve", 1))}


def native(command, *words):
    return [command, "--native", "x86_64", *words]


def of_files(name, *command_lines, **more):
    return Scenario(name, transcript=list(command_lines), files=FILES, **more)


PROFILES = [
    of_files(f"profile.{name}",
             native("profile", "--format", name, "monday"), native("profile", "--format", name, "monday", "tuesday"),
             native("profile", "--format", name, "foreign"), native("profile", "--format", name, "nameless"),
             native("profile", "-q", "--format", name, "--allow-unknown", "nameless"),
             native("profile", "--format", name, "--base", "base.json", "monday"),
             native("profile", "--format", name, "--base", "list", "--log-refusals", "monday"),
             native("profile", "--format", name, "events"),
             native("profile", "--format", name, "--include-denied", "events"),
             native("profile", "--format", name, "empty"),
             native("profile", "--format", name, "--allow-empty", "empty"),
             native("profile", "--format", name, "--suggest-variants", "tuesday"),
             native("profile", "--format", name, "--log-all"),
             *(native("profile", "-q", "--format", name, "--default-action", action, "monday")
               for action in ("errno", "kill-process", "kill-thread", "log", "trap")))
    for name in ("oci", "nucleus", "systemd", "minijail")
] + [
    of_files("profile.bases", native("profile", "--list-bases"), native("profile", "--show-base", "runc"),
             native("profile", "--show-base", "@crun"), native("profile", "--base", "@runc", "monday"),
             native("profile", "--show-base", "nothing")),
    of_files("profile.damaged", *(native("profile", name) for name in (
        "damaged", "half", "contrary", "other", "wrong.json", "wrong_list", "permissive.json", "absent", "."))),
    of_files("profile.files", native("profile", "-o", "profile.json", "monday"),
             native("profile", "--format", "minijail", "--frequency", "frequency", "-o", "policy", "monday"),
             native("profile", "--log-all", "-o", "log-all.json"), native("profile", "profile.json"),
             ["profile", "--native", "aarch64", "other"]),
    of_files("profile.usage", ["profile"], ["profile", "--format", "xml", "monday"],
             ["profile", "--default-action", "no", "monday"], ["profile", "--native", "z80", "monday"],
             ["profile", "--log-all", "monday"], ["profile", "-", "-"]),
]

DIFFERENCES = [
    of_files("merge", native("merge", "monday", "tuesday"), native("merge", "monday", "monday"),
             native("merge", "monday", "foreign", "nameless"), native("merge", "events", "list", "base.json"),
             native("merge", "-o", "monday", "monday", "tuesday"), native("merge", "monday", "damaged"),
             native("merge", "monday", "absent"), native("merge", "empty"), ["merge", "--native", "i386", "foreign"],
             ["merge"], ["merge", "-", "-"]),
    of_files("merge.too_much", native("merge", "much", "monday")),
    of_files("diff", native("diff", "monday", "monday"), native("diff", "monday", "tuesday"),
             native("diff", "foreign", "nameless"), native("diff", "monday", "base.json"),
             native("diff", "base.json", "base.json"), native("diff", "events", "list"),
             native("diff", "-q", "monday", "base.json"),
             native("diff", "monday", "damaged"), native("diff", "base.json", "wrong.json"),
             native("diff", "base.json", "permissive.json"), native("diff", "monday", "absent"),
             native("diff", "empty", "monday"),
             ["diff", "monday"], ["diff", "monday", "tuesday", "empty"], ["diff", "-", "-"]),
]


def deny_list(action, **more):
    members = "".join(f',"{name}":{value}' for name, value in more.items())
    return ('{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getppid"],"action":"SCMP_ACT_%s"%s}]}'
            % (action, members))


# A call whose error the shell tells, which the C library makes in one way only.
MAKES_FOLDER = ["/bin/sh", "-c", "mkdir made 2>/dev/null; echo $?; ls -d made 2>/dev/null"]


def enforced(name, profile, command, options=(), **more):
    files = {"profile.json": profile, **more.pop("files", {})}
    return Scenario(f"enforce.{name}", ["enforce", "--profile", "profile.json", *options, "--", *command], files=files,
                    needs=LIVE, **more)


def case(name, command, options=()):
    lenient = ".lenient" if options else ""
    return enforced(f"case.{name}{lenient}", (CASES / f"{name}.json").read_bytes(), command, options)


RUN = ["./generator", "110:3", "102:1"]

ENFORCED = [
    enforced("errno", deny_list("ERRNO"), RUN), enforced("errno.value", deny_list("ERRNO", errnoRet=13), RUN),
    enforced("kill_process", deny_list("KILL_PROCESS"), RUN), enforced("kill_thread", deny_list("KILL_THREAD"), RUN),
    enforced("trap", deny_list("TRAP"), RUN), enforced("log", deny_list("LOG"), RUN),
    enforced("allow", deny_list("ALLOW"), RUN), enforced("trace", deny_list("TRACE"), RUN),
    enforced("notify", deny_list("NOTIFY"), RUN),
    enforced("unknown_action", deny_list("EXPLODE"), RUN),
    enforced("unknown_member", deny_list("ERRNO").replace('{"def', '{"extra":1,"def'), RUN),
    enforced("unknown_member.lenient", deny_list("ERRNO").replace('{"def', '{"extra":1,"def'), RUN, ["--lenient"]),
    enforced("unknown_name", deny_list("ERRNO").replace("getppid", "no_such_call"), RUN),
    enforced("unknown_name.lenient", deny_list("ERRNO").replace("getppid", "no_such_call"), RUN, ["--lenient"]),
    enforced("no_json", "defaultAction: SCMP_ACT_ALLOW\n", RUN), enforced("empty", "", RUN),
    enforced("no_execve", '{"defaultAction":"SCMP_ACT_ERRNO",'
             '"syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}]}', RUN),
    enforced("other_architecture", '{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_AARCH64"]}', RUN),
    enforced("conditions", deny_list("KILL_PROCESS", args='[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]'), RUN),
    enforced("not_found", deny_list("ERRNO"), ["no-such-command"]),
    enforced("not_executable", deny_list("ERRNO"), ["./profile.json"]),
    enforced("user", deny_list("ERRNO"),
             ["/bin/sh", "-c", "id -u; grep -E '^(NoNewPrivs|Seccomp)' /proc/self/status"], ["--user", "nobody"]),
    enforced("sigterm", deny_list("ERRNO"),
             ["/bin/sh", "-c", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done"],
             steps=(prints("ready\n"), sends(signal.SIGTERM))),
    Scenario("enforce.usage", transcript=[
        ["enforce"], ["enforce", "--", "true"], ["enforce", "--profile", "absent", "--", "true"],
        ["enforce", "--profile", "profile.json"], ["enforce", "--profile", "profile.json", "--"],
        ["enforce", "--profile", "profile.json", "true"], ["enforce", "--no", "--", "true"]],
             files={"profile.json": deny_list("ERRNO")}),
    case("110-same-name-two-actions", MAKES_FOLDER), case("72d-errno-podman", MAKES_FOLDER),
    case("84f-extra", MAKES_FOLDER), case("84f-extra", MAKES_FOLDER, ["--lenient"]),
]

CALL_CASES = [
    Scenario(f"case.{name.rpartition('.')[0]}", files={name: (CASES / name).read_bytes(), "monday": MONDAY},
             transcript=[native("profile", name), native("profile", "--base", name, "monday"),
                         native("diff", "monday", name), native("merge", name)])
    for name in CASES_OF_CALLS
]

def without_version(text):
    return re.sub(r"(?<=asio-sctrace )\d+\.\d+\.\d+", "<version>", text)


USAGE = [
    Scenario("usage", transcript=[[], ["no-such-command"], ["--no-such-option"], ["--version"],
                                  ["record", "--version"]], more_masks=(without_version,)),
    Scenario("help", transcript=[["--help"], *([command, "--help"] for command in (
        "record", "replay", "watch", "profile", "merge", "diff", "enforce", "doctor"))]),
    Scenario("record.usage", transcript=[["record", *words] for words in (
        [], ["--"], ["true"], ["--", ""], ["--pid", "1", "--", "true"], ["--pid", "x"], ["--pid", "0"],
        ["--source", "tape", "--", "true"], ["--follow", "me", "--", "true"], ["--follow", "session", "--pid", "1"],
        ["--follow", "container", "--", "true"], ["--wait-descendants", "--pid", "1"], ["--known", "f", "--pid", "1"],
        ["--merged", "f", "--", "true"], ["--user", "nobody", "--pid", "1"], ["--duration", "-1", "--", "true"],
        ["--duration", "soon", "--", "true"], ["--flush-interval", "x", "--", "true"],
        ["-o", "-", "--report", "-", "--", "true"], ["-o", "same", "--report", "same", "--", "true"],
        ["--receive-buffer", "x", "--", "true"], ["--no-such", "--", "true"], ["--output"],
        ["--kmsg", "/dev/kmsg", "--source", "audit", "--", "true"])]),
    Scenario("watch.usage", transcript=[["watch", *words] for words in (
        ["word"], ["--format", "xml"], ["--pid", "x"], ["--session", "x"], ["--source", "tape"], ["--duration", "x"])]),
    Scenario("doctor.usage", transcript=[["doctor", "word"], ["doctor", "--no-such-option"]]),
]

ALL = PROFILES + DIFFERENCES + ENFORCED + CALL_CASES + USAGE

"""What `replay` makes of saved logs: the real lines, the demo's capture, and inputs that people have."""

import gzip
import json

from kernel_log import calls, entry, fields, record
from stage import DATA, Scenario

FILES = ["-o", "trace", "--report", "report"]
CASES = DATA / "cases"
# Those of the cases which are no logs.
CASES_OF_CALLS = ("110-same-name-two-actions.json", "64-arches-condition.json", "68-spo.json", "72d-errno-podman.json",
                  "84f-extra.json", "84h-group-comments.json", "86c-own-minijail.policy", "88d-sa.txt")


def vectors(kinds=None):
    """The real lines as one log."""
    def log(data):
        lines = []
        for text in (data / "vectors" / "records.jsonl").read_text(encoding="utf-8").splitlines():
            vector = json.loads(text)
            if kinds is None or vector["kind"] in kinds:
                lines.append(("type=1326 " if vector["kind"] == "netlink" else "") + vector["line"] + "\n")
        return "".join(lines)
    return log


def demo(data):
    return (data / "demo.kmsg").read_bytes()


def zipped(data):
    return gzip.compress(demo(data), mtime=0)


def replay(name, options, files, logs=None, **more):
    """Of all files, unless the logs are named; native is this architecture on each machine."""
    words = ["replay", "--native", "x86_64", *options, *(logs or files)]
    return Scenario(f"replay.{name}", words, files=files, **more)


def counted(name, options, files, **more):
    return replay(name, [*FILES, *options], files, **more)


REAL = {"vectors.log": vectors()}
DEMO = {"demo.kmsg": demo}

VECTORS = [
    counted("vectors", [], REAL),
    replay("vectors.events", ["--events"], REAL),
    replay("vectors.quiet", ["-q", "-o", "-"], REAL),
] + [
    counted(f"vectors.format.{name}", ["--format", name], REAL)
    for name in ("kmsg", "dmesg", "syslog", "journal", "audit")
] + [
    counted(f"vectors.kind.{kind}", [], {"vectors.log": vectors((kind,))})
    for kind in ("kmsg", "dmesg", "syslog", "journal", "auditlog", "netlink", "truncated", "loss", "other", "test")
] + [
    replay("vectors.pid", ["--events", "--pid", "4998", "--pid", "1"], REAL),
    replay("vectors.session", ["--events", "--session", "3"], REAL),
    replay("vectors.comm", ["--events", "--comm", "kill me", "--comm", "http-echo"], REAL),
    replay("vectors.exe", ["--events", "--exe", "/opt/t/gen"], REAL),
    replay("vectors.arch", ["--events", "--arch", "i386", "--arch", "arm"], REAL),
    replay("vectors.since", ["--events", "--since", "2021-01-01", "--until", "@1633707595.960"], REAL),
    Scenario("replay.vectors.native", ["replay", *FILES, "--native", "arm", "vectors.log"],
             files={"vectors.log": vectors(("dmesg",))}),
]


DEMOS = [
    counted("demo", [], DEMO),
    counted("demo.pid", ["--pid", "4270"], DEMO),
    counted("demo.comm", ["--comm", "ls"], DEMO),
    replay("demo.events", ["--events", "--pid", "4270"], DEMO),
    counted("demo.format.kmsg", ["--format", "kmsg"], DEMO),
    counted("demo.format.audit", ["--format", "audit"], DEMO),
    counted("demo.gzip", [], {"demo.kmsg.gz": zipped}),
    counted("demo.gzip.cut", [], {"demo.kmsg.gz": lambda data: zipped(data)[:2000]}),
    counted("demo.twice", [], {"demo.kmsg": demo, "again.kmsg": demo}),
    counted("demo.nul_separated", [], {"demo.kmsg": lambda data: demo(data).replace(b"\n", b"\0")}),
    counted("demo.carriage_returns", [], {"demo.kmsg": lambda data: demo(data).replace(b"\n", b"\r\n")}),
    counted("demo.cut_line", [], {"demo.kmsg": lambda data: demo(data)[:20000]}),
    counted("demo.lines_missing", [], {"demo.kmsg": lambda data: b"".join(demo(data).splitlines(True)[::3])}),
    counted("demo.absent_file", [], DEMO, logs=["demo.kmsg", "absent.log"]),
    counted("demo.folder", [], {"demo.kmsg": demo, "folder/file": ""}, logs=["folder", "demo.kmsg"]),
    Scenario("replay.demo.stdin", ["replay", *FILES, "--native", "x86_64", "-"], stdin=demo(DATA)),
]

# The same record by kernel, journald and auditd.
COPIES = "".join(start + fields(110) + "\n" for start in (
    "Nov 24 05:19:16 web-1 kernel: [ 1518.015136] audit: type=1326 audit(1795497556.007:200135): ",
    "Nov 24 05:19:16 web-1 audit[99999999]: SECCOMP ", "type=SECCOMP msg=audit(1795497556.007:200135): ",
    "Nov 24 05:19:17 web-1 kernel: [ 1519.015136] audit: type=1326 audit(1795497557.007:200136): "))

KERNEL_LOG = (calls(110, 110) + entry(3, "kauditd_printk_skb: 69 callbacks suppressed") + calls(102, first=7) +
              entry(8, "audit: audit_lost=6 audit_rate_limit=0 audit_backlog_limit=64") +
              record(9, 39, code="0x50000") + record(10, 20, arch="40000003"))

OTHERS = [
    counted("copies", [], {"syslog": COPIES}),
    replay("copies.events", ["--events"], {"syslog": COPIES}),
    counted("losses", [], {"kmsg": KERNEL_LOG}),
    replay("losses.events", ["--events"], {"kmsg": KERNEL_LOG}),
    counted("empty", [], {"empty": ""}),
    counted("utf16", [], {"log": lambda data: demo(data).decode().encode("utf-16")}),
    counted("xz", [], {"log.xz": b"\xfd7zXZ\0" + bytes(40)}),
    counted("journal_file", [], {"system.journal": b"LPKSHHRH" + bytes(400)}),
    Scenario("replay.usage", transcript=[
        ["replay"], ["replay", "-", "-"], ["replay", "--format", "csv", "-"], ["replay", "--pid", "x", "-"],
        ["replay", "--since", "then", "-"], ["replay", "--since", "2021-01-02", "--until", "2021-01-01", "-"],
        ["replay", "--arch", "z80", "-"], ["replay", "log", "log"], ["replay", "-o", "log", "log"],
        ["replay", "--no", "-"], ["replay", "-o", "-", "--report", "-", "log"]], files={"log": ""}),
]


def case(path):
    """A file that people have, counted and as events."""
    name = path.name
    words = ["--native", "x86_64", name]
    return Scenario(f"case.{path.stem}", files={name: path.read_bytes()}, transcript=[
        ["replay", "-o", "-", "--report", "report", *words], ["replay", "--events", *words]])


LOG_CASES = [case(path) for path in sorted(CASES.iterdir()) if path.name not in ("README.md", *CASES_OF_CALLS)]

ALL = VECTORS + DEMOS + OTHERS + LOG_CASES

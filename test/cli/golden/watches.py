"""What `watch` prints, and what `doctor` says of the host."""

import os
import re
import signal

import host
import masks
from kernel_log import calls, entry, record
from recordings import AUDIT, IN_NAMESPACES, KMSG, LIVE, no_logging
from stage import Scenario
from steps import ends, feeds, has_printed, prints, says, sends, waits

IS_WATCHING = says("watching\n")
ENDS_AT_INTERRUPT = (sends(signal.SIGINT), waits())


def kernel(name, options, targets, steps=None, **more):
    """Of targets, until the last one has ended and an interrupt comes."""
    pids = [word for target in targets for word in ("--pid", "{%s}" % target)]
    return Scenario(f"watch.{name}", ["watch", *options, *pids], needs=LIVE, targets=targets,
                    steps=steps or (IS_WATCHING, *(ends(target) for target in targets),
                                    has_printed("exit_group", len(targets)), *ENDS_AT_INTERRUPT),
                    more_masks=(masks.event, masks.event_line), **more)


def fed(name, text, options=(), **more):
    return Scenario(f"watch.fifo.{name}", ["watch", "--kmsg", "kmsg", *options], needs=LIVE, fifos=("kmsg",),
                    steps=(feeds(text),), **more)


def unfolded(text):
    """Sums what `--unique` tells of one event in several lines: how many they are depends on the time."""
    sums = {}
    for line in text.splitlines(keepends=True):
        found = (re.fullmatch(r'(\{"time".*?)(?:,"count":(\d+))?\}\n', line) or
                 re.fullmatch(r"(<time> .*?)(?: x(\d+))?\n", line))
        if not found:
            return text
        event = found[1] + ("}" if found[1].startswith("{") else "")
        sums[event] = sums.get(event, 0) + int(found[2] or 1)
    return "".join(f"{count} of {event}\n" for event, count in sums.items())


WATCHES = [
    kernel("audit", AUDIT, {"a": ["--comm", "first", "110:3", "999:1", "0x4000006e:1"]}),
    kernel("kmsg", KMSG, {"a": ["--comm", "first", "110:3", "999:1", "0x4000006e:1"]}),
    kernel("auto", [], {"a": ["110:1"]}),
    kernel("text", [*AUDIT, "--format", "text"], {"a": ["--comm", "a name", "110:2", "999:1", "0x4000006e:1"]}),
    kernel("several", AUDIT, {"a": ["--comm", "first", "110:2"], "b": ["--comm", "second", "102:2"]}),
    kernel("denied", [*AUDIT, "--denied"], {"a": ["110:2"]}, steps=(IS_WATCHING, ends("a"), *ENDS_AT_INTERRUPT)),
    Scenario("watch.unique", ["watch", *AUDIT, "--unique", "--pid", "{a}"], needs=LIVE,
             targets={"a": ["--comm", "first", "110:500", "102:300"]},
             steps=(IS_WATCHING, ends("a"), prints("exit_group"), *ENDS_AT_INTERRUPT),
             more_masks=(masks.event, unfolded)),
    Scenario("watch.unique.text", ["watch", *AUDIT, "--unique", "--format", "text", "--pid", "{a}"], needs=LIVE,
             targets={"a": ["--comm", "first", "110:500", "102:300"]},
             steps=(IS_WATCHING, ends("a"), prints("exit_group"), *ENDS_AT_INTERRUPT),
             more_masks=(masks.event_line, unfolded)),
    Scenario("watch.refusals_where_nothing_is_logged", ["watch", *AUDIT, "--pid", "{a}"], needs=LIVE,
             targets={"a": ["110:2"]}, around=(no_logging,), steps=(IS_WATCHING, ends("a"), *ENDS_AT_INTERRUPT)),
    Scenario("watch.duration", ["watch", *AUDIT, "--duration", "0.2", "--pid", "99999999"], needs=LIVE),
    Scenario("watch.quiet", ["watch", "--quiet", *AUDIT, "--duration", "0.2", "--pid", "99999999"], needs=LIVE),
    Scenario("watch.no_network", ["watch", *AUDIT, "--duration", "0.2"], needs=IN_NAMESPACES,
             wrapper=("unshare", "--net")),
    Scenario("watch.no_source", ["watch", "--kmsg", "absent"], needs=LIVE),
    fed("all", calls(110, 102) + record(3, 20, arch="40000003") + record(4, 5, comm="6120620A", exe="(null)")),
    fed("text", calls(110, 102) + record(3, 20, arch="40000003") + record(4, 5, comm="6120620A", exe="(null)"),
        ["--format", "text"]),
    fed("denied", calls(110) + record(2, 102, code="0x50000") + record(3, 39, code="0x80000000", sig=31) +
        record(4, 39, code="0x0", sig=31) + record(5, 39, code="0x7fff0000"), ["--denied"]),
    fed("session", record(1, 110, ses=5) + record(2, 102, ses=6), ["--session", "5"]),
    fed("pid", record(1, 110, pid=5) + record(2, 102, pid=99999998), ["--pid", "99999998"]),
    fed("losses", calls(110) + calls(102, first=13) + entry(14, "kauditd_printk_skb: 7 callbacks suppressed") +
        entry(15, "audit: audit_lost=6 audit_rate_limit=0 audit_backlog_limit=64") + calls(39, first=16)),
    fed("unreadable", calls(110) + "not an entry\n" + entry(2, "audit: type=1326 audit(1.000:5): pid=1 syscall=many")),
]


# What a host is like, which says nothing about the tool.
HOST_WORDS = [
    (re.escape(os.uname().release), "<release>"),
    (r"\b\d+ KiB, about \d+ records", "<size>"),
    (r"\b\d+\.\d+\.\d+, names calls up to number \d+", "<version>"),
    (r"\bLinux up to \d+\.\d+", "Linux up to <version>"),
    (r"\b\d+ since boot", "<some> since boot"),
    (r"\b\d+ ms\b", "<some> ms"),
    (r'(?<="milliseconds":)\d+', "<some>"),
    (r"\b\d+ records(?= - a command that makes|\",\"meaning\":\"a command that makes)", "<some> records"),
]


def host_words(text):
    for pattern, mask in HOST_WORDS:
        text = re.sub(pattern, mask, text)
    return text


def rows(text):
    """A row of the table in one line: where it breaks depends on the words of the host."""
    return re.sub(r"\n {30,}", " ", text)


def without_kernel_config(text):
    """Whether a distribution keeps the kernel's configuration in /boot."""
    text = re.sub(r"(?m)^kernel_config .*\n", "kernel_config <of the host>\n", text)
    return re.sub(r'\{"name":"kernel_config"[^{}]*\}', '{"name":"kernel_config",<of the host>}', text)


def usual_log(_):
    return host.settings({"/proc/sys/kernel/dmesg_restrict": "1", "/proc/sys/kernel/printk_devkmsg": "ratelimit",
                          host.RATELIMIT: "5", host.BURST: "10"})


def doctor(name, options, around=(), needs=(), **more):
    return Scenario(f"doctor.{name}", ["doctor", *options], needs=(*LIVE, host.require_no_login, *needs),
                    around=(usual_log, *around), is_about_host=True,
                    more_masks=(rows, host_words, without_kernel_config), **more)


DOCTOR = [
    doctor("usual", []),
    doctor("json", ["--json"]),
    doctor("quiet", ["--quiet"]),
    doctor("no_rate_limit", [], around=(lambda _: host.setting(host.RATELIMIT, "0"),)),
    doctor("nothing_logged", [], around=(no_logging,)),
    doctor("no_network", [], wrapper=("unshare", "--net"), needs=(host.require_namespaces,)),
    doctor("pid_namespace", [], wrapper=("unshare", "--pid", "--fork", "--mount-proc"),
           needs=(host.require_namespaces,)),
]

ALL = WATCHES + DOCTOR

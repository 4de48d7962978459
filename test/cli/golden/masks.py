"""Takes out of a result what differs from run to run, and nothing more."""

import re

# Process ids end at 2^22 (PID_MAX_LIMIT): what is greater is a scenario's own, of a process that cannot exist.
PID_LIMIT = 1 << 22
NO_SESSION = "4294967295"

TRACE_LINE = re.compile(r'\{"syscall":(-?\d+),"name":(null|"[^"]*"),"count":(\d+)(?:,"arch":"([^"]*)")?\}\n')
TABLE_ROW = re.compile(r"^ *(\d+) +(\d+\.\d\d) (\S.*)\n", re.MULTILINE)
SPEC = re.compile(r"^(i386:)?(-?\d+|0x[0-9a-f]+):\d+$")

# What else a program calls as it begins and ends is the C library's matter.
FIRST_AND_LAST_CALLS = ("execve", "exit_group")


def masked_pid(match):
    return match[0] if int(match[2]) > PID_LIMIT else match[1] + "<pid>"


def pids(text):
    """Process ids, at the places where one is meant."""
    text = re.sub(r"(\bprocess )(\d+)\b", masked_pid, text)
    text = re.sub(r"(\(pid )(\d+)\b", masked_pid, text)
    text = re.sub(r'("pid":)(\d+)\b', masked_pid, text)
    for start in ('"pids":[', "recording processes "):
        text = re.sub(r"(?<=" + re.escape(start) + r")\d+(?:, ?\d+)*",
                      lambda match: re.sub(r"()(\d+)", masked_pid, match[0]), text)
    return text


def generator_pids(text):
    """The line by which a generator announces itself and its children."""
    return re.sub(r"^\d+(?: \d+)*\n", lambda match: re.sub(r"\d+", "<pid>", match[0]), text, count=1)


def times(text):
    return re.sub(r'(?<=ed":")\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z(?=")', "<time>", text)


def sessions(text):
    return re.sub(r'("session":|\bsession )\d+\b', r"\1<session>", text)


def serials(text):
    """Of a report, and of a verdict line."""
    text = re.sub(r'("(?:first|last)_serial":)\d+', r"\1<serial>", text)
    return re.sub(r"\(serials \d+–\d+\)", "(serials <serial>–<serial>)", text)


def event(text):
    """What a record of the kernel's holds that is not the scenario's doing."""
    text = re.sub(r'(?<="time":")\d+\.\d{3}(?=")', "<time>", text)
    text = re.sub(r'("serial":)\d+', r"\1<serial>", text)
    text = re.sub(r'("auid":)\d+', r"\1<auid>", text)
    text = re.sub(r'("ses":)\d+', lambda match: match[0] if match[0].endswith(NO_SESSION) else match[1] + "<session>",
                  text)
    text = re.sub(r'(?<="ip":")0x[1-9a-f][0-9a-f]*(?=")', "<ip>", text)
    # Only kernels with a security module have it.
    return re.sub(r'"subj":"[^"]*",', "", text)


def event_line(text):
    """The text form: time and process id, each in a column."""
    return re.sub(r"^\d\d:\d\d:\d\d\.\d{3} +\d+ ", "<time> <pid> ", text, flags=re.MULTILINE)


def own_calls(words, more=()):
    """The calls of a generator with these words that are the scenario's doing: names, or numbers and architectures."""
    own = {*FIRST_AND_LAST_CALLS, *more}
    for match in filter(None, map(SPEC.match, words)):
        own.add((int(match[2], 0), "i386" if match[1] else ""))
    return own


def no_counts(text):
    """Of a command whose trace is lost: nothing is left to compare its table with."""
    text = re.sub(r"\b\d+ calls of \d+ syscalls\b", "<calls> calls of <syscalls> syscalls", text)
    return TABLE_ROW.sub("", text)


class Counts:
    """The counts of one trace, which report, table and verdict repeat."""

    def __init__(self, trace):
        self._lines = [match.groups(default="") for match in TRACE_LINE.finditer(trace)]
        self.total = sum(int(count) for _, _, count, _ in self._lines)

    def __len__(self):
        return len(self._lines)

    def rows(self):
        """As the table has them."""
        return sorted((count, self._share(count), self._shown(number, name, arch))
                      for number, name, count, arch in self._lines)

    def names_of_others(self, own):
        """How the table calls those that are not of the scenario's doing."""
        return {self._shown(number, name, arch) for number, name, _, arch in self._lines
                if not is_own((number, name, arch), own)}

    def _share(self, count):
        return f"{100 * int(count) / self.total:.2f}"

    @staticmethod
    def _shown(number, name, arch):
        shown = "syscall " + number if name == "null" else name.strip('"')
        return f"{shown} ({arch})" if arch else shown


def is_own(call, own):
    number, name, arch = int(call[0]), call[1].strip('"'), call[2]
    plain = "i386" if arch == "i386" else ""
    return (name in own and not arch) or (number, plain) in own


class ProgramStart:
    """Takes the calls out that are the C library's matter, and each number that they are a part of.

    A number that is not the one which the trace gives stays, so that the difference shows."""

    def __init__(self, trace, own):
        self._counts = Counts(trace)
        self._own = own
        self._others = self._counts.names_of_others(own)

    def trace(self, text):
        def own_line(match):
            return match[0] if is_own((match[1], match[2], match[4] or ""), self._own) else ""

        kept = TRACE_LINE.sub(own_line, text)
        return kept if kept == text else kept + "<the calls of the program's start>\n"

    def report(self, text):
        if not self._others:
            return text
        return text.replace(f'"records":{self._counts.total},"syscalls":{len(self._counts)},',
                            '"records":<calls>,"syscalls":<syscalls>,')

    def messages(self, text):
        """The verdict, and the table if it repeats the trace."""
        if not self._others:
            return text
        text = re.sub(rf"\b{self._counts.total} calls of {len(self._counts)} syscalls\b",
                      "<calls> calls of <syscalls> syscalls", text)
        rows = [match.groups() for match in TABLE_ROW.finditer(text)]
        total = (str(self._counts.total), "100.00", "total")
        if sorted(row for row in rows if row != total) != self._counts.rows() or total not in rows:
            return text
        return TABLE_ROW.sub(self._row, text)

    def _row(self, match):
        if match[3] in self._others:
            return ""
        count = "<calls>" if match[3] == "total" else match[1]
        share = match[2] if match[3] == "total" else "<share>"
        return f"{count:>10} {share:>7} {match[3]}\n"

"""Plays a scenario and collects what came of it."""

import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
import tempfile
from collections.abc import Callable

import host
import masks
import programs

DATA = pathlib.Path(__file__).resolve().parents[2] / "data"

# Words of a verdict or a notice by which a recording tells that somebody else was at the kernel's log or settings
# meanwhile. Where the scenario itself does such a thing, its golden data hold them too.
DISTURBANCES = re.compile(
    r'actions_logged was written|the ring buffer overwrote|rate limit suppressed|"kmsg_overwritten":[1-9]'
    r'|"printk_suppressed":[1-9]|"audit_lost":[1-9]|"fork_event_overruns":[1-9]|audit daemon|exclude rule'
    r"|does not hold `log`|`log` is missing|may be descendants|fork events were lost|not within|not bracketed"
    r"|no record of our own|none came back|records was reset")


@dataclasses.dataclass(frozen=True)
class Scenario:
    """One line of the table: a command line of the tool and what is around it."""

    name: str
    # {a} stands for the process id of target a, {golden} for that of this program, {folder} for the folder.
    words: list = dataclasses.field(default_factory=list)
    # Several command lines, one after the other, instead of one: what they print goes into one transcript.
    transcript: list = dataclasses.field(default_factory=list)
    # Put into the folder before; a function is given what test/data is.
    files: dict = dataclasses.field(default_factory=dict)
    executables: tuple = ()
    links: dict = dataclasses.field(default_factory=dict)
    fifos: tuple = ()
    # Whose the folder and what is in it are.
    owner: int | None = None
    stdin: bytes = b""
    # The words of generators that run already.
    targets: dict = dataclasses.field(default_factory=dict)
    # Each is given the stage, one after the other: before the tool begins, and while it runs.
    before: tuple = ()
    steps: tuple = ()
    # What must be true before: raises host.Skip.
    needs: tuple = ()
    # Context managers around all of it, made for the folder's path.
    around: tuple = ()
    # Words in front of the tool's.
    wrapper: tuple = ()
    prepare: Callable | None = None
    # For a user who may not be able to reach the tool where it is.
    copies_tool: bool = False
    # Calls of the command that are the scenario's doing, beside those in its words; None: there is no command.
    own: tuple | None = None
    # Applied to each text of the result, after the usual masks.
    more_masks: tuple = ()
    # The answer is about the machine, which another test may change for a moment.
    is_about_host: bool = False

    @property
    def is_live(self):
        return host.require_recording in self.needs


class Stage:
    """The folder of one run of a scenario, and the programs in it."""

    def __init__(self, scenario, tool, generator, cleanup):
        self.scenario = scenario
        self._cleanup = cleanup
        self.folder = cleanup.enter_context(tempfile.TemporaryDirectory(prefix="sctrace-golden-"))
        self.targets = {}
        self.programs = {}
        shutil.copy(generator, self.path("generator"))
        self._tool = shutil.copy(tool, self.path("asio-sctrace")) if scenario.copies_tool else tool
        self._furnish()

    def path(self, name):
        return os.path.join(self.folder, name)

    def words(self, words):
        """With the placeholders filled in; other braces stay as they are."""
        values = {"folder": self.folder, "golden": str(os.getpid()),
                  **{name: str(target.pid) for name, target in self.targets.items()}}
        return [re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], match[0]), word) for word in words]

    def add_target(self, name, words, wrapper=()):
        target = programs.Target(words, self.folder, wrapper)
        self._cleanup.callback(target.wait)
        self.targets[name] = target

    def open_feed(self, name):
        feed = programs.Feed(self.path(name))
        self._cleanup.callback(feed.close)
        return feed

    def start(self, words, **more):
        program = programs.Program(self.words(words), self.folder, **more)
        self._cleanup.callback(program.end)
        return program

    def tool(self, words, **more):
        return self.start([*self.scenario.wrapper, self._tool, *words], prepare=self.scenario.prepare, **more)

    def play(self):
        """@return The bytes of each stream and file that came of it, and the exit status."""
        for make in self.scenario.around:
            self._cleanup.enter_context(make(self.folder))
        for name, words in self.scenario.targets.items():
            self.add_target(name, words)
        for step in self.scenario.before:
            step(self)
        before = self._snapshot()
        result = self._transcript() if self.scenario.transcript else self._run()
        result.update((name, text) for name, text in self._snapshot().items() if before.get(name) != text)
        return result

    def _run(self):
        tool = self.tool(self.scenario.words, stdin=self.scenario.stdin)
        self.programs["tool"] = tool
        for step in self.scenario.steps:
            step(self)
        tool.wait()
        streams = {"stdout": tool.stdout, "stderr": tool.stderr}
        return {"status": b"%d\n" % tool.status, **{name: text for name, text in streams.items() if text}}

    def _transcript(self):
        text = b""
        for words in self.scenario.transcript:
            tool = self.tool(words, stdin=self.scenario.stdin)
            tool.wait()
            text += " ".join(["$ asio-sctrace", *words]).encode() + b"\n"
            text += marked(b"1", tool.stdout) + marked(b"2", tool.stderr) + b"= %d\n" % tool.status
        return {"transcript": text}

    def _furnish(self):
        os.chmod(self.folder, 0o755)
        for name, content in self.scenario.files.items():
            path = pathlib.Path(self.path(name))
            path.parent.mkdir(parents=True, exist_ok=True)
            content = content(DATA) if callable(content) else content
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        for name in self.scenario.executables:
            os.chmod(self.path(name), 0o755)
        for name, to in self.scenario.links.items():
            os.symlink(to, self.path(name))
        for name in self.scenario.fifos:
            os.mkfifo(self.path(name), 0o600)
        if self.scenario.owner is not None:
            for path in (self.folder, *map(self.path, os.listdir(self.folder))):
                os.chown(path, self.scenario.owner, self.scenario.owner)

    def _snapshot(self):
        """What is in the folder, by name."""
        root = pathlib.Path(self.folder)
        return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*"))
                if path.is_file() and not path.is_symlink() and path.name not in ("generator", "asio-sctrace")}


def marked(mark, text):
    """Each line with the number of its stream; a last one without an end shows."""
    lines = text.splitlines(keepends=True)
    return b"".join(mark + (b"| " if line.endswith(b"\n") else b"~ ") + line.rstrip(b"\n") + b"\n" for line in lines)


def masked(scenario, folder, result):
    """The result as it stands in the golden data."""
    texts = {name: text.decode(errors="surrogateescape") for name, text in result.items()}
    if scenario.own is not None:
        start = masks.ProgramStart(texts.get("trace", texts.get("stdout", "")),
                                   masks.own_calls(scenario.words, scenario.own))
        texts = {name: start.messages(start.report(start.trace(text))) for name, text in texts.items()}
    for name, text in texts.items():
        text = text.replace(folder, "<folder>")
        if scenario.is_live:
            text = masks.serials(masks.sessions(masks.pids(text)))
            text = masks.generator_pids(text) if name == "stdout" else text
        text = masks.times(text)
        for mask in scenario.more_masks:
            text = mask(text)
        texts[name] = text
    return {name: text.encode(errors="surrogateescape") for name, text in texts.items()}


def play_once(scenario, tool, generator):
    """@return The masked result of one run."""
    for need in scenario.needs:
        need()
    with contextlib.ExitStack() as cleanup:
        if scenario.is_live:
            cleanup.enter_context(host.sole_use())
            cleanup.enter_context(host.long_audit_queue())
        stage = Stage(scenario, tool, generator, cleanup)
        return masked(scenario, stage.folder, stage.play())


def was_disturbed(scenario, result, expected):
    """Whether somebody else was at the kernel's log or settings, by what the recording itself says."""
    if scenario.is_about_host:
        return True

    def said(texts):
        return {match for text in texts.values() for match in DISTURBANCES.findall(text.decode(errors="replace"))}

    return scenario.is_live and bool(said(result) - said(expected))

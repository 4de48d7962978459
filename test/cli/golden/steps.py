"""What happens while the tool of a scenario runs."""

import os
import signal
import time

import host
import programs


def says(text, of="tool"):
    """Waits until the tool, or another program, has written this to standard error."""
    return lambda stage: stage.programs[of].wait_for("stderr", text.encode())


def prints(text, of="tool"):
    return lambda stage: stage.programs[of].wait_for("stdout", text.encode())


def has_printed(text, times):
    """Waits until the tool has written this so often to standard output."""
    return lambda stage: stage.programs["tool"].wait_for("stdout", text.encode(), times)


def has_written(name, text):
    """Waits until a file of the folder holds this."""
    def holds(path):
        try:
            with open(path, "rb") as file:
                return text.encode() in file.read()
        except FileNotFoundError:
            return False
    return lambda stage: programs.eventually(lambda: holds(stage.path(name)), f"{name} holds {text}")


def waits(of="tool"):
    """Until it has ended."""
    return lambda stage: stage.programs[of].wait()


def pauses(seconds):
    return lambda _: time.sleep(seconds)


def starts(name, *words):
    """Another program beside the tool."""
    def step(stage):
        stage.programs[name] = stage.start(words)
    return step


def starts_tool(name, *words):
    """A second run of the tool beside the first one."""
    def step(stage):
        stage.programs[name] = stage.tool(words)
    return step


def sends(number):
    return lambda stage: stage.programs["tool"].send(number)


def sends_group(number):
    """As a terminal does it."""
    return lambda stage: stage.programs["tool"].send_group(number)


def ends(*names):
    """Lets targets make their calls, and waits for their end."""
    def step(stage):
        for name in names:
            stage.targets[name].wait()
    return step


def releases(*names):
    def step(stage):
        for name in names:
            stage.targets[name].release()
    return step


def ends_unread(name):
    """As ends(), and the tool does not get to read before the kernel has told of every call."""
    def step(stage):
        tool, target = stage.programs["tool"], stage.targets[name]
        with host.audit_records() as listener:
            tool.send(signal.SIGSTOP)
            programs.eventually(lambda: programs.state_of(tool.pid) == "T", "the tool is stopped")
            target.wait()
            programs.eventually(lambda: host.has_told_end(listener, target.pid), f"the end of {name} is told")
            tool.send(signal.SIGCONT)
    return step


def during(make, *steps):
    """Steps inside of a context manager."""
    def step(stage):
        with make(stage.folder):
            for each in steps:
                each(stage)
    return step


def holds_open(*parts):
    """Writes this into the FIFO `kmsg` and keeps it open."""
    def step(stage):
        feed = stage.open_feed("kmsg")
        for part in parts:
            feed.write(part if isinstance(part, bytes) else part.encode())
        return feed
    return step


def feeds(*parts):
    """Writes this into the FIFO `kmsg`; that it is closed then is the end of the source."""
    return lambda stage: holds_open(*parts)(stage).close()


def feeds_file(name, size):
    """The same of a file in the folder, in pieces of so many bytes."""
    def step(stage):
        with open(stage.path(name), "rb") as file:
            text = file.read()
        feeds(*(text[at:at + size] for at in range(0, len(text), size)))(stage)
    return step


def runs_tool(*words):
    """A run of the tool from its start to its end, whose output is not looked at."""
    return lambda stage: stage.tool(words).wait()


def adds_target(name, words, wrapper=()):
    return lambda stage: stage.add_target(name, words, stage.words(wrapper))


def writes_to_kernel_log(line):
    """As a user may."""
    def step(stage):
        log = os.open("/dev/kmsg", os.O_WRONLY)
        os.write(log, stage.words([line])[0].encode())
        os.close(log)
    return step

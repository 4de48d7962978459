"""Programs that a scenario runs: the tool, its targets and what else is around them."""

import contextlib
import ctypes
import os
import resource
import select
import signal
import subprocess
import tempfile
import time

# Far more than any step takes, also under a sanitizer on a busy machine.
PATIENCE = 110
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def eventually(condition, what):
    """Asks again and again until the answer is true."""
    give_up = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() >= give_up:
            raise AssertionError(f"not in {PATIENCE} s: {what}")
        time.sleep(0.005)


def environment(folder):
    """What the tool and its commands see; how a sanitizer was set up goes on."""
    kept = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
    return {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC",
            "HOME": folder, **kept}


class Program:
    """A running program, the first of a process group of its own, whose output is captured."""

    def __init__(self, words, folder, stdin=b"", prepare=None):
        with tempfile.TemporaryFile() as file:
            file.write(stdin)
            file.seek(0)
            self._process = subprocess.Popen(words, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                             cwd=folder, env=environment(folder),
                                             preexec_fn=lambda: self._begin(prepare))
        self.pid = self._process.pid
        self._handle = os.pidfd_open(self.pid)
        self._pipes = {"stdout": self._process.stdout, "stderr": self._process.stderr}
        self._output = {name: b"" for name in self._pipes}
        for pipe in self._pipes.values():
            os.set_blocking(pipe.fileno(), False)

    @staticmethod
    def _begin(prepare):
        os.setpgid(0, 0)
        # A shell's job in the background ignores some.
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if prepare is not None:
            prepare()
        # Nothing of a scenario that was killed may disturb the others.
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    @property
    def stdout(self):
        return self._output["stdout"]

    @property
    def stderr(self):
        return self._output["stderr"]

    @property
    def status(self):
        """As a shell has it: 128+N after signal N; None while it runs."""
        code = self._process.returncode
        return code if code is None or code >= 0 else 128 - code

    def send(self, number):
        os.kill(self.pid, number)

    def send_group(self, number):
        os.killpg(self.pid, number)

    def wait_for(self, stream, text, times=1):
        """Reads until the stream holds this text so often; that the program ends before is an error."""
        self._read_until(lambda: self._output[stream].count(text) >= times)
        if self._output[stream].count(text) < times:
            raise AssertionError(f"the program ended without {text!r} on {stream}: {self._output}")

    def wait(self):
        """Reads until it has ended."""
        self._read_until(lambda: False)

    def end(self):
        """Whatever of it still runs is killed."""
        with contextlib.suppress(ProcessLookupError):
            self.send_group(signal.SIGKILL)
        self._process.wait()
        for pipe in self._pipes.values():
            pipe.close()
        os.close(self._handle)

    def _read_until(self, condition):
        """All pipes are read at any time, so that none ever holds the program up."""
        give_up = time.monotonic() + PATIENCE
        while not condition() and self._process.returncode is None:
            left = give_up - time.monotonic()
            if left <= 0:
                raise AssertionError(f"not in {PATIENCE} s; the program wrote so far: {self._output}")
            ready = select.select([self._handle, *self._pipes.values()], [], [], left)[0]
            self._take_output()
            if self._handle in ready:
                self._take_output()
                self._process.wait()

    def _take_output(self):
        """Takes what is there: a descendant may hold a pipe open for longer than the program lives."""
        for name, pipe in list(self._pipes.items()):
            part = pipe.read()
            while part:
                self._output[name] += part
                part = pipe.read()
            if part == b"":
                self._pipes.pop(name).close()


class Target:
    """A generator under a filter that logs every call, which waits to be released."""

    def __init__(self, words, folder, wrapper=()):
        hold, self._release = os.pipe()
        self._process = subprocess.Popen([*wrapper, "./generator", "--filter", "--wait-fd", str(hold), *words],
                                         cwd=folder, env=environment(folder), stdin=subprocess.DEVNULL,
                                         stdout=subprocess.PIPE, pass_fds=[hold])
        os.close(hold)
        announced = [int(word) for word in self._process.stdout.readline().split()]
        self.pids = announced if not wrapper else [only_child(self._process.pid)]
        # A call is logged as it begins: the reads are over as far as a recording is concerned that begins now.
        eventually(lambda: all(state_of(pid) == "S" for pid in self.pids), "the target waits")

    @property
    def pid(self):
        return self.pids[0]

    def release(self):
        if self._release is not None:
            os.close(self._release)
            self._release = None

    def wait(self):
        """Releases it and returns when it has ended."""
        self.release()
        self._process.wait(PATIENCE)
        self._process.stdout.close()


def only_child(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return int(file.read())


def state_of(pid):
    """The letter of proc(5): S where it waits in a system call, T where it is stopped."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0]


class Feed:
    """The end of a FIFO from whose other end the tool reads what it would read from /dev/kmsg."""

    def __init__(self, path):
        """Returns when the tool has opened its end."""
        self._end = None
        eventually(lambda: self._try_to_open(path), "the tool opens the FIFO")
        os.set_blocking(self._end, True)

    def _try_to_open(self, path):
        with contextlib.suppress(OSError):
            self._end = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        return self._end is not None

    def write(self, text):
        while text:
            text = text[os.write(self._end, text):]

    def close(self):
        if self._end is not None:
            os.close(self._end)
            self._end = None

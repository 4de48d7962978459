"""A running embedded-server, and what scripts ask of it."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

PATIENCE = 60


def skip(reason):
    """Says that this machine cannot run the test; CTest counts it as skipped."""
    print(f"[skipped] {reason}")
    sys.exit(77)


def eventually(condition, what):
    """Asks again and again until there is an answer."""
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not in {PATIENCE} s: {what}")


def require_kernel():
    if os.geteuid() != 0 or os.uname().machine != "x86_64":
        skip("needs root and x86_64")
    try:
        os.close(os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK))
    except OSError:
        skip("/dev/kmsg cannot be read")


def fetch(url, method="GET", body=None):
    """The body of a good answer; a refusal is thrown."""
    data = None if body is None else json.dumps(body).encode()
    headers = {} if body is None else {"Content-Type": "application/json"}
    request = urllib.request.Request(url, data, headers, method=method)
    # Loopback only, whatever proxy the environment names.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=PATIENCE) as reply:
        return reply.read().decode()


def fetch_json(url, method="GET", body=None):
    return json.loads(fetch(url, method, body))


class Server:
    """A server on a free port, which ends with the block."""

    def __init__(self, program, *options):
        self._process = subprocess.Popen([program, "--listen", "127.0.0.1:0", *options],
                                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.pid = self._process.pid
        self.url = self._read_address()

    def _read_address(self):
        words = "embedded-server: listening on "
        for line in self._process.stderr:
            if line.startswith(words):
                return line[len(words):].strip()
        raise AssertionError("the server did not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        said = self._process.communicate(timeout=PATIENCE)[1]
        if self._process.returncode != 0:
            raise AssertionError(f"the server ended with {self._process.returncode}: {said}")

    def record(self, **body):
        return fetch_json(self.url + "/recordings", "POST", body)

    def get(self, path):
        return fetch(self.url + path)


class Generator:
    """A process under a filter that logs, which waits to be released; it ends with the block."""

    def __init__(self, program, *specs, comm="generator"):
        hold, self._release = os.pipe()
        os.set_inheritable(hold, True)
        self._process = subprocess.Popen([program, "--filter", "--comm", comm, "--wait-fd", str(hold), *specs],
                                         pass_fds=[hold], stdout=subprocess.PIPE)
        os.close(hold)
        self.pid = int(self._process.stdout.readline().split()[0])

    def __enter__(self):
        return self

    def release(self):
        if self._release is not None:
            os.close(self._release)
            self._release = None

    def __exit__(self, *_):
        self.release()
        self._process.wait(PATIENCE)
        self._process.stdout.close()

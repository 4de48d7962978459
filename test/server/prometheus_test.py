#!/usr/bin/env python3
"""prometheus_test.py SERVER GENERATOR: Prometheus scrapes the server and has its exact counts."""

import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse

from server_process import Generator, Server, eventually, fetch, fetch_json, require_kernel, skip

CALLS = 4321

CONFIGURATION = """
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: sctrace
    static_configs:
      - targets: ["{target}"]
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def check_format(metrics):
    """promtool reads the text as Prometheus does, and knows the conventions for names."""
    checked = subprocess.run(["promtool", "check", "metrics"], input=metrics, text=True, capture_output=True)
    assert checked.returncode == 0 and not checked.stderr, checked.stdout + checked.stderr


def value_of(base, query):
    try:
        found = fetch_json(f"{base}/api/v1/query?" + urllib.parse.urlencode({"query": query}))
    except urllib.error.URLError:
        return None
    result = found["data"]["result"]
    return float(result[0]["value"][1]) if result else None


def start_prometheus(folder, target):
    with open(f"{folder}/prometheus.yml", "w", encoding="utf-8") as file:
        file.write(CONFIGURATION.format(target=target))
    listen = f"127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
         f"--web.listen-address={listen}", "--log.level=warn"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return process, f"http://{listen}"


def check_counts(server, generator):
    with Generator(generator, f"110:{CALLS}", "5000:5") as child:
        recording = server.record(pid=child.pid)
        child.release()
        path = f"/recordings/{recording['id']}"
        eventually(lambda: fetch_json(server.url + path)["state"] == "ended", "the recording ends")
    metrics = server.get("/metrics")
    assert f'syscall="getppid",action="log"}} {CALLS}\n' in metrics, metrics
    check_format(metrics)


def check_scrape(server):
    folder = tempfile.mkdtemp(prefix="sctrace-prometheus-")
    process, base = start_prometheus(folder, urllib.parse.urlsplit(server.url).netloc)
    try:
        query = 'sctrace_calls_total{syscall="getppid",arch="x86_64",action="log"}'
        eventually(lambda: value_of(base, query) == CALLS, f"Prometheus has {CALLS} calls")
        assert value_of(base, 'sctrace_calls_total{syscall="other"}') == 5
        assert value_of(base, 'sctrace_recordings{state="ended"}') == 1
        assert value_of(base, 'up{job="sctrace"}') == 1
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


def main():
    require_kernel()
    for program in ("prometheus", "promtool"):
        if not shutil.which(program):
            skip(f"{program} is not installed")
    with Server(sys.argv[1]) as server:
        check_format(server.get("/metrics"))
        check_counts(server, sys.argv[2])
        check_scrape(server)


main()

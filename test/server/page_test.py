#!/usr/bin/env python3
"""page_test.py SERVER GENERATOR [SCREENSHOT]: the server's page in a headless browser."""

import base64
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.error

from server_process import Generator, Server, eventually, fetch_json, require_kernel, skip

CALLS = 250
HOSTILE = '<img src=x onerror="document.title=1">'
HOSTILE_COMM = "<img src=x>"


class Browser:
    """Chromium through chromedriver, by the WebDriver protocol."""

    def __init__(self, folder):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self._driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        self._url = f"http://127.0.0.1:{port}"
        self._session = ""
        try:
            eventually(self._is_ready, "chromedriver answers")
            self._session = "/session/" + self._ask("POST", "/session", self._capabilities(folder))["sessionId"]
        except BaseException:
            self._driver.terminate()
            raise

    @staticmethod
    def _capabilities(folder):
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync",
                 "--disable-dev-shm-usage", "--no-proxy-server", "--window-size=1100,900",
                 f"--user-data-dir={folder}"]
        return {"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": flags}}}}

    def _is_ready(self):
        try:
            return self._ask("GET", "/status")["ready"]
        except urllib.error.URLError:
            return False

    def _ask(self, method, path, body=None):
        return fetch_json(self._url + self._session + path, method, body)["value"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self._ask("DELETE", "")
        finally:
            self._driver.terminate()
            self._driver.wait()

    def open(self, url):
        self._ask("POST", "/url", {"url": url})

    def run(self, script):
        return self._ask("POST", "/execute/sync", {"script": script, "args": []})

    def _element(self, xpath):
        found = self._ask("POST", "/element", {"using": "xpath", "value": xpath})
        return "/element/" + next(iter(found.values()))

    def click(self, xpath):
        self._ask("POST", self._element(xpath) + "/click", {})

    def type(self, xpath, text):
        self._ask("POST", self._element(xpath) + "/value", {"text": text})

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self._ask("GET", "/screenshot")))

    def text(self, selector):
        """What one sees of the first such element; empty without one."""
        return self.run(f"return document.querySelector({selector!r})?.innerText ?? '';")


def count_of(browser, call):
    """The count that the live table shows for a call."""
    text = browser.run(f"return document.querySelector('tr[data-call=\"{call}\"] td.number')?.textContent;")
    return int(text.replace(",", "")) if text else 0


def start_from_the_page(browser, pid):
    browser.type("//input[@id='pid']", str(pid))
    browser.type("//input[@id='name']", HOSTILE)
    browser.click("//button[text()='Start recording']")
    eventually(lambda: "running" in browser.text("#recordings"), "the page lists the running recording")


def check_live_table(browser, first, second):
    eventually(lambda: "Live calls" in browser.text("#title"), "the new recording is watched")
    first.release()
    eventually(lambda: count_of(browser, "getppid") == CALLS, "the table has the first child's calls")
    second.release()
    eventually(lambda: count_of(browser, "getppid") == 2 * CALLS, "the count grows")


def check_texts(browser):
    assert HOSTILE in browser.text("#recordings"), browser.text("#recordings")
    assert HOSTILE in browser.text("#title"), browser.text("#title")
    assert HOSTILE_COMM in browser.text("#calls"), browser.text("#calls")
    assert browser.run("return document.images.length;") == 0
    assert browser.run("return document.title;") == "sctrace recordings"


def check_stop(browser, server, recording):
    browser.click("//button[text()='Stop']")
    state = lambda: fetch_json(f"{server.url}/recordings/{recording}")["state"]
    eventually(lambda: state() == "ended", "the button stops the recording")
    eventually(lambda: "ended" in browser.text("#recordings"), "the page shows that")
    eventually(lambda: "calls of" in browser.text("#title"), "the page shows the verdict")


def check_error(browser, server_pid):
    browser.run("document.getElementById('pid').value = ''; document.getElementById('name').value = '';")
    browser.type("//input[@id='pid']", str(server_pid))
    browser.click("//button[text()='Start recording']")
    eventually(lambda: "this server" in browser.text("#message"), "a refusal is shown")


def check_delete(browser):
    browser.click("//button[text()='Delete']")
    eventually(lambda: "no recordings yet" in browser.text("#none"), "the recording is gone")


def check_page(browser, server, generator):
    browser.open(server.url + "/")
    eventually(lambda: "no recordings yet" in browser.text("#none"), "the page is there")
    with Generator(generator, f"110:{CALLS}", comm=HOSTILE_COMM) as first, \
            Generator(generator, f"110:{CALLS}", comm=HOSTILE_COMM) as second, \
            Generator(generator, "110:1") as third:
        other = server.record(pids=[first.pid, second.pid, third.pid], name=HOSTILE)["id"]
        eventually(lambda: HOSTILE in browser.text("#recordings"), "the page lists what others began")
        browser.click("//button[text()='Watch']")
        check_live_table(browser, first, second)
        check_texts(browser)
        if len(sys.argv) > 3:
            browser.screenshot(sys.argv[3])
        check_stop(browser, server, other)
        check_delete(browser)
        start_from_the_page(browser, third.pid)
        check_error(browser, server.pid)


def main():
    require_kernel()
    for program in ("chromium", "chromedriver"):
        if not shutil.which(program):
            skip(f"{program} is not installed")
    folder = tempfile.mkdtemp(prefix="sctrace-browser-")
    try:
        with Server(sys.argv[1]) as server, Browser(folder) as browser:
            check_page(browser, server, sys.argv[2])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


main()

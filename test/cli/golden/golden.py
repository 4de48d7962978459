#!/usr/bin/env python3
"""Golden data of asio-sctrace: what each scenario prints and writes, byte by byte (test/data/golden).

  golden.py list                                                    names, with `live` after those that need the kernel
  golden.py check --tool TOOL --generator GENERATOR [SCENARIO...]   shows what differs
  golden.py update --tool TOOL --generator GENERATOR [SCENARIO...]  writes what is so now

A scenario may be a pattern, such as 'record.*'; without one all are meant. Exit status: 0 all are as they should be;
1 one is not; 77 one could not be run on this machine, and the others are as they should be.
"""

import argparse
import difflib
import fnmatch
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback

import host
import scenarios
import stage

GOLDEN = stage.DATA / "golden"
ATTEMPTS = 5
SKIPPED = 77


def expected_of(scenario):
    folder = GOLDEN / scenario.name
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def lines_to_compare(text):
    """One member of a long JSON line a line, so that a difference can be read."""
    lines = text.decode(errors="backslashreplace").splitlines(keepends=True)
    return [part for line in lines for part in (line.replace(',"', ',\n"').splitlines(keepends=True))]


def difference(scenario, expected, found):
    diff = []
    for name in sorted({*expected, *found}):
        if expected.get(name) == found.get(name):
            continue
        path = f"{scenario.name}/{name}"
        diff += difflib.unified_diff(lines_to_compare(expected.get(name, b"")), lines_to_compare(found.get(name, b"")),
                                     "golden/" + path if name in expected else "/dev/null",
                                     "now/" + path if name in found else "/dev/null")
    return "".join(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in diff)


def check(scenario, arguments):
    """Plays it again where somebody else was at the kernel's log or settings."""
    expected = expected_of(scenario)
    for attempt in range(ATTEMPTS):
        found = stage.play_once(scenario, arguments.tool, arguments.generator)
        if found == expected:
            return True
        print(difference(scenario, expected, found), end="", flush=True)
        if not stage.was_disturbed(scenario, found, expected):
            return False
        print(f"{scenario.name}: run {attempt + 1} was disturbed by others", flush=True)
        time.sleep(2**attempt)
    return False


def steady_result(scenario, arguments):
    """What comes out the same several times; None where nothing does. Runs which others disturbed do not count."""
    result, same = stage.play_once(scenario, arguments.tool, arguments.generator), 1
    for _ in range(arguments.runs + ATTEMPTS):
        if same == arguments.runs:
            return result
        other = stage.play_once(scenario, arguments.tool, arguments.generator)
        if other == result:
            same += 1
            continue
        print(f"{scenario.name} is not the same each time:")
        print(difference(scenario, result, other), end="", flush=True)
        if not stage.was_disturbed(scenario, other, result):
            if not stage.was_disturbed(scenario, result, other):
                return None
            result, same = other, 1
    return None


def update(scenario, arguments):
    result = steady_result(scenario, arguments)
    if result is None:
        return False
    folder = GOLDEN / scenario.name
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in result.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    return True


def list_scenarios():
    """Fails where the table and the folders do not match."""
    names = [scenario.name for scenario in scenarios.ALL]
    folders = {path.name for path in GOLDEN.iterdir() if path.is_dir()}
    for wrong in sorted({*{name for name in names if names.count(name) > 1}, *(folders - {*names})}):
        sys.exit(f"golden.py: {wrong} is in the table twice, or has golden data and is not in the table")
    for scenario in scenarios.ALL:
        print(scenario.name, "live" if scenario.is_live else "")
    return 0


def wanted_scenarios(patterns):
    """Those that match, in the order of the table."""
    for pattern in patterns:
        if not any(fnmatch.fnmatch(scenario.name, pattern) for scenario in scenarios.ALL):
            sys.exit(f"golden.py: no scenario {pattern!r}")
    return [scenario for scenario in scenarios.ALL
            if not patterns or any(fnmatch.fnmatch(scenario.name, pattern) for pattern in patterns)]


def run(action, scenario, arguments):
    """@return An exit status."""
    try:
        return 0 if action(scenario, arguments) else 1
    except host.Skip as why:
        print(f"[skipped] {scenario.name}: {why}", flush=True)
        return SKIPPED
    except (AssertionError, OSError, subprocess.SubprocessError):
        print(f"{scenario.name}:\n{traceback.format_exc()}", flush=True)
        return 1


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("list", "check", "update"))
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO")
    parser.add_argument("--tool", type=os.path.realpath)
    parser.add_argument("--generator", type=os.path.realpath)
    parser.add_argument("--runs", type=int, default=3, help="how often update plays each scenario (default: 3)")
    parser.add_argument("--times", action="store_true", help="tell how long each scenario takes")
    arguments = parser.parse_intermixed_args()
    if arguments.action != "list" and not (arguments.tool and arguments.generator):
        parser.error("--tool and --generator are needed")
    return arguments


def main():
    arguments = parse_arguments()
    if arguments.action == "list":
        return list_scenarios()
    os.umask(0o022)
    # What is still to be undone is undone.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    action = check if arguments.action == "check" else update
    statuses = []
    for scenario in wanted_scenarios(arguments.scenarios):
        began = time.monotonic()
        statuses.append(run(action, scenario, arguments))
        if arguments.times:
            print(f"{time.monotonic() - began:6.1f} s  {scenario.name}", flush=True)
    return 1 if 1 in statuses else max(statuses)


if __name__ == "__main__":
    sys.exit(main())

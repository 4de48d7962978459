#!/usr/bin/env python3
"""Checks who includes whom, and the other rules that let a reader find the way through the sources.

area      lib/src/<area> includes public headers, its own area and areas above it, never one below and never `../`.
          A header of lib/include belongs to the area of its .cpp, else to the lowest area that it includes.
public    Public headers include public headers and detail/; no header of lib/include includes lib/src, but for
          sctrace/src.hpp, whose purpose that is. No public
          member names a type of detail::; what its body or a default of its template does is no part of it, nor
          is a base class, whose public members are documented like any other.
library   Boost.Asio, Boost.JSON and libseccomp are included only where LIBRARIES says so.
tool      lib/ names neither the tool nor an option of it, in no string and no comment. An option of another program
          is fine where the text names that program first, be it as the container's.
private   A private header declares: it has at most 40 lines of bodies that could stand in a .cpp, being neither
          templates nor constexpr. The library's one private namespace is sctrace::detail. Braces always.
user      Applications, examples and the tests async, cli, consumer, kernel and server see public headers only. The
          unit tests of an area see what the area sees, fuzzers and benchmarks everything.
size      A file of lib/ has at most 500 lines, a class there 300; detail/ has at most 20 headers.
message   Installed headers hold no message text: no string literal of more than three words.

The breaches that are tolerated stand in cmake/check_includes_tolerated.txt, a line each. A line there
that matches no breach any more is an error as well: the list only gets shorter.
"""

import argparse
import collections
import functools
import os
import pathlib
import re
import sys

sys.dont_write_bytecode = True
from cpp_source import Source  # noqa: E402

# From top to bottom.
AREAS = ("base", "text", "os", "record", "verdict", "trace", "profile", "launch", "host", "log", "source", "recording")

PUBLIC = "lib/include/sctrace/"
SOURCES = "lib/include/sctrace/src.hpp"
DETAIL = PUBLIC + "detail/"
PRIVATE = "lib/src/"

IO_OBJECTS = ("aggregator", "audit_source", "child", "fork_source", "host_probe", "hub", "kmsg_source",
              "record_source", "recorder", "replay_source", "replayer", "watcher")

# Who may include a library: beginnings of paths.
LIBRARIES = {
    "boost/asio": (DETAIL, PRIVATE + "recording/", *(f"{PUBLIC}{name}.hpp" for name in IO_OBJECTS)),
    "boost/json": (PRIVATE + "text/json", PRIVATE + "profile/writers/", PRIVATE + "record/journal_entry.",
                   PRIVATE + "recording/report."),
    "seccomp.h": (PRIVATE + "base/", PRIVATE + "launch/", PRIVATE + "host/name_check."),
}

TOOL = "asio-sctrace"
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
OTHER_PROGRAM = re.compile(r"\b(?:auditctl|ausearch|container|dmesg|docker|journalctl|nsenter|podman|systemd-run)\b")

# Namespaces of others, whose templates the library specialises.
FOREIGN_NAMESPACES = ("std", "boost::asio", "boost::system")

SEE_PUBLIC_HEADERS_ONLY = ("apps/", "test/async/", "test/cli/", "test/consumer/", "test/kernel/", "test/server/")

MAX_BODY_LINES = 40
MAX_FILE_LINES = 500
MAX_CLASS_LINES = 300
MAX_DETAIL_HEADERS = 20
MAX_WORDS = 3

Include = collections.namedtuple("Include", "line quoted path target")


class Breach(collections.namedtuple("Breach", "rule file what line")):
    """Its line number is for people: what is tolerated must not depend on where in the file it stands."""

    def key(self):
        return f"{self.rule} {self.file}: {self.what}"

    def __str__(self):
        return f"{self.file}:{self.line}: {self.what} [{self.rule}]"


class Tree:
    """The C++ files of a checkout, by their paths below its root."""

    def __init__(self, root):
        self._root = pathlib.Path(root)
        self._sources = {}
        self.files = sorted(self._walk(("lib", "apps", "test")))
        self._known = set(self.files)
        self._area_of_stem = {pathlib.PurePath(file).stem: area_of_path(file) for file in self.files
                              if file.startswith(PRIVATE) and file.endswith(".cpp") and area_of_path(file)}

    def _walk(self, folders):
        for folder in folders:
            for path, _, names in os.walk(self._root / folder):
                for name in names:
                    if name.endswith((".hpp", ".cpp")):
                        yield (pathlib.Path(path) / name).relative_to(self._root).as_posix()

    def source(self, file):
        if file not in self._sources:
            self._sources[file] = Source((self._root / file).read_text(encoding="utf-8"))
        return self._sources[file]

    def below(self, *folders):
        return [file for file in self.files if file.startswith(folders)]

    @functools.cache
    def includes(self, file):
        source = self.source(file)
        return [Include(source.line_of(position), quoted, path, self._target(file, path))
                for position, quoted, path in source.includes]

    def _target(self, file, path):
        """The file of the tree that an include means, or None."""
        beside = os.path.normpath(os.path.join(os.path.dirname(file), path))
        for candidate in (beside, PRIVATE + path, "test/" + path, "test/common/" + path, "lib/include/" + path):
            if candidate in self._known:
                return candidate
        return None

    @functools.cache
    def area(self, file):
        """The area's place in AREAS, or None for what belongs to none."""
        if file.startswith(PRIVATE):
            return area_of_path(file)
        if not file.startswith(PUBLIC):
            return None
        area = self._area_of_stem.get(pathlib.PurePath(file).stem)
        if area is not None:
            return area
        return max((self.area(include.target) or 0 for include in self.includes(file) if include.target), default=0)


def area_of_path(file):
    """The place in AREAS of lib/src/<area>/… and test/unit/<area>/…"""
    for folder in (PRIVATE, "test/unit/"):
        name = file[len(folder):].split("/")[0]
        if file.startswith(folder) and name in AREAS:
            return AREAS.index(name)
    return None


# ---- the rules: each yields its breaches

def check_areas(tree):
    for file in tree.below("lib/"):
        area = tree.area(file)
        if area is None:
            yield Breach("area", file, "stands in no area", 1)
            continue
        for include in tree.includes(file):
            if ".." in include.path.split("/"):
                yield Breach("area", file, f"includes {include.path}", include.line)
            below = tree.area(include.target) if include.target else None
            if below is not None and below > area:
                yield Breach("area", file, f"of {AREAS[area]} includes {include.path} of {AREAS[below]}", include.line)


def check_public_headers(tree):
    for file in tree.below(PUBLIC):
        for include in tree.includes(file):
            if file == SOURCES:
                continue
            if include.quoted or (include.target or "").startswith(PRIVATE):
                yield Breach("public", file, f"includes {include.path}", include.line)
        if not file.startswith(DETAIL):
            yield from check_public_names(tree, file)


def check_public_names(tree, file):
    source = tree.source(file)
    for is_public, declaration, position in source.declarations:
        if is_public and not re.match(r"friend\b|template\b.*\bconcept\b", declaration, re.DOTALL):
            for name in re.findall(r"\bdetail::\w+", signature(declaration)):
                yield Breach("public", file, f"a public name uses {name}", source.line_of(position))


def signature(declaration):
    """A declaration without what users need not know: its template's parameters, initialisers, an alias aside."""
    declaration = re.sub(r"^template\s*<.*?>\s*(?=[\w\[])", "", declaration, flags=re.DOTALL)
    if declaration.startswith("using"):
        return declaration
    if re.match(r"(?:class|struct)\b", declaration):
        return re.split(r"(?<!:):(?!:)", declaration)[0]
    before_initialiser = re.split(r"(?<!operator)=", declaration)[0]
    return re.split(r"\)[^)]*?(?<!:):(?!:)", before_initialiser)[0]


def check_libraries(tree):
    for file in tree.below("lib/"):
        for include in tree.includes(file):
            for library, allowed in LIBRARIES.items():
                if include.path.startswith(library) and not file.startswith(allowed):
                    yield Breach("library", file, f"includes {include.path}", include.line)


def check_tool_names(tree):
    for file in tree.below("lib/"):
        source = tree.source(file)
        for position, text in source.comments + source.strings:
            if TOOL in text:
                yield Breach("tool", file, f"names {TOOL}", source.line_of(position + text.index(TOOL)))
            for option in OPTION.finditer(text):
                if not OTHER_PROGRAM.search(text, 0, option.start()):
                    yield Breach("tool", file, f"names {option[0]}", source.line_of(position + option.start()))


def check_private_headers(tree):
    for file in tree.below(PRIVATE, DETAIL):
        source = tree.source(file)
        bodies = [block for block in source.blocks if block.kind == "function" and not block.is_template()
                  and not re.search(r"\bconstexpr\b|\bconsteval\b", block.head)]
        lines = sum(max(1, source.lines_of(block) - 2) for block in bodies)
        if file.endswith(".hpp") and lines > MAX_BODY_LINES:
            yield Breach("private", file, f"has more than {MAX_BODY_LINES} lines of bodies that belong into a .cpp", 1)


def check_namespaces(tree):
    for file in tree.below("lib/"):
        source = tree.source(file)
        for block in source.blocks:
            if block.kind != "namespace":
                continue
            name = "::".join(reversed([outer.namespace() for outer in block.ancestors() if outer.kind == "namespace"]))
            if name.endswith("::") or name == "":
                allowed = file.endswith(".cpp")
            else:
                allowed = name in ("sctrace", "sctrace::detail") or name.startswith(FOREIGN_NAMESPACES)
            if not allowed:
                yield Breach("private", file, f"namespace {name or 'without a name'}", source.line_of(block.begin))


def check_braces(tree):
    for file in tree.files:
        source = tree.source(file)
        for position, keyword in source.statements_without_braces():
            yield Breach("private", file, f"no braces after {keyword}", source.line_of(position))


def check_users(tree):
    for file in tree.below(*SEE_PUBLIC_HEADERS_ONLY):
        for include, header in private_headers(tree, file):
            yield Breach("user", file, f"sees {header}", include.line)
    for file in tree.below("test/unit/"):
        own = area_of_path(file)
        for include, header in private_headers(tree, file):
            if own is not None and tree.area(header) is not None and tree.area(header) > own:
                yield Breach("user", file, f"of {AREAS[own]} sees {header} of {AREAS[tree.area(header)]}", include.line)


def private_headers(tree, file, on_the_way=frozenset()):
    """What of the library's private headers a file sees, itself or through headers of the tests, and by which include."""
    for include in tree.includes(file):
        target = include.target
        if target is None or target in on_the_way:
            continue
        if target.startswith((PRIVATE, DETAIL)):
            yield include, target
        elif not target.startswith(PUBLIC):
            for _, further in private_headers(tree, target, on_the_way | {file}):
                yield include, further


def check_sizes(tree):
    for file in tree.below("lib/"):
        source = tree.source(file)
        if source.lines > MAX_FILE_LINES:
            yield Breach("size", file, f"has more than {MAX_FILE_LINES} lines", source.lines)
        for block in source.blocks:
            if block.kind == "class" and source.lines_of(block) > MAX_CLASS_LINES:
                yield Breach("size", file, f"{block.name()} has more than {MAX_CLASS_LINES} lines",
                             source.line_of(block.begin))
    headers = len(tree.below(DETAIL))
    if headers > MAX_DETAIL_HEADERS:
        yield Breach("size", DETAIL, f"has {headers} headers, and at most {MAX_DETAIL_HEADERS} are needed", 1)


def check_messages(tree):
    for file in tree.below(PUBLIC):
        source = tree.source(file)
        for position, text in source.strings:
            if len([word for word in text.split() if re.search("[A-Za-z]", word)]) > MAX_WORDS:
                yield Breach("message", file, f'"{text}"', source.line_of(position))


RULES = (check_areas, check_public_headers, check_libraries, check_tool_names, check_private_headers, check_namespaces,
         check_braces, check_users, check_sizes, check_messages)


def breaches_of(root):
    tree = Tree(root)
    return [breach for rule in RULES for breach in rule(tree)]


def compare(breaches, tolerated):
    """The breaches that are not tolerated, and what is tolerated in vain."""
    unused = collections.Counter(tolerated)
    found = []
    for breach in breaches:
        if unused[breach.key()] > 0:
            unused[breach.key()] -= 1
        else:
            found.append(breach)
    return found, sorted(unused.elements())


def read_tolerated(file):
    if not file.exists():
        return []
    return [line for line in file.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def shrink(file, unused):
    """Takes out of the list what is not so any more."""
    left = collections.Counter(unused)
    kept = []
    for line in file.read_text(encoding="utf-8").splitlines():
        if left[line] > 0:
            left[line] -= 1
        else:
            kept.append(line + "\n")
    file.write_text("".join(kept), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description="Checks who includes whom, and what else this script's text says.")
    parser.add_argument("root", nargs="?", default=pathlib.Path(__file__).resolve().parent.parent,
                        help="the checkout (default: that of this script)")
    parser.add_argument("--list", action="store_true", help="print every breach as the list of tolerated ones has it")
    parser.add_argument("--shrink", action="store_true", help="take out of the list what is not so any more")
    arguments = parser.parse_args()

    breaches = breaches_of(arguments.root)
    if arguments.list:
        print(*sorted(breach.key() for breach in breaches), sep="\n")
        return 0

    tolerated = pathlib.Path(arguments.root, "cmake/check_includes_tolerated.txt")
    found, unused = compare(breaches, read_tolerated(tolerated))
    if arguments.shrink:
        shrink(tolerated, unused)
        unused = []
    for breach in found:
        print(breach)
    for line in unused:
        print(f"{tolerated.name}: not so any more, --shrink takes it out: {line}")
    return 1 if found or unused else 0


if __name__ == "__main__":
    sys.exit(main())

"""Reads C++ text as far as check_includes.py needs it: comments, literals, includes and blocks. No compiler.

It expects code as clang-format leaves it, and takes no account of macros.
"""

import bisect
import functools
import re

TOKEN = re.compile(
    r"""//[^\n]*
      | /\*.*?\*/
      | (?:u8|[uUL])?R"(?P<delimiter>[^()\\\s]*)\((?P<raw>.*?)\)(?P=delimiter)"
      | "(?P<string>(?:[^"\\\n]|\\.)*)"
      | (?<![0-9a-fA-F])'(?:[^'\\\n]|\\.)+'""",
    re.DOTALL | re.VERBOSE)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)


def blank(text):
    return re.sub(r"[^\n]", " ", text)


class Source:
    """A file. `code` is its text with comments, directives and the inside of literals blanked: positions stay."""

    def __init__(self, text):
        self._newlines = [found.start() for found in re.finditer("\n", text)]
        self.lines = len(self._newlines)
        self.comments = []  # (position, text)
        self.strings = []  # (position, text); adjacent literals are one, as for the compiler
        self._end_of_string = None

        pieces = []
        end = 0
        for token in TOKEN.finditer(text):
            between = text[end:token.start()]
            pieces.append(between)
            pieces.append(self._set_aside(token, between))
            end = token.end()
        pieces.append(text[end:])
        code = "".join(pieces)

        # (position, is quoted, path)
        self.includes = [(found.start(), found[1] == '"', found[2]) for found in INCLUDE.finditer(text)
                         if "#" in code[found.start():found.end()]]
        self.code = DIRECTIVE.sub(lambda found: blank(found[0]), code)

    @functools.cached_property
    def _structure(self):
        return read_blocks(self.code)

    @property
    def blocks(self):
        return self._structure[0]

    @property
    def declarations(self):
        """What stands outside of functions, as (is public, text, position of its end)."""
        return self._structure[1]

    def statements_without_braces(self):
        """(position, keyword) of each if, for, while, switch, do and else whose statement has no braces."""
        for found in re.finditer(r"\b(?:if|for|while|switch|do|else)\b", self.code):
            keyword = found[0]
            end = found.end()
            if keyword not in ("do", "else"):
                opening = re.compile(r"\s*(?:constexpr\s*)?\(").match(self.code, end)
                if not opening:
                    continue
                end = end_of_parentheses(self.code, opening.end())
            follows = re.compile(r"(?:\s|\[\[\w+\]\])*(\{|if\b|;|)").match(self.code, end)[1]
            closes_do = keyword == "while" and follows == ";" and follows_do(self.code[:found.start()].rstrip())
            if follows != "{" and not closes_do and not (keyword == "else" and follows == "if"):
                yield found.start(), keyword

    def line_of(self, position):
        return bisect.bisect_left(self._newlines, position) + 1

    def lines_of(self, block):
        return self.line_of(block.end) - self.line_of(block.begin) + 1

    def _set_aside(self, token, between):
        text = token[0]
        if text.startswith("/"):
            self.comments.append((token.start(), text))
            return blank(text)
        if not text.startswith("'"):
            self._keep_string(token, between)
        quote = text[-1]
        return quote + blank(text[1:-1]) + quote

    def _keep_string(self, token, between):
        value = token["raw"] if token["raw"] is not None else token["string"]
        if re.search(r"#\s*include\s*$", between):
            return
        comes_next = self.strings and not between.strip() and self._end_of_string == token.start() - len(between)
        if comes_next:
            position, before = self.strings[-1]
            self.strings[-1] = (position, before + value)
        else:
            self.strings.append((token.start(), value))
        self._end_of_string = token.end()


class Block:
    """What stands in braces: a namespace, a class, an enum, a function's body or something else."""

    def __init__(self, kind, head, parent, begin):
        self.kind = kind
        self.head = head
        self.parent = parent
        self.begin = self.end = begin
        self.declaration = without_template(head)
        self.access = "private" if kind == "class" and self.declaration.startswith("class") else "public"
        self.is_public = self._is_public()
        # Where reading it stands.
        self.open_parentheses = 0
        self.statement = begin + 1

    def _is_public(self):
        """Whether users of the header see it: it is no part of a private section or of a namespace for details."""
        if self.parent is None:
            return True
        is_seen = self.parent.is_public and self.parent.access == "public"
        if self.kind == "namespace":
            return is_seen and self.namespace() != "" and "detail" not in self.namespace().split("::")
        return is_seen and self.kind == "class"

    def holds_declarations(self):
        return self.kind in ("file", "namespace", "class")

    def ancestors(self):
        block = self
        while block is not None:
            yield block
            block = block.parent

    def namespace(self):
        return re.match(r"(?:inline\s+)?namespace\b\s*([\w:]*)", self.head)[1]

    def name(self):
        """Of a class."""
        return re.match(r"(?:class|struct|union)\s*(?:\[\[.*?\]\]\s*)?([\w:]*)", self.declaration)[1]

    def is_template(self):
        """Whether the compiler needs its body where it is used."""
        return any(block.head.startswith("template") or re.search(r"\(.*\bauto\b", block.head)
                   for block in self.ancestors() if block.kind in ("class", "function"))


def without_template(head):
    """A declaration without `template <…>`, and without the requires-clause of a class."""
    while head.startswith("template"):
        head = head[end_of_angles(head, head.index("<")):].lstrip()
    if head.startswith("requires"):
        found = re.search(r"\b(?:class|struct|union)\b", head)
        head = head[found.start():] if found else head
    return head


def end_of_angles(text, begin):
    depth = 0
    for position in range(begin, len(text)):
        if text[position] == "<":
            depth += 1
        elif text[position] == ">" and text[position - 1] != "-":
            depth -= 1
            if depth == 0:
                return position + 1
    return len(text)


def follows_do(before):
    """Whether the text ends with a block of `do`."""
    depth = 0
    for found in reversed(list(re.finditer(r"[{}]", before))):
        depth += 1 if found[0] == "}" else -1
        if depth == 0:
            return before.endswith("}") and before[:found.start()].rstrip().endswith("do")
    return False


def end_of_parentheses(code, begin):
    """Where the parenthesis ends whose inside begins there."""
    depth = 1
    for found in re.compile(r"[()]").finditer(code, begin):
        depth += 1 if found[0] == "(" else -1
        if depth == 0:
            return found.end()
    return len(code)


def read_blocks(code):
    blocks = []
    declarations = []
    current = Block("file", "", None, -1)

    def end_statement(position, next_one):
        if current.holds_declarations():
            is_public = current.is_public and current.access == "public"
            declarations.append((is_public, code[current.statement:position].strip(), position))
        current.statement = next_one

    for token in re.finditer(r"[{}();]|\b(?:public|protected|private)\s*:(?!:)", code):
        sign = token[0]
        if sign == "(":
            current.open_parentheses += 1
        elif sign == ")":
            current.open_parentheses -= 1
        elif sign == "{":
            head = code[current.statement:token.start()].strip()
            child = Block(kind_of_block(head, current), head, current, token.start())
            if child.kind in ("class", "function"):
                end_statement(token.start(), current.statement)
            blocks.append(child)
            current = child
        elif sign == "}":
            closed, current = current, current.parent
            closed.end = token.start()
            goes_on = closed.kind == "other" and (current.holds_declarations() or current.open_parentheses > 0)
            if not goes_on:
                current.statement = token.end()
        elif current.open_parentheses == 0:
            if sign == ";":
                end_statement(token.start(), token.end())
            elif current.kind == "class":
                current.access = sign.rstrip(": \n")
                current.statement = token.end()
    return blocks, declarations


def kind_of_block(head, parent):
    if parent.open_parentheses > 0:
        return "other"
    if re.match(r"(?:inline\s+)?namespace\b", head):
        return "namespace"
    declaration = without_template(head)
    if re.match(r"enum\b", declaration):
        return "enum"
    before_bases = re.split(r"(?<!:):(?!:)", declaration)[0]
    if re.match(r"(?:class|struct|union)\b[^=(]*$", before_bases):
        return "class"
    if parent.holds_declarations() and is_function(declaration):
        return "function"
    return "other"


def is_function(declaration):
    name = re.sub(r"\boperator\s*(?:\(\)|[^\s\w(]+)", "operator", declaration)
    if "(" not in name or "=" in name[:name.index("(")]:
        return False
    # `: member_{` and `, member_{` of a constructor come before its body.
    return not re.search(r"\).*[:,]\s*[\w:<>]+$", name, re.DOTALL) or bool(re.search(r"->\s*[\w:<>]+$", name))

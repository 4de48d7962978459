#!/usr/bin/env python3
"""Tests check_includes.py with small trees: each rule's breach is caught, and what the rule permits is not."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import check_includes  # noqa: E402
from cpp_source import Source  # noqa: E402

IN_DETAIL = "namespace sctrace::detail {{\n{}\n}}\n"
IN_PUBLIC = "namespace sctrace {{\n{}\n}}\n"


def breaches_in(files):
    with tempfile.TemporaryDirectory() as root:
        for file, text in files.items():
            path = pathlib.Path(root, file)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return [breach.key() for breach in check_includes.breaches_of(root)]


def header(name):
    return {f"lib/include/sctrace/{name}.hpp": ""}


class Areas(unittest.TestCase):
    def test_own_area_and_those_above(self):
        self.assertEqual(breaches_in({
            "lib/src/text/quote.hpp": "",
            "lib/src/log/log_file.hpp": "",
            "lib/src/log/log_reader.cpp": '#include "log_file.hpp"\n#include "text/quote.hpp"\n#include <vector>\n',
        }), [])

    def test_an_area_below(self):
        self.assertEqual(breaches_in({
            "lib/src/log/log_file.hpp": "",
            "lib/src/text/quote.cpp": '#include "log/log_file.hpp"\n',
        }), ["area lib/src/text/quote.cpp: of text includes log/log_file.hpp of log"])

    def test_a_public_header_of_an_area_below(self):
        self.assertEqual(breaches_in({
            "lib/include/sctrace/trace.hpp": "",
            "lib/src/trace/trace.cpp": "#include <sctrace/trace.hpp>\n",
            "lib/src/record/event.cpp": "#include <sctrace/trace.hpp>\n",
        }), ["area lib/src/record/event.cpp: of record includes sctrace/trace.hpp of trace"])

    def test_a_header_without_source_belongs_to_the_lowest_area_that_it_includes(self):
        self.assertEqual(breaches_in({
            "lib/include/sctrace/trace.hpp": "",
            "lib/include/sctrace/options.hpp": "#include <sctrace/trace.hpp>\n",
            "lib/src/trace/trace.cpp": "",
            "lib/src/host/check.cpp": "#include <sctrace/options.hpp>\n",
            "lib/src/os/clock.cpp": "#include <sctrace/options.hpp>\n",
        }), ["area lib/src/os/clock.cpp: of os includes sctrace/options.hpp of trace"])

    def test_a_public_header_includes_none_of_an_area_below(self):
        self.assertEqual(breaches_in({
            "lib/include/sctrace/event.hpp": "#include <sctrace/detail/log_reader.hpp>\n",
            "lib/include/sctrace/detail/log_reader.hpp": "",
            "lib/src/record/event.cpp": "",
            "lib/src/log/log_reader.cpp": "",
        }), ["area lib/include/sctrace/event.hpp: of record includes sctrace/detail/log_reader.hpp of log"])

    def test_the_folder_above(self):
        self.assertEqual(breaches_in({
            "lib/src/text/quote.hpp": "",
            "lib/src/log/log_reader.cpp": '#include "../text/quote.hpp"\n',
        }), ["area lib/src/log/log_reader.cpp: includes ../text/quote.hpp"])

    def test_no_area(self):
        self.assertEqual(breaches_in({"lib/src/quote.cpp": "", "lib/src/misc/quote.hpp": ""}),
                         ["area lib/src/misc/quote.hpp: stands in no area", "area lib/src/quote.cpp: stands in no area"])

    def test_an_include_in_a_comment_or_literal_is_none(self):
        self.assertEqual(breaches_in({
            "lib/src/log/log_file.hpp": "",
            "lib/src/text/quote.cpp": '/*\n#include "log/log_file.hpp"\n*/\nauto x = R"(\n#include "log/log_file.hpp"\n)";\n',
        }), [])


class PublicHeaders(unittest.TestCase):
    def of(self, text):
        return breaches_in({"lib/include/sctrace/x.hpp": IN_PUBLIC.format(text)})

    def test_a_private_header(self):
        files = {"lib/src/text/quote.hpp": "", "lib/include/sctrace/x.hpp": '#include "text/quote.hpp"\n',
                 "lib/include/sctrace/detail/y.hpp": '#include "text/quote.hpp"\n'}
        self.assertEqual(breaches_in(files), ["public lib/include/sctrace/detail/y.hpp: includes text/quote.hpp",
                                              "public lib/include/sctrace/x.hpp: includes text/quote.hpp"])

    def test_public_members_that_name_a_detail(self):
        for member in ("void f(const detail::hidden& h) { }", "detail::hidden f();", "detail::hidden value = 0;",
                       "using type = detail::hidden;", "template <class T>\nstd::vector<detail::hidden> f(T t);",
                       "explicit x(detail::hidden h) : value_(h) { }"):
            with self.subTest(member):
                self.assertEqual(self.of(f"class x {{\npublic:\n    {member}\nprivate:\n    int value_;\n}};"),
                                 ["public lib/include/sctrace/x.hpp: a public name uses detail::hidden"])

    def test_what_is_no_public_member(self):
        for members in ("public:\n    int f() { return detail::hidden(); }",
                        "    detail::hidden value_;\npublic:\n    int f();",
                        "public:\n    int f();\nprivate:\n    using state = detail::hidden;\n    state s_;",
                        "public:\n    template <class Token = detail::hidden<int>>\n    auto f(Token&& t = {}) { }",
                        "public:\n    static constexpr int size = detail::hidden::size;",
                        "public:\n    explicit x(int v) : value_(detail::hidden(v)) { }",
                        "    struct y {\n        detail::hidden z;\n    };",
                        "    friend class detail::hidden;"):
            with self.subTest(members):
                self.assertEqual(self.of(f"class x {{\n{members}\n}};"), [])

    def test_a_base_is_no_public_member(self):
        self.assertEqual(self.of("template <class T>\nclass x : public detail::base<T, detail::hidden> {\n};"), [])

    def test_public_functions_and_structs(self):
        self.assertEqual(self.of("detail::hidden f();\nstruct y {\n    detail::other z;\n};"),
                         ["public lib/include/sctrace/x.hpp: a public name uses detail::hidden",
                          "public lib/include/sctrace/x.hpp: a public name uses detail::other"])

    def test_a_namespace_for_details_is_not_public(self):
        self.assertEqual(self.of("namespace detail {\ndetail::hidden f();\n}"), [])


class Libraries(unittest.TestCase):
    def test_where_they_belong(self):
        self.assertEqual(breaches_in({
            "lib/include/sctrace/recorder.hpp": "#include <boost/asio/post.hpp>\n",
            "lib/include/sctrace/detail/op.hpp": "#include <boost/asio/post.hpp>\n",
            "lib/src/recording/session.cpp": "#include <boost/asio/post.hpp>\n",
            "lib/src/recording/report.cpp": "#include <boost/json/serialize.hpp>\n",
            "lib/src/text/json_document.cpp": "#include <boost/json/parse.hpp>\n",
            "lib/src/profile/writers/oci_json.cpp": "#include <boost/json/value.hpp>\n",
            "lib/src/host/name_check.cpp": "#include <seccomp.h>\n",
            "lib/src/launch/launcher.cpp": "#include <linux/seccomp.h>\n#include <seccomp.h>\n",
        }), [])

    def test_where_they_do_not(self):
        self.assertEqual(breaches_in({
            "lib/include/sctrace/trace.hpp": "#include <boost/asio/post.hpp>\n",
            "lib/src/trace/trace.cpp": "#include <boost/json/serialize.hpp>\n",
            "lib/src/host/kernel_check.cpp": "#include <seccomp.h>\n#include <linux/seccomp.h>\n",
        }), ["library lib/include/sctrace/trace.hpp: includes boost/asio/post.hpp",
             "library lib/src/host/kernel_check.cpp: includes seccomp.h",
             "library lib/src/trace/trace.cpp: includes boost/json/serialize.hpp"])


class ToolNames(unittest.TestCase):
    def of(self, text):
        return [key.split(": ")[1] for key in breaches_in({"lib/src/log/x.cpp": text})]

    def test_in_strings_and_comments(self):
        self.assertEqual(self.of('// As asio-sctrace does.\nauto x = "pass --native";\n/// `--events`\n'),
                         ["names asio-sctrace", "names --events", "names --native"])

    def test_in_a_string_of_several_literals(self):
        self.assertEqual(self.of('auto x = "try asio-"\n    "sctrace";\n'), ["names asio-sctrace"])

    def test_options_of_other_programs(self):
        self.assertEqual(self.of('// As `dmesg --json` writes it.\nauto x = "docker run --pid=host";\n'), [])
        self.assertEqual(self.of('auto x = "in a container, pass it through (--device /dev/kmsg)";\n'), [])

    def test_what_is_no_option(self):
        self.assertEqual(self.of('int f(int i) { return --i; } // a -- b\nauto x = "-----BEGIN";\n'), [])

    def test_documents_may_name_it(self):
        self.assertEqual(breaches_in({"lib/README.md": "asio-sctrace --native\n", "apps/x.cpp": '"asio-sctrace"'}), [])


class PrivateHeaders(unittest.TestCase):
    def body(self, lines, head="inline int f()"):
        return IN_DETAIL.format(f"{head}\n{{\n" + "    g();\n" * lines + "}")

    def test_bodies(self):
        what = "has more than 40 lines of bodies that belong into a .cpp"
        self.assertEqual(breaches_in({"lib/src/log/x.hpp": self.body(40)}), [])
        self.assertEqual(breaches_in({"lib/src/log/x.hpp": self.body(41)}), [f"private lib/src/log/x.hpp: {what}"])
        self.assertEqual(breaches_in({"lib/src/log/x.hpp": self.body(21) + self.body(20)}),
                         [f"private lib/src/log/x.hpp: {what}"])
        self.assertEqual(breaches_in({"lib/include/sctrace/detail/x.hpp": self.body(41)}),
                         [f"private lib/include/sctrace/detail/x.hpp: {what}"])

    def test_bodies_that_a_header_needs(self):
        for head in ("template <class T>\nint f(T t)", "constexpr int f()", "int f(auto x)",
                     "template <class T>\nstruct s {\nint f()"):
            with self.subTest(head):
                end = "};" if "struct" in head else ""
                self.assertEqual(breaches_in({"lib/src/log/x.hpp": self.body(41, head) + end}), [])
        self.assertEqual(breaches_in({"lib/src/log/x.cpp": self.body(41)}), [])

    def test_namespaces(self):
        self.assertEqual(breaches_in({
            "lib/src/log/a.hpp": "namespace sctrace::scan {\n}\n",
            "lib/src/log/b.hpp": "namespace {\n}\n",
            "lib/src/log/c.cpp": "namespace sctrace {\nnamespace other {\n}\n}\n",
        }), ["private lib/src/log/a.hpp: namespace sctrace::scan",
             "private lib/src/log/b.hpp: namespace without a name",
             "private lib/src/log/c.cpp: namespace sctrace::other"])

    def test_namespaces_that_may_be(self):
        self.assertEqual(breaches_in({
            "lib/src/log/a.cpp": "namespace sctrace::detail {\nnamespace {\n}\n}\nnamespace sctrace {\n}\n"
                                 "namespace boost::system {\n}\nnamespace asio = boost::asio;\n",
        }), [])


class Braces(unittest.TestCase):
    def of(self, statement):
        source = Source(f"void f()\n{{\n    {statement}\n}}\n")
        return [keyword for _, keyword in source.statements_without_braces()]

    def test_missing(self):
        for statement, keyword in (("if (a)\n return;", "if"), ("if constexpr (a)\n return;", "if"),
                                   ("for (auto x : y)\n g();", "for"), ("while (f(a))\n g();", "while"),
                                   ("while (a)\n ;", "while"), ("if (a) { }\n while (b)\n ;", "while"),
                                   ("if (a) { } else\n g();", "else"), ("do g(); while (a);", "do")):
            with self.subTest(statement):
                self.assertIn(keyword, self.of(statement))

    def test_there(self):
        for statement in ("if (a) { }", "if (a) { } else if (b) { } else { }", "do {\n g();\n} while (a);",
                          "for (;;) { }", "// if (a) return;", 'g("if (a) return;");', "if (a) [[likely]] { }",
                          "#if (a)\n#else\n#endif"):
            with self.subTest(statement):
                self.assertEqual(self.of(statement), [])

    def test_everywhere(self):
        for file in ("lib/src/log/x.cpp", "apps/x.cpp", "test/cli/x.cpp"):
            with self.subTest(file):
                self.assertEqual(breaches_in({file: "void f()\n{\n    if (a)\n        g();\n}\n"}),
                                 [f"private {file}: no braces after if"])


class Users(unittest.TestCase):
    def test_public_headers_only(self):
        detail = {"lib/include/sctrace/detail/x.hpp": ""}
        for folder in ("apps/embedded-server", "test/async", "test/cli", "test/consumer", "test/kernel", "test/server"):
            with self.subTest(folder):
                file = f"{folder}/a.cpp"
                self.assertEqual(breaches_in({**detail, file: "#include <sctrace/detail/x.hpp>\n"}),
                                 [f"user {file}: sees lib/include/sctrace/detail/x.hpp"])
                self.assertEqual(breaches_in({**header("y"), file: "#include <sctrace/y.hpp>\n"}), [])

    def test_sources(self):
        self.assertEqual(breaches_in({"lib/src/text/quote.hpp": "", "test/cli/a.cpp": '#include "text/quote.hpp"\n'}),
                         ["user test/cli/a.cpp: sees lib/src/text/quote.hpp"])

    def test_through_a_header_of_the_tests(self):
        self.assertEqual(breaches_in({
            "lib/include/sctrace/detail/x.hpp": "",
            "test/common/helper.hpp": "#include <sctrace/detail/x.hpp>\n",
            "test/async/a.cpp": '#include "helper.hpp"\n',
        }), ["user test/async/a.cpp: sees lib/include/sctrace/detail/x.hpp"])

    def test_unit_tests_see_their_area_and_those_above(self):
        files = {"lib/src/text/quote.hpp": "", "lib/src/log/log_file.hpp": ""}
        both = '#include "text/quote.hpp"\n#include "log/log_file.hpp"\n'
        self.assertEqual(breaches_in({**files, "test/unit/log/a.cpp": both, "test/fuzz/a.cpp": both}), [])
        self.assertEqual(breaches_in({**files, "test/unit/text/a.cpp": both}),
                         ["user test/unit/text/a.cpp: of text sees lib/src/log/log_file.hpp of log"])


class Sizes(unittest.TestCase):
    def test_files(self):
        self.assertEqual(breaches_in({"lib/src/log/x.cpp": "\n" * 500}), [])
        self.assertEqual(breaches_in({"lib/src/log/x.cpp": "\n" * 501}),
                         ["size lib/src/log/x.cpp: has more than 500 lines"])

    def test_classes(self):
        def a_class(lines):
            return "template <class T>\nclass wide final : public base {\n" + "    int x;\n" * (lines - 2) + "};\n"
        self.assertEqual(breaches_in({"lib/src/log/x.hpp": a_class(300)}), [])
        self.assertEqual(breaches_in({"lib/src/log/x.hpp": a_class(301)}),
                         ["size lib/src/log/x.hpp: wide has more than 300 lines"])

    def test_headers_for_details(self):
        def headers(count):
            return {f"lib/include/sctrace/detail/x{number}.hpp": "" for number in range(count)}
        self.assertEqual(breaches_in(headers(20)), [])
        self.assertEqual(breaches_in(headers(21)),
                         ["size lib/include/sctrace/detail/: has 21 headers, and at most 20 are needed"])


class Messages(unittest.TestCase):
    def test_in_installed_headers(self):
        text = 'auto a = "one two three";\nauto b = "one two "\n    "three four";\n/// This is no message at all.\n'
        for folder in ("sctrace", "sctrace/detail"):
            with self.subTest(folder):
                file = f"lib/include/{folder}/x.hpp"
                self.assertEqual(breaches_in({file: text}), [f'message {file}: "one two three four"'])
        self.assertEqual(breaches_in({"lib/src/log/x.cpp": text}), [])


class ToleratedOnes(unittest.TestCase):
    breach = check_includes.Breach("tool", "lib/src/log/x.cpp", "names --native", 7)

    def test_tolerated(self):
        self.assertEqual(check_includes.compare([self.breach], [self.breach.key()]), ([], []))

    def test_one_line_tolerates_one_breach(self):
        self.assertEqual(check_includes.compare([self.breach] * 2, [self.breach.key()]), ([self.breach], []))

    def test_in_vain(self):
        self.assertEqual(check_includes.compare([], [self.breach.key()]), ([], [self.breach.key()]))

    def test_shrinking(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "list.txt")
            file.write_text("# why\na\nb\nb\n", encoding="utf-8")
            check_includes.shrink(file, ["b"])
            self.assertEqual(file.read_text(encoding="utf-8"), "# why\na\nb\n")

    def test_the_program_fails_where_a_breach_is_not_tolerated(self):
        with tempfile.TemporaryDirectory() as root:
            path = pathlib.Path(root, "lib/src/log/x.cpp")
            path.parent.mkdir(parents=True)
            path.write_text("// asio-sctrace\n", encoding="utf-8")
            script = pathlib.Path(__file__).with_name("check_includes.py")
            ran = subprocess.run([sys.executable, script, root], capture_output=True, text=True, check=False)
            self.assertEqual(ran.returncode, 1)
            self.assertIn("lib/src/log/x.cpp:1: names asio-sctrace [tool]\n", ran.stdout)


class Blocks(unittest.TestCase):
    def kinds(self, code):
        return [block.kind for block in Source(code).blocks]

    def test_kinds(self):
        for code, kinds in (("namespace a::b {\n}", ["namespace"]),
                            ("enum class e : int { x };", ["enum"]),
                            ("template <class T, class = f<T>>\nclass c final : public d<T> {\n};", ["class"]),
                            ("template <class T>\nrequires x<T>\nstruct c {\n};", ["class"]),
                            ("int f(int x = 0) const\n{\n}", ["function"]),
                            ("bool operator()(int) const { }", ["function"]),
                            ("bool operator==(const x&) const { }", ["function"]),
                            ("x::x() : y_{1}, z_(2)\n{\n}", ["other", "function"]),
                            ("constexpr std::array a{1, 2};", ["other"]),
                            ("auto f = [](int x) { return x; };", ["other"]),
                            ("void f()\n{\n    if (a) {\n    }\n    g([] { h(); });\n}", ["function", "other", "other"])):
            with self.subTest(code):
                self.assertEqual(self.kinds(code), kinds)

    def test_literals(self):
        source = Source('auto a = "x // y" R"(z " w)"; // c "d"\nint b = 1\'000; char c = \'"\';\n')
        self.assertEqual(source.strings, [(9, 'x // yz " w')])
        self.assertEqual([text for _, text in source.comments], ['// c "d"'])
        self.assertIn("int b = 1'000; char c = ' '", source.code)


if __name__ == "__main__":
    unittest.main()

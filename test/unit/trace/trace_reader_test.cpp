#include "common/words_test.hpp"

#include <sctrace/error.hpp>
#include <sctrace/trace_reader.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace {

using namespace std::string_view_literals;
using sctrace::advice;
using sctrace::architecture;
using sctrace::error;
using sctrace::failure;
using sctrace::parse_trace_line;
using sctrace::trace;
using sctrace::trace_reader;

const architecture x86_64(0xc000003e);
const architecture i386(0x40000003);
const architecture x32 = architecture::of_call(0xc000003e, 0x40000000);

trace::line line_of(std::string_view text, architecture native = x86_64)
{
    const sctrace::test::exact_text exact(text);
    const auto parsed = parse_trace_line(exact.view(), native);
    BOOST_REQUIRE_MESSAGE(parsed.has_value(), parsed.error().message << ": " << text);
    return *parsed;
}

std::string problem_of(std::string_view text)
{
    const sctrace::test::exact_text exact(text);
    const auto parsed = parse_trace_line(exact.view(), x86_64);
    BOOST_REQUIRE_MESSAGE(!parsed, "accepted: " << text);
    BOOST_TEST(parsed.error().code == error::malformed_trace);
    return parsed.error().message;
}

void check_line(const trace::line& line, architecture arch, std::int64_t number, std::uint64_t count)
{
    BOOST_TEST((line.call.arch == arch));
    BOOST_TEST(line.call.number == number);
    BOOST_TEST(line.count == count);
}

std::string with_count(std::string_view count)
{
    return R"({"syscall":0,"name":"read","count":)" + std::string(count) + '}';
}

std::string with_number(std::string_view number)
{
    return R"({"syscall":)" + std::string(number) + R"(,"name":"read","count":1})";
}

std::string with_name(std::string_view name)
{
    return R"({"syscall":0,"name":)" + std::string(name) + R"(,"count":1})";
}

std::string with_arch(std::string_view arch, std::string_view number = "0")
{
    return R"({"syscall":)" + std::string(number) + R"(,"name":"read","count":1,"arch":)" +
           std::string(arch) + '}';
}

struct outcome {
    trace counts;
    std::optional<failure> failed;
    std::optional<failure> contradiction;
    std::uint64_t line = 0;
};

outcome read_in_pieces(std::string_view text, std::size_t piece, architecture native = x86_64)
{
    trace_reader reader(native);
    outcome read;
    for (std::size_t at = 0; at < text.size() && !read.failed; at += piece) {
        const sctrace::test::exact_text bytes(text.substr(at, piece));
        if (const auto fed = reader.feed(bytes.view()); !fed) {
            read.failed = fed.error();
        }
    }
    if (!read.failed) {
        if (const auto finished = reader.finish(); !finished) {
            read.failed = finished.error();
        }
    }
    read.line = reader.line();
    read.contradiction = reader.contradiction();
    read.counts = reader.take();
    return read;
}

std::string problem_of_file(std::string_view text)
{
    const outcome whole = read_in_pieces(text, text.size() + 1);
    BOOST_REQUIRE(whole.failed.has_value());
    BOOST_TEST(whole.failed->code == error::malformed_trace);
    for (const std::size_t piece : {1U, 2U, 7U, 64U}) {
        const outcome parts = read_in_pieces(text, piece);
        BOOST_REQUIRE(parts.failed.has_value());
        BOOST_TEST(parts.failed->message == whole.failed->message);
        BOOST_TEST(parts.line == whole.line);
    }
    return whole.failed->message;
}

const std::string read_line = R"({"syscall":0,"name":"read","count":42})";
const std::string write_line = R"({"syscall":1,"name":"write","count":2})";

} // namespace

BOOST_AUTO_TEST_SUITE(trace_lines)

BOOST_AUTO_TEST_CASE(the_usual_line)
{
    check_line(line_of(read_line), x86_64, 0, 42);
    check_line(line_of(read_line, i386), i386, 0, 42);
    check_line(line_of(R"({"syscall":-1,"name":null,"count":1})"), x86_64, -1, 1);
    check_line(line_of(R"({"syscall":4,"name":"write","count":3,"arch":"i386"})"), i386, 4, 3);
    check_line(line_of(R"({"syscall":4,"name":"write","count":3,"arch":"x86_64"})"), x86_64, 4, 3);
}

BOOST_AUTO_TEST_CASE(any_order_and_spaces_of_json)
{
    check_line(line_of(R"({"arch":"i386","count":3,"name":"write","syscall":4})"), i386, 4, 3);
    check_line(line_of("\t { \"count\" :\t3 , \"syscall\": 4, \"name\": null } \r"), x86_64, 4, 3);
}

BOOST_AUTO_TEST_CASE(the_largest_and_smallest_numbers)
{
    check_line(line_of(with_number("9223372036854775807"), i386), i386,
               std::numeric_limits<std::int64_t>::max(), 1);
    check_line(line_of(with_number("-9223372036854775808")), x86_64, std::numeric_limits<std::int64_t>::min(),
               1);
    check_line(line_of(with_count("18446744073709551615")), x86_64, 0,
               std::numeric_limits<std::uint64_t>::max());
    BOOST_TEST(problem_of(with_number("9223372036854775808")) == "\"syscall\" has more than 64 bits");
    BOOST_TEST(problem_of(with_number("-9223372036854775809")) == "\"syscall\" has more than 64 bits");
    BOOST_TEST(problem_of(with_number("18446744073709551616")) == "\"syscall\" has more than 64 bits");
    BOOST_TEST(problem_of(with_count("18446744073709551616")) == "\"count\" has more than 64 bits");
    BOOST_TEST(problem_of(with_count("99999999999999999999999999")) == "\"count\" has more than 64 bits");
}

BOOST_AUTO_TEST_CASE(numbers_are_integers_as_json_writes_them)
{
    for (const auto* number : {"1.0", "1e0", "1E2", "\"1\"", "true", "null", "[1]", "01", "00", "-", "-0",
                               "-01", "+1", "-.5", "0x1", "NaN"}) {
        if ("0x1"sv == number) {
            BOOST_TEST(problem_of(with_number(number)) == "a ',' or '}' is missing behind a member's value");
            continue;
        }
        BOOST_TEST(problem_of(with_number(number)) == "\"syscall\" must be an integer");
        if ("-0"sv != number) {
            BOOST_TEST(problem_of(with_count(number)) == "\"count\" must be an integer");
        }
    }
}

BOOST_AUTO_TEST_CASE(a_count_is_at_least_1)
{
    BOOST_TEST(problem_of(with_count("0")) == "\"count\" must be at least 1");
    BOOST_TEST(problem_of(with_count("-1")) == "\"count\" must be at least 1");
    BOOST_TEST(problem_of(with_count("-99999999999999999999999")) == "\"count\" must be at least 1");
}

BOOST_AUTO_TEST_CASE(a_name_is_any_string_or_null)
{
    for (const auto* name : {"null", "\"\"", "\"write\"", R"("a\"b\\c\/")", R"("\u0065\ud83d\ude00")",
                             "\"\xc3\xa9\xf0\x9f\x98\x80\""}) {
        check_line(line_of(with_name(name)), x86_64, 0, 1);
    }
    for (const auto* other : {"1", "true", "nul", "[]", "{}"}) {
        BOOST_TEST(problem_of(with_name(other)) == "\"name\" must be a string or null");
    }
    BOOST_TEST(problem_of(with_name("nullx")) == "a ',' or '}' is missing behind a member's value");
}

BOOST_AUTO_TEST_CASE(a_name_is_printable)
{
    constexpr std::string_view problem = "\"name\" holds a control character";
    for (const std::string_view name : {"\"a\tb\""sv, "\"a\0b\""sv, "\"\x7f\""sv, R"("a\u0000b")"sv,
                                        R"("\n")"sv, R"("\u001b")"sv, R"("\u007f")"sv, "\"\\\x01\""sv}) {
        BOOST_TEST(problem_of(with_name(name)) == problem);
    }
    constexpr std::string_view invalid = "\"name\" is no valid JSON string";
    for (const std::string_view name : {R"("\x41")"sv, R"("\u12g4")"sv, R"("\ud83d")"sv, "\"\xff\""sv,
                                        "\"\xc0\x80\""sv, "\"\xed\xa0\x80\""sv}) {
        BOOST_TEST(problem_of(with_name(name)) == invalid);
    }
}

BOOST_AUTO_TEST_CASE(an_architecture_is_a_name_or_a_number)
{
    check_line(line_of(with_arch("\"0x12345\"")), architecture(0x12345), 0, 1);
    check_line(line_of(with_arch("\"0xffffffff\"")), architecture(0xffffffff), 0, 1);
    check_line(line_of(with_arch("\"0x0\"")), architecture(), 0, 1);
    check_line(line_of(with_arch("\"0x40000003\"")), i386, 0, 1);
    check_line(line_of(with_arch(R"("i3\u00386")")), i386, 0, 1);
    for (const auto* name : {"", "I386", "vax", "0x", "0x012", "0x100000000", "0xABC", "12345", "0x12g"}) {
        BOOST_TEST(problem_of(with_arch('"' + std::string(name) + '"')) ==
                   "\"arch\" is \"" + std::string(name) + "\", which is no known architecture");
    }
    BOOST_TEST(problem_of(with_arch("null")) == "\"arch\" must be a string");
    BOOST_TEST(problem_of(with_arch("3")) == "\"arch\" must be a string");
    BOOST_TEST(problem_of(with_arch(R"("\q")")) == "\"arch\" is no valid JSON string");
    BOOST_TEST(problem_of(with_arch("\"a\nb\"")) == "\"arch\" holds a control character");
}

BOOST_AUTO_TEST_CASE(bit_30_makes_a_call_one_of_x32)
{
    constexpr std::int64_t number = 0x40000000 | 39;
    check_line(line_of(with_arch("\"x32\"", "1073741863")), x32, number, 1);
    check_line(line_of(with_number("1073741863")), x32, number, 1);
    check_line(line_of(with_number("1073741863"), x32), x32, number, 1);
    check_line(line_of(with_number("39"), x32), x86_64, 39, 1);
    check_line(line_of(with_number("1073741863"), i386), i386, number, 1);
    BOOST_TEST(problem_of(with_arch("\"x32\"", "39")) ==
               "\"arch\" is \"x32\", but the number is one of x86_64: bit 30 tells the two apart");
    BOOST_TEST(problem_of(with_arch("\"x32\"", "-1")) ==
               "\"arch\" is \"x32\", but the number is one of x86_64: bit 30 tells the two apart");
    BOOST_TEST(problem_of(with_arch("\"x86_64\"", "1073741863")) ==
               "\"arch\" is \"x86_64\", but the number is one of x32: bit 30 tells the two apart");
}

BOOST_AUTO_TEST_CASE(a_member_that_is_missing_twice_or_unknown)
{
    BOOST_TEST(problem_of("{}") == "\"syscall\" is missing");
    BOOST_TEST(problem_of(R"({"name":"read","count":42})") == "\"syscall\" is missing");
    BOOST_TEST(problem_of(R"({"syscall":0,"count":42})") == "\"name\" is missing");
    BOOST_TEST(problem_of(R"({"syscall":0,"name":"read","arch":"i386"})") == "\"count\" is missing");
    BOOST_TEST(problem_of(R"({"syscall":0,"syscall":0,"name":"read","count":42})") ==
               "\"syscall\" stands twice");
    BOOST_TEST(problem_of(R"({"syscall":0,"name":null,"name":null,"count":42})") == "\"name\" stands twice");
    BOOST_TEST(problem_of(R"({"syscall":0,"name":"read","count":42,"coun\u0074":42})") ==
               "\"count\" stands twice");
    BOOST_TEST(problem_of(R"({"arch":"i386","arch":"i386"})") == "\"arch\" stands twice");
    BOOST_TEST(problem_of(R"({"syscall":0,"name":"read","count":42,"errors":1})") ==
               "unknown member \"errors\"; there are syscall, name, count and arch");
    BOOST_TEST(problem_of(R"({"a\"b":0})") ==
               "unknown member \"a\\\"b\"; there are syscall, name, count and arch");
    BOOST_TEST(problem_of("{\"" + std::string(41, 'k') + "\":0}") ==
               "unknown member \"" + std::string(40, 'k') + "\"…; there are syscall, name, count and arch");
    BOOST_TEST(problem_of("{\"Count\":1}") ==
               "unknown member \"Count\"; there are syscall, name, count and arch");
    BOOST_TEST(problem_of("{\"a\nb\":1}") == "a member's name holds a control character");
    BOOST_TEST(problem_of("{\"\xff\":1}") == "a member's name is no valid JSON string");
}

BOOST_AUTO_TEST_CASE(what_is_no_single_object)
{
    constexpr std::string_view no_object =
        "no JSON object; a line reads {\"syscall\":0,\"name\":\"read\",\"count\":42}";
    BOOST_TEST(problem_of("") == "the line is empty");
    BOOST_TEST(problem_of(" \r") == "the line is empty");
    for (const auto text : {"[]"sv, "0"sv, "read"sv, "\xef\xbb\xbf{}"sv, "\n{}"sv, "\0{}"sv}) {
        BOOST_TEST(problem_of(text) == no_object);
    }
    constexpr std::string_view goes_on = "the line goes on behind the object";
    BOOST_TEST(problem_of(read_line + "x") == goes_on);
    BOOST_TEST(problem_of(read_line + ",") == goes_on);
    BOOST_TEST(problem_of(read_line + read_line) == goes_on);
    BOOST_TEST(problem_of(read_line + "\n") == goes_on);
    BOOST_TEST(problem_of(read_line + std::string(1, '\0')) == goes_on);
}

BOOST_AUTO_TEST_CASE(what_lacks_its_punctuation)
{
    BOOST_TEST(problem_of(R"({"syscall" 0})") == "a ':' is missing behind \"syscall\"");
    BOOST_TEST(problem_of(R"({"syscall":0 "name":null})") ==
               "a ',' or '}' is missing behind a member's value");
    BOOST_TEST(problem_of(R"({"syscall":0,})") == "a member's name is missing");
    BOOST_TEST(problem_of(R"({,})") == "a member's name is missing");
    BOOST_TEST(problem_of(R"({syscall:0})") == "a member's name is missing");
}

BOOST_AUTO_TEST_CASE(every_beginning_of_a_line_is_recognised_as_such)
{
    const std::string line = R"({"syscall":-1,"name":"\u0041","count":42,"arch":"i386"})";
    line_of(line);
    for (std::size_t length = 1; length < line.size(); ++length) {
        const std::string part = line.substr(0, length);
        const std::string problem = problem_of(part);
        if (part.ends_with("\"name\":\"\\u0041\"") || !part.ends_with("n")) {
            BOOST_TEST(problem == "the line ends before the object does", part);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(trace_files_read)

BOOST_AUTO_TEST_CASE(an_empty_file_is_an_empty_trace)
{
    const outcome read = read_in_pieces("", 1);
    BOOST_TEST(!read.failed);
    BOOST_TEST(read.counts.empty());
    BOOST_TEST(read.line == 0U);
}

BOOST_AUTO_TEST_CASE(pieces_of_any_size_give_the_same)
{
    const std::string text = read_line + '\n' + write_line + '\n' +
                             R"({"syscall":1,"name":"exit","count":7,"arch":"i386"})" + '\n';
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        const outcome read = read_in_pieces(text, piece);
        BOOST_REQUIRE(!read.failed);
        BOOST_TEST(read.line == 3U);
        BOOST_TEST(sctrace::to_ndjson(read.counts, x86_64) == text);
    }
}

BOOST_AUTO_TEST_CASE(the_last_newline_may_be_missing)
{
    const outcome read = read_in_pieces(read_line + '\n' + write_line, 5);
    BOOST_TEST(!read.failed);
    BOOST_TEST(read.line == 2U);
    BOOST_TEST(read.counts.total() == 44U);
}

BOOST_AUTO_TEST_CASE(a_file_that_ends_in_a_line)
{
    BOOST_TEST(problem_of_file(read_line + "\n" + write_line.substr(0, 14)) ==
               "line 2: the line ends before the object does (the file ends in the middle of a line)");
    BOOST_TEST(problem_of_file(read_line + "\n" + read_line) == "line 2: syscall 0 (read) stands twice");
    BOOST_TEST(problem_of_file(with_count("0") + ' ') == "line 1: \"count\" must be at least 1");
}

BOOST_AUTO_TEST_CASE(messages_say_which_line)
{
    BOOST_TEST(problem_of_file("\n") == "line 1: the line is empty");
    BOOST_TEST(problem_of_file(read_line + "\n\n" + write_line + '\n') == "line 2: the line is empty");
    BOOST_TEST(problem_of_file(read_line + '\n' + write_line + '\n' + with_count("0") + '\n') ==
               "line 3: \"count\" must be at least 1");
}

BOOST_AUTO_TEST_CASE(a_call_has_one_line)
{
    BOOST_TEST(problem_of_file(read_line + '\n' + write_line + '\n' + with_name("null") + '\n') ==
               "line 3: syscall 0 (read) stands twice");
    const std::string unnamed = R"({"syscall":-1,"name":null,"count":1})";
    BOOST_TEST(problem_of_file(unnamed + '\n' + unnamed + '\n') == "line 2: syscall -1 stands twice");
    const std::string foreign = R"({"syscall":4,"name":"write","count":1,"arch":"i386"})";
    BOOST_TEST(problem_of_file(foreign + '\n' + foreign + '\n') ==
               "line 2: syscall 4 (write) of i386 stands twice");
}

BOOST_AUTO_TEST_CASE(counts_that_no_number_can_hold)
{
    const std::string most = with_count("18446744073709551614");
    BOOST_TEST(problem_of_file(most + '\n' + write_line + '\n') ==
               "line 2: the sum of all counts has more than 64 bits");
    const std::string one = R"({"syscall":1,"name":"write","count":1})";
    const outcome read = read_in_pieces(most + '\n' + one + '\n', 100);
    BOOST_TEST(!read.failed);
    BOOST_TEST(read.counts.total() == std::numeric_limits<std::uint64_t>::max());
}

BOOST_AUTO_TEST_CASE(a_line_has_at_most_64_kib)
{
    constexpr std::size_t most = trace_reader::max_line;
    BOOST_TEST(most == 65536U);
    const std::string longest = read_line + std::string(most - read_line.size(), ' ');
    for (const std::size_t piece : {1U, 4096U, 65536U, 65537U, 200000U}) {
        for (const auto* end : {"", "\n"}) {
            const outcome read = read_in_pieces(write_line + '\n' + longest + end, piece);
            BOOST_TEST(!read.failed);
            BOOST_TEST(read.counts.total() == 44U);
        }
        for (const auto* end : {"", "\n"}) {
            const outcome read = read_in_pieces(write_line + '\n' + longest + ' ' + end, piece);
            BOOST_REQUIRE(read.failed.has_value());
            BOOST_TEST(read.failed->message == "line 2: longer than 64 KiB, which no line of a trace is");
            BOOST_TEST(read.counts.total() == 2U);
            BOOST_TEST(read.line == 2U);
        }
    }
    const outcome endless = read_in_pieces(std::string(10 * most, 'x'), 1000);
    BOOST_REQUIRE(endless.failed.has_value());
    BOOST_TEST(endless.failed->message == "line 1: longer than 64 KiB, which no line of a trace is");
}

BOOST_AUTO_TEST_CASE(a_name_that_is_another_number_s_is_a_contradiction)
{
    const std::string foreign_read = R"({"syscall":63,"name":"read","count":1})";
    const outcome read = read_in_pieces(read_line + '\n' + foreign_read + '\n' + with_number("64") + '\n', 7);
    BOOST_TEST(!read.failed);
    BOOST_TEST(read.counts.total() == 44U);
    BOOST_REQUIRE(read.contradiction.has_value());
    BOOST_TEST(read.contradiction->code == error::other_architecture);
    BOOST_TEST(read.contradiction->message ==
               "line 2: syscall 63 is uname on x86_64, but the trace calls it read; if it was recorded on "
               "another architecture, name that");
    BOOST_TEST((read.contradiction->advised == advice::name_native));
    const architecture aarch64(0xc00000b7);
    BOOST_TEST(!read_in_pieces(foreign_read, 100, aarch64).contradiction);
}

BOOST_AUTO_TEST_CASE(a_contradiction_of_a_number_without_a_name_and_of_a_line_with_arch)
{
    const outcome unnamed = read_in_pieces(with_number("9999"), 100);
    BOOST_REQUIRE(unnamed.contradiction.has_value());
    BOOST_TEST(unnamed.contradiction->message ==
               "line 1: syscall 9999 has no name on x86_64, but the trace calls it read; if it was recorded "
               "on another architecture, name that");
    const outcome foreign = read_in_pieces(with_arch("\"i386\"", "4"), 100);
    BOOST_REQUIRE(foreign.contradiction.has_value());
    BOOST_TEST(foreign.contradiction->message ==
               "line 1: syscall 4 is write on i386, but the trace calls it read; one of the three is wrong");
    BOOST_TEST((foreign.contradiction->advised == advice::none));
}

BOOST_AUTO_TEST_CASE(names_that_prove_nothing_are_no_contradiction)
{
    BOOST_TEST(!read_in_pieces(with_name("null"), 100).contradiction);
    BOOST_TEST(!read_in_pieces(with_name("\"\""), 100).contradiction);
    BOOST_TEST(!read_in_pieces(with_name("\"\\u0072ead\""), 100).contradiction);
    // Neither the number nor the name is known.
    BOOST_TEST(!read_in_pieces("{\"syscall\":9999,\"name\":\"brandnew\",\"count\":1}\n", 100).contradiction);
    BOOST_TEST(read_in_pieces(with_name("\"\\u0077rite\""), 100).contradiction.has_value());
    // No call of x86_64 has this name, but the number has another one.
    BOOST_TEST(read_in_pieces(with_name("\"waitpid\""), 100).contradiction.has_value());
}

BOOST_AUTO_TEST_CASE(a_file_has_at_most_so_many_calls)
{
    std::string text;
    for (std::size_t number = 0; number < trace::max_distinct; ++number) {
        text += R"({"syscall":)" + std::to_string(number) + R"(,"name":null,"count":1})" + '\n';
    }
    const outcome full = read_in_pieces(text, 65536);
    BOOST_TEST(!full.failed);
    BOOST_TEST(full.counts.size() == trace::max_distinct);
    const outcome more = read_in_pieces(text + R"({"syscall":-1,"name":null,"count":1})", 65536);
    BOOST_REQUIRE(more.failed.has_value());
    BOOST_TEST(more.failed->code == error::too_many_syscalls);
    BOOST_TEST(more.failed->message ==
               "line 16385: more than 16384 different calls, which is more than a trace tells apart");
}

BOOST_AUTO_TEST_CASE(what_was_taken_is_gone)
{
    trace_reader reader(x86_64);
    BOOST_TEST(reader.feed(read_line + '\n').has_value());
    BOOST_TEST(reader.take().total() == 42U);
    BOOST_TEST(reader.take().empty());
    BOOST_TEST(reader.feed(read_line + '\n').has_value());
    BOOST_TEST(reader.line() == 2U);
    BOOST_TEST(reader.take().total() == 42U);
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read_again)
{
    std::mt19937_64 random(5);
    constexpr std::array archs = {0xc000003eU, 0x40000003U, 0xc00000b7U, 0x12345U, 0x0U, 0xe0000008U};
    trace counts;
    for (int i = 0; i < 3000; ++i) {
        const std::uint32_t arch = archs[random() % archs.size()];
        auto number = static_cast<std::int64_t>(random() % 600) - 50;
        if (number >= 0 && random() % 8 == 0) {
            number |= 0x40000000;
        }
        if (random() % 16 == 0) {
            number = static_cast<std::int64_t>(random());
        }
        counts.add({architecture::of_call(arch, number), number}, random() >> 20);
    }
    for (const architecture native : {x86_64, x32, i386, architecture()}) {
        const std::string text = sctrace::to_ndjson(counts, native);
        const outcome read = read_in_pieces(text, 1000, native);
        BOOST_REQUIRE(!read.failed);
        BOOST_TEST(read.counts.size() == counts.size());
        BOOST_TEST((sctrace::to_ndjson(read.counts, native) == text));
    }
}

BOOST_AUTO_TEST_SUITE_END()

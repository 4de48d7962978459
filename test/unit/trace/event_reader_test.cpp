#include "common/words_test.hpp"

#include <sctrace/event.hpp>
#include <sctrace/event_reader.hpp>
#include <sctrace/log_line.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace std::string_view_literals;
using sctrace::architecture;
using sctrace::counted_events;
using sctrace::error;
using sctrace::event_line;
using sctrace::event_reader;
using sctrace::failure;
using sctrace::parse_event_line;

const architecture x86_64(0xc000003e);
const architecture i386(0x40000003);
const architecture x32 = architecture::of_call(0xc000003e, 0x40000000);

const std::string event =
    R"({"time":"1795497556.007","serial":200135,"auid":4294967295,"uid":0,"gid":0,"ses":4294967295,)"
    R"("subj":"unconfined","pid":2752,"comm":"nginx","exe":"/usr/sbin/nginx","sig":0,"arch":"x86_64",)"
    R"("syscall":110,"name":"getppid","compat":0,"ip":"0x7f29e9374829","code":"0x7ffc0000","action":"log"})";

event_line line_of(std::string_view text, architecture native = x86_64)
{
    const sctrace::test::exact_text exact(text);
    const auto parsed = parse_event_line(exact.view(), native);
    BOOST_REQUIRE_MESSAGE(parsed.has_value(), parsed.error().message << ": " << text);
    return *parsed;
}

std::string problem_of(std::string_view text)
{
    const sctrace::test::exact_text exact(text);
    const auto parsed = parse_event_line(exact.view(), x86_64);
    BOOST_REQUIRE_MESSAGE(!parsed, "accepted: " << text);
    BOOST_TEST(parsed.error().code == error::malformed_event);
    return parsed.error().message;
}

void check_line(const event_line& line, architecture arch, std::int64_t number, std::uint64_t count,
                bool permitted)
{
    BOOST_TEST((line.call.arch == arch));
    BOOST_TEST(line.call.number == number);
    BOOST_TEST(line.count == count);
    BOOST_TEST(line.permitted == permitted);
}

/// An event with one more member, whose value is this.
std::string with_value(std::string_view value)
{
    return R"({"other":)" + std::string(value) + R"(,"syscall":0})";
}

struct outcome {
    counted_events counts;
    std::optional<failure> failed;
    std::uint64_t line = 0;
};

outcome read_in_pieces(std::string_view text, std::size_t piece)
{
    event_reader reader(x86_64);
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
    read.counts = reader.take();
    return read;
}

std::string problem_of_file(std::string_view text)
{
    const outcome whole = read_in_pieces(text, text.size() + 1);
    BOOST_REQUIRE(whole.failed.has_value());
    for (const std::size_t piece : {1U, 7U, 64U}) {
        const outcome parts = read_in_pieces(text, piece);
        BOOST_REQUIRE(parts.failed.has_value());
        BOOST_TEST(parts.failed->message == whole.failed->message);
        BOOST_TEST(parts.line == whole.line);
    }
    return whole.failed->message;
}

} // namespace

BOOST_AUTO_TEST_SUITE(event_lines)

BOOST_AUTO_TEST_CASE(the_usual_event)
{
    check_line(line_of(event), x86_64, 110, 1, true);
    check_line(line_of(R"({"syscall":0})"), x86_64, 0, 1, false);
    check_line(line_of(R"({"syscall":0})", i386), i386, 0, 1, false);
    check_line(line_of("\t{ \"syscall\" : -1 , \"arch\" : \"i386\" } \r"), i386, -1, 1, false);
    check_line(line_of(R"({"arch":"x32","syscall":1073741863})"), x32, 0x40000000 | 39, 1, false);
    check_line(line_of(R"({"syscall":1073741863})"), x32, 0x40000000 | 39, 1, false);
    check_line(line_of(R"({"arch":"0xc000003e","syscall":2})"), x86_64, 2, 1, false);
}

BOOST_AUTO_TEST_CASE(actions_that_let_a_call_through)
{
    for (const auto* action : {"log", "allow", "\\u006cog"}) {
        BOOST_TEST(line_of(R"({"syscall":0,"action":")" + std::string(action) + "\"}").permitted, action);
    }
    for (const auto* action :
         {"kill_process", "kill_thread", "trap", "errno", "user_notif", "trace", "0x1230000", "", "Log"}) {
        BOOST_TEST(!line_of(R"({"syscall":0,"action":")" + std::string(action) + "\"}").permitted, action);
    }
}

BOOST_AUTO_TEST_CASE(folded_events_have_a_count)
{
    check_line(line_of(sctrace::test::with(event, "\"log\"}", "\"log\",\"count\":42}")), x86_64, 110, 42,
               true);
    BOOST_TEST(line_of(R"({"syscall":0,"count":18446744073709551615})").count ==
               std::numeric_limits<std::uint64_t>::max());
    BOOST_TEST(problem_of(R"({"syscall":0,"count":0})") == "\"count\" must be at least 1");
    BOOST_TEST(problem_of(R"({"syscall":0,"count":-1})") == "\"count\" must be at least 1");
    BOOST_TEST(problem_of(R"({"syscall":0,"count":1.5})") == "\"count\" must be an integer");
    BOOST_TEST(problem_of(R"({"syscall":0,"count":"1"})") == "\"count\" must be an integer");
    BOOST_TEST(problem_of(R"({"syscall":0,"count":18446744073709551616})") ==
               "\"count\" has more than 64 bits");
}

BOOST_AUTO_TEST_CASE(members_of_a_wrong_type)
{
    BOOST_TEST(problem_of(R"({"pid":1})") == "\"syscall\" is missing");
    BOOST_TEST(problem_of(R"({})") == "\"syscall\" is missing");
    BOOST_TEST(problem_of(R"({"syscall":"0"})") == "\"syscall\" must be an integer");
    BOOST_TEST(problem_of(R"({"syscall":null})") == "\"syscall\" must be an integer");
    BOOST_TEST(problem_of(R"({"syscall":1e3})") == "\"syscall\" must be an integer");
    BOOST_TEST(problem_of(R"({"syscall":9223372036854775808})") == "\"syscall\" has more than 64 bits");
    BOOST_TEST(problem_of(R"({"syscall":0,"arch":7})") == "\"arch\" must be a string");
    BOOST_TEST(problem_of(R"({"syscall":0,"arch":"vax"})") ==
               "\"arch\" is \"vax\", which is no known architecture");
    BOOST_TEST(problem_of(R"({"syscall":0,"arch":"x32"})") ==
               "\"arch\" is \"x32\", but the number is one of x86_64: bit 30 tells the two apart");
    BOOST_TEST(problem_of(R"({"syscall":0,"action":null})") == "\"action\" must be a string");
    BOOST_TEST(problem_of("{\"syscall\":0,\"action\":\"l\tg\"}") == "\"action\" holds a control character");
}

BOOST_AUTO_TEST_CASE(members_that_count_stand_once)
{
    BOOST_TEST(problem_of(R"({"syscall":0,"syscall":0})") == "\"syscall\" stands twice");
    BOOST_TEST(problem_of(R"({"arch":"i386","syscall":0,"arch":"i386"})") == "\"arch\" stands twice");
    BOOST_TEST(problem_of(R"({"action":"log","syscall":0,"action":"errno"})") == "\"action\" stands twice");
    BOOST_TEST(problem_of(R"({"count":1,"syscall":0,"count":1})") == "\"count\" stands twice");
    line_of(R"({"pid":1,"pid":2,"syscall":0})");
}

BOOST_AUTO_TEST_CASE(other_members_may_have_any_value_that_is_json)
{
    const std::string deep = std::string(32, '[') + std::string(32, ']');
    for (const auto value :
         {"null"sv, "true"sv, "false"sv, "0"sv, "-0"sv, "12.5"sv, "1e9"sv, "1E+9"sv, "-1.0e-9"sv,
          "99999999999999999999999"sv, "\"\""sv, R"("a\"b\u0007\ud83d\ude00")"sv, "\"\xc3\xa4\""sv, "{}"sv,
          "[]"sv, "[ ]"sv, "[1, [2],{\"a\" : null}]"sv, R"({"a":{"b":[1,2]},"c":"}"})"sv,
          std::string_view(deep)}) {
        check_line(line_of(with_value(value)), x86_64, 0, 1, false);
    }
}

BOOST_AUTO_TEST_CASE(other_members_must_have_a_value_that_is_json)
{
    for (const auto value : {"nul"sv, "tru"sv,  "fals"sv,     "None"sv,     "01"sv,  "-01"sv, "-"sv,
                             "+1"sv,  "1."sv,   ".5"sv,       "1e"sv,       "1e+"sv, "[1"sv,  "[1 2]"sv,
                             "[,]"sv, "[1,]"sv, "{\"a\":1"sv, "{\"a\":}"sv, ""sv,    "'a'"sv}) {
        BOOST_TEST(problem_of(with_value(value)).size() > 0U);
    }
    BOOST_TEST(problem_of(with_value("nul")) == "a member's value is no valid JSON");
    BOOST_TEST(problem_of(with_value("01")) == "a member's value is no valid JSON");
    BOOST_TEST(problem_of(with_value("[1 2]")) == "a member's value is no valid JSON");
    BOOST_TEST(problem_of(with_value("{1:2}")) == "a member's name is missing");
    BOOST_TEST(problem_of(with_value("\"\xff\"")) == "a member's value is no valid JSON string");
    BOOST_TEST(problem_of(with_value("\"\\x\"")) == "a member's value is no valid JSON string");
    BOOST_TEST(problem_of(with_value("\"a\tb\"")) == "a member's value holds a control character");
    BOOST_TEST(problem_of(with_value(std::string(33, '[') + std::string(33, ']'))) ==
               "a member's value is nested too deeply");
    BOOST_TEST(problem_of(with_value(std::string(100000, '['))) == "a member's value is nested too deeply");
    std::string objects;
    for (int i = 0; i < 33; ++i) {
        objects += "{\"a\":";
    }
    BOOST_TEST(problem_of(with_value(objects)) == "a member's value is nested too deeply");
}

BOOST_AUTO_TEST_CASE(what_is_no_single_object)
{
    BOOST_TEST(problem_of("") == "the line is empty");
    BOOST_TEST(problem_of("[]") ==
               R"(no JSON object; an event reads {…,"arch":"x86_64","syscall":0,"name":"read",…})");
    BOOST_TEST(problem_of(event + event) == "the line goes on behind the object");
    BOOST_TEST(problem_of(event + '\0') == "the line goes on behind the object");
    BOOST_TEST(problem_of(R"({"syscall" 0})") == "a ':' is missing behind \"syscall\"");
    BOOST_TEST(problem_of(R"({"syscall":0 "pid":1})") == "a ',' or '}' is missing behind a member's value");
}

BOOST_AUTO_TEST_CASE(every_beginning_of_an_event_is_malformed)
{
    for (std::size_t length = 0; length < event.size(); ++length) {
        BOOST_TEST(!parse_event_line(event.substr(0, length), x86_64).has_value());
    }
    BOOST_TEST(problem_of(event.substr(0, event.size() - 3)) == "the line ends before the object does");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(event_files_read)

BOOST_AUTO_TEST_CASE(events_are_counted_by_whether_they_were_permitted)
{
    const std::string refused = sctrace::test::with(event, "\"log\"", "\"errno\"");
    const std::string text =
        event + '\n' + refused + "\n" + event + '\n' + R"({"syscall":1,"count":7})" + '\n';
    for (const std::size_t piece : {1U, 13U, 100U, 100000U}) {
        const outcome read = read_in_pieces(text, piece);
        BOOST_REQUIRE(!read.failed);
        BOOST_TEST(read.line == 4U);
        BOOST_TEST(sctrace::to_ndjson(read.counts.permitted, x86_64) ==
                   "{\"syscall\":110,\"name\":\"getppid\",\"count\":2}\n");
        BOOST_TEST(sctrace::to_ndjson(read.counts.denied, x86_64) ==
                   "{\"syscall\":1,\"name\":\"write\",\"count\":7}\n"
                   "{\"syscall\":110,\"name\":\"getppid\",\"count\":1}\n");
    }
}

BOOST_AUTO_TEST_CASE(an_empty_file_and_a_missing_newline)
{
    BOOST_TEST(!read_in_pieces("", 1).failed);
    const outcome read = read_in_pieces(event + '\n' + event, 50);
    BOOST_TEST(!read.failed);
    BOOST_TEST(read.counts.permitted.total() == 2U);
}

BOOST_AUTO_TEST_CASE(messages_say_which_line)
{
    BOOST_TEST(problem_of_file(event + "\n\n") == "line 2: the line is empty");
    BOOST_TEST(problem_of_file(event + "\n{\"pid\":1}\n") == "line 2: \"syscall\" is missing");
    BOOST_TEST(problem_of_file(event + '\n' + event.substr(0, 100)) ==
               "line 2: the line ends before the object does (the file ends in the middle of a line)");
}

BOOST_AUTO_TEST_CASE(counts_that_no_number_can_hold)
{
    const std::string most = R"({"syscall":0,"action":"log","count":18446744073709551614})";
    BOOST_TEST(problem_of_file(most + "\n{\"syscall\":0,\"count\":2}\n") ==
               "line 2: the sum of all counts has more than 64 bits");
    BOOST_TEST(!read_in_pieces(most + "\n{\"syscall\":0}\n", 100).failed);
}

BOOST_AUTO_TEST_CASE(more_different_calls_than_are_told_apart)
{
    std::string text;
    for (std::size_t number = 0; number <= sctrace::trace::max_distinct; ++number) {
        text += R"({"syscall":)" + std::to_string(number) + "}\n";
    }
    const outcome read = read_in_pieces(text, 65536);
    BOOST_REQUIRE(read.failed.has_value());
    BOOST_TEST(read.failed->code == error::too_many_syscalls);
    BOOST_TEST(read.failed->message ==
               "line 16385: more than 16384 different calls, which is more than a trace tells apart");
}

BOOST_AUTO_TEST_CASE(a_line_has_at_most_512_kib)
{
    constexpr std::size_t most = event_reader::max_line;
    const std::string longest = event + std::string(most - event.size(), ' ');
    for (const std::size_t piece : {4096U, 65536U, 2000000U}) {
        BOOST_TEST(!read_in_pieces(longest + '\n', piece).failed);
        const outcome read = read_in_pieces(event + '\n' + longest + " \n", piece);
        BOOST_REQUIRE(read.failed.has_value());
        BOOST_TEST(read.failed->code == error::malformed_event);
        BOOST_TEST(read.failed->message == "line 2: longer than 512 KiB, which no event is");
    }
}

BOOST_AUTO_TEST_CASE(the_longest_events_that_are_written_are_read)
{
    // A line of a log that is as long as any can be, of bytes of which each becomes six.
    constexpr std::size_t longest_log_line = std::size_t{64} * 1024;
    std::string record = sctrace::test::daemon_text;
    record = sctrace::test::with(record, "unconfined", std::string(longest_log_line - record.size(), '\x07'));
    const auto parsed = sctrace::parse_seccomp_line(record);
    BOOST_REQUIRE(parsed.has_value());
    const std::string written = sctrace::to_event(*parsed);
    BOOST_TEST(written.size() > longest_log_line * 5);
    BOOST_TEST(written.size() <= event_reader::max_line);
    const outcome read = read_in_pieces(written + '\n', 65536);
    BOOST_TEST(!read.failed);
    BOOST_TEST(read.counts.permitted.count({x86_64, 110}) == 1U);
}

BOOST_AUTO_TEST_CASE(what_was_taken_is_gone)
{
    event_reader reader(x86_64);
    BOOST_TEST(reader.feed(event + '\n').has_value());
    BOOST_TEST(reader.take().permitted.total() == 1U);
    BOOST_TEST(reader.take().permitted.empty());
}

BOOST_AUTO_TEST_SUITE_END()

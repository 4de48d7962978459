#include "common/temporary_folder.hpp"
#include "common/words_test.hpp"

#include <sctrace/saved_calls.hpp>

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include <sys/stat.h>

namespace {

using namespace std::string_literals;
using sctrace::architecture;
using sctrace::call_names;
using sctrace::counted_events;
using sctrace::error;
using sctrace::profile;
using sctrace::read_saved_calls;
using sctrace::saved_calls;
using sctrace::strictness;
using sctrace::trace;
using sctrace::test::temporary_folder;
using sctrace::test::write_file;

const architecture x86_64(0xc000003e);

const std::string read_line = R"({"syscall":0,"name":"read","count":42})"
                              "\n";
const std::string event = R"({"time":"1.5","arch":"x86_64","syscall":110,"name":"getppid","action":"log"})"
                          "\n";
const std::string allow_read = R"({"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64"],)"
                               R"("syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}]})";

using words = std::vector<std::string>;

class saved_file {
public:
    explicit saved_file(const std::string& text)
        : path(folder_.file("calls"))
    {
        write_file(path, text);
    }

    saved_calls read(strictness how = strictness::strict) const
    {
        auto calls = read_saved_calls(path, {.native = x86_64, .how = how});
        BOOST_REQUIRE_MESSAGE(calls.has_value(), calls.error().message);
        return *std::move(calls);
    }

    /// The message without the file's name.
    std::string problem(error code, strictness how = strictness::strict) const
    {
        const auto calls = read_saved_calls(path, {.native = x86_64, .how = how});
        BOOST_REQUIRE(!calls);
        BOOST_TEST(calls.error().code == code);
        const std::string prefix = path + ": ";
        BOOST_TEST(calls.error().message.starts_with(prefix), calls.error().message);
        return calls.error().message.substr(prefix.size());
    }

private:
    temporary_folder folder_;

public:
    const std::string path;
};

template <class Contents>
Contents read_as(const std::string& text)
{
    const saved_calls calls = saved_file(text).read();
    BOOST_REQUIRE(std::holds_alternative<Contents>(calls.contents));
    return std::get<Contents>(calls.contents);
}

} // namespace

BOOST_AUTO_TEST_SUITE(saved_calls_of_each_kind)

BOOST_AUTO_TEST_CASE(a_trace)
{
    BOOST_TEST(read_as<trace>(read_line).count({x86_64, 0}) == 42U);
    BOOST_TEST(read_as<trace>(" { \"count\":1 , \"name\":null, \"syscall\":7}").count({x86_64, 7}) == 1U);
}

BOOST_AUTO_TEST_CASE(nothing_is_an_empty_trace)
{
    BOOST_TEST(read_as<trace>("").empty());
    BOOST_TEST(read_as<trace>("\n \r\n\t").empty());
}

BOOST_AUTO_TEST_CASE(events)
{
    BOOST_TEST(read_as<counted_events>(event + event).permitted.count({x86_64, 110}) == 2U);
    BOOST_TEST(read_as<counted_events>(R"({"pid":1,"syscall":0,"name":null})").denied.total() == 1U);
    BOOST_TEST(read_as<counted_events>(R"({"syscall":0,"action":"errno","count":7})").denied.total() == 7U);
}

BOOST_AUTO_TEST_CASE(a_profile_in_one_line_and_in_many)
{
    BOOST_TEST(read_as<profile>(allow_read).rules.size() == 1U);
    BOOST_TEST(read_as<profile>("\n\n" + allow_read + "\n").rules.size() == 1U);
    std::string lines;
    for (const char c : allow_read) {
        lines += c;
        if (c == ',' || c == '{' || c == '[') {
            lines += '\n';
        }
    }
    BOOST_TEST(read_as<profile>(lines).rules.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_profile_whose_only_line_is_longer_than_what_is_looked_at)
{
    std::string names;
    while (names.size() < sctrace::event_reader::max_line + 200000) {
        names += R"("read",)";
    }
    const std::string text = R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":[)" + names +
                             R"("write"],"action":"SCMP_ACT_ALLOW"}]})";
    BOOST_TEST(read_as<profile>(text).rules.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_list)
{
    BOOST_TEST(read_as<call_names>("read\n").names == words{"read"}, boost::test_tools::per_element());
    const std::string text = "# what nginx needs\n\n \twrite \r\nread# twice\n#\nread\nwaitpid";
    BOOST_TEST(read_as<call_names>(text).names == (words{"write", "read", "waitpid"}),
               boost::test_tools::per_element());
    BOOST_TEST(read_as<call_names>("# nothing\n").names.empty());
}

BOOST_AUTO_TEST_CASE(large_files_are_read_in_pieces)
{
    std::string text;
    constexpr std::size_t events = 20000;
    for (std::size_t i = 0; i < events; ++i) {
        text += event;
    }
    BOOST_TEST(read_as<counted_events>(text).permitted.total() == events);
    const std::string comments = "read\n" + std::string(4000, '#') + '\n';
    std::string list;
    for (int i = 0; i < 500; ++i) {
        list += comments;
    }
    BOOST_TEST(read_as<call_names>(list).names == words{"read"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_fifo_is_read_to_its_end)
{
    const temporary_folder folder;
    const std::string path = folder.file("fifo");
    BOOST_REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    std::jthread writer([&path] { write_file(path, read_line); });
    const auto calls = read_saved_calls(path, {.native = x86_64});
    BOOST_REQUIRE(calls.has_value());
    BOOST_TEST(std::get<trace>(calls->contents).total() == 42U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(saved_calls_that_are_wrong)

BOOST_AUTO_TEST_CASE(a_missing_file_and_a_directory)
{
    const temporary_folder folder;
    const auto missing = read_saved_calls(folder.file("none"));
    BOOST_REQUIRE(!missing);
    BOOST_TEST((missing.error().code == boost::system::errc::no_such_file_or_directory));
    BOOST_TEST(missing.error().message ==
               "cannot read " + folder.file("none") + ": No such file or directory");
    const auto directory = read_saved_calls(folder.path());
    BOOST_REQUIRE(!directory);
    BOOST_TEST((directory.error().code == boost::system::errc::is_a_directory));
    BOOST_TEST(directory.error().message ==
               "cannot read " + folder.path() + ": Is a directory; name a file in it");
}

BOOST_AUTO_TEST_CASE(lines_of_a_trace)
{
    const auto problem = [](const std::string& text) {
        return saved_file(text).problem(error::malformed_trace);
    };
    BOOST_TEST(problem(read_line + "{\"syscall\":1,\"na") ==
               "line 2: the line ends before the object does (the file ends in the middle of a line)");
    BOOST_TEST(problem(read_line + "oops\n") ==
               "line 2: no JSON object; a line reads {\"syscall\":0,\"name\":\"read\",\"count\":42}");
    BOOST_TEST(problem(R"({"name":"read","count":1})") == "line 1: \"syscall\" is missing");
    BOOST_TEST(problem(R"({"syscall":0,"name":"read"})") == "line 1: \"count\" is missing");
    BOOST_TEST(problem(R"({"syscall":0,"name":"read","count":-1})") ==
               "line 1: \"count\" must be at least 1");
    BOOST_TEST(problem(R"({"syscall":0,"name":"read","count":1.5})") ==
               "line 1: \"count\" must be an integer");
    BOOST_TEST(problem(R"({"syscall":0,"name":"read","count":1,"count":1})") ==
               "line 1: \"count\" stands twice");
    BOOST_TEST(problem(R"({"syscall":0,"name":"re\u0000ad","count":1})") ==
               "line 1: \"name\" holds a control character");
    BOOST_TEST(problem("\n" + read_line) == "line 1: the line is empty");
    BOOST_TEST(problem(R"({"syscall":0,"name":")" + std::string(100000, 'a')) ==
               "line 1: longer than 64 KiB, which no line of a trace is");
}

BOOST_AUTO_TEST_CASE(a_trace_of_another_architecture)
{
    const saved_file file(read_line + R"({"syscall":63,"name":"read","count":1})");
    BOOST_TEST(file.problem(error::other_architecture) ==
               "line 2: syscall 63 is uname on x86_64, but the trace calls it read; if it was recorded on "
               "another architecture, name that");
}

BOOST_AUTO_TEST_CASE(a_trace_with_too_many_calls)
{
    std::string text;
    for (std::size_t number = 0; number <= trace::max_distinct; ++number) {
        text += R"({"syscall":)" + std::to_string(number) + R"(,"name":null,"count":1})" + '\n';
    }
    BOOST_TEST(saved_file(text).problem(error::too_many_syscalls) ==
               "line 16385: more than 16384 different calls, which is more than a trace tells apart");
}

BOOST_AUTO_TEST_CASE(lines_of_events)
{
    const auto problem = [](const std::string& text) {
        return saved_file(text).problem(error::malformed_event);
    };
    BOOST_TEST(problem(event + event.substr(0, 20)) ==
               "line 2: the line ends before the object does (the file ends in the middle of a line)");
    BOOST_TEST(problem(R"({"time":"1","action":"log"})") == "line 1: \"syscall\" is missing");
    BOOST_TEST(problem(event + read_line + "\n") == "line 3: the line is empty");
    BOOST_TEST(problem(R"({"time":"1","syscall":)") ==
               "line 1: the line ends before the object does (the file ends in the middle of a line)");
}

BOOST_AUTO_TEST_CASE(lines_of_a_list)
{
    const auto problem = [](const std::string& text) {
        return saved_file(text).problem(error::malformed_list);
    };
    BOOST_TEST(problem("read\n\nraed\n") == "line 3: \"raed\" is no system call's name; expected a list of "
                                            "names, a trace, events or an OCI profile");
    BOOST_TEST(problem("read\nread write\n") ==
               "line 2: \"read write\" has a blank inside; a list has one name on each line");
    BOOST_TEST(problem("read\nwr\0ite\n"s) == "line 2: holds a NUL byte, which no name has");
    BOOST_TEST(problem("read\n" + std::string(4097, ' ') + "\n") ==
               "line 2: longer than 4 KiB, which no line of a list is");
    BOOST_TEST(problem("[\"read\"]") == "line 1: \"[\\\"read\\\"]\" is no system call's name; expected a "
                                        "list of names, a trace, events or an OCI profile");
    BOOST_TEST(problem(std::string(1000000, '\n')) == "begins with more than 512 KiB of nothing but blanks");
}

BOOST_AUTO_TEST_CASE(unknown_names_are_left_out_on_demand)
{
    const saved_calls calls = saved_file("read\nraed\nwrite\n").read(strictness::lenient);
    BOOST_TEST(std::get<call_names>(calls.contents).names == (words{"read", "write"}),
               boost::test_tools::per_element());
    BOOST_REQUIRE(calls.notes.size() == 1U);
    BOOST_TEST(
        calls.notes[0].ends_with("/calls: line 2: \"raed\" is no system call's name; it was left out"));
    BOOST_TEST(saved_file("a b\n").problem(error::malformed_list, strictness::lenient).size() > 0U);
}

BOOST_AUTO_TEST_CASE(only_so_many_names_that_are_left_out_are_told)
{
    std::string text;
    for (int i = 0; i < 25; ++i) {
        text += "none" + std::to_string(i) + '\n';
    }
    const saved_calls calls = saved_file(text).read(strictness::lenient);
    BOOST_REQUIRE(calls.notes.size() == 21U);
    BOOST_TEST(calls.notes.back().ends_with(
        "/calls: 5 further lines were left out: they name calls of no architecture"));
}

BOOST_AUTO_TEST_CASE(profiles)
{
    const std::string message = saved_file("{}").problem(error::malformed_profile);
    BOOST_TEST(message.starts_with("line 1: "), message);
    const std::string too_long = "{\n" + std::string(sctrace::max_profile_size - 1, ' ');
    BOOST_TEST(saved_file(too_long).problem(error::malformed_profile) ==
               "longer than 16 MiB, which no profile is");
    const std::string unknown = R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["raed"],)"
                                R"("action":"SCMP_ACT_ALLOW"}]})";
    BOOST_TEST(saved_file(unknown).problem(error::malformed_profile).find("raed") != std::string::npos);
    const saved_calls lenient = saved_file(unknown).read(strictness::lenient);
    BOOST_REQUIRE(lenient.notes.size() == 1U);
    BOOST_TEST(lenient.notes[0].find("/calls: line 1: ") != std::string::npos, lenient.notes[0]);
}

BOOST_AUTO_TEST_CASE(what_is_no_text)
{
    const auto problem = [](const std::string& bytes) {
        return saved_file(bytes).problem(error::unreadable_log);
    };
    BOOST_TEST(problem("\x1f\x8b\x08\0"s + std::string(20, '\0')) ==
               "compressed with gzip; uncompress it with `gzip -d` first");
    BOOST_TEST(problem("\x28\xb5\x2f\xfd") == "compressed with zstd; uncompress it with `zstd -d` first");
    BOOST_TEST(problem("\xfd\x37\x7a\x58\x5a\0"s) == "compressed with xz; uncompress it with `xz -d` first");
    BOOST_TEST(problem("BZh9\x31\x41\x59\x26\x53\x59") ==
               "compressed with bzip2; uncompress it with `bzip2 -d` first");
    BOOST_TEST(problem("\x04\x22\x4d\x18") == "compressed with lz4; uncompress it with `lz4 -d` first");
    BOOST_TEST(problem("\xff\xfe{\0"s) == "UTF-16; convert it with `iconv -f UTF-16 -t UTF-8` first");
    BOOST_TEST(problem("LPKSHHRH") == "a log of the systemd journal; make a trace of it");
    BOOST_TEST(problem("\xef\xbb\xbfread\n") == "line 1: begins with a byte order mark; remove it first");
    BOOST_TEST(problem("\n\nre\0ad\n"s) == "line 3: holds a NUL byte: the file is binary, not text");
}

BOOST_AUTO_TEST_CASE(a_sparse_file_of_a_gib_fails_at_once)
{
    const saved_file file("");
    std::filesystem::resize_file(file.path, std::uintmax_t{1} << 30);
    BOOST_TEST(file.problem(error::unreadable_log) ==
               "line 1: holds a NUL byte: the file is binary, not text");
    const saved_file trace_first(read_line);
    std::filesystem::resize_file(trace_first.path, std::uintmax_t{1} << 30);
    BOOST_TEST(trace_first.problem(error::malformed_trace) ==
               "line 2: longer than 64 KiB, which no line of a trace is");
}

BOOST_AUTO_TEST_SUITE_END()

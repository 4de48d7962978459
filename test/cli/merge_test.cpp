#include "replay.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <sys/stat.h>

using namespace sctrace::test;

namespace {

using namespace std::string_literals;

/// `asio-sctrace merge` for x86_64 in a folder, with this text on its standard input.
outcome merge(const temporary_folder& folder, const words& arguments, std::string input = {})
{
    invocation i = tool(joined({"merge", "--native", "x86_64"}, arguments));
    i.folder = folder.path();
    i.input = std::move(input);
    return run(i);
}

std::string line(int number, const std::string& name, const std::string& count)
{
    return R"({"syscall":)" + std::to_string(number) + R"(,"name":")" + name + R"(","count":)" + count +
           "}\n";
}

const std::string read_once = line(0, "read", "1");
const std::string write_twice = line(1, "write", "2");
const std::string event =
    R"({"time":"1.5","pid":7,"arch":"x86_64","syscall":39,"name":"getpid","action":"log"})"
    "\n";
const std::string refused =
    R"({"time":"1.5","pid":7,"arch":"i386","syscall":20,"name":"getpid","action":"errno"})"
    "\n";
const std::string profile = R"({"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64"],)"
                            R"("syscalls":[{"names":["read","getpid"],"action":"SCMP_ACT_ALLOW"}]})";

/// A file that is wrong: exit status 1, this message and nothing else, and no output.
void require_wrong(const std::string& text, const std::string& message)
{
    const temporary_folder folder;
    write_file(folder.file("good"), read_once);
    write_file(folder.file("bad"), text);
    write_file(folder.file("out"), "old\n");
    const outcome o = merge(folder, {"-o", "out", "good", "bad", "good"});
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.out.empty(), o);
    BOOST_TEST(o.err == "asio-sctrace: " + message + '\n');
    BOOST_TEST(read_file(folder.file("out")) == "old\n");
    const outcome to_stdout = merge(folder, {"bad"});
    BOOST_TEST(to_stdout.status == 1, to_stdout);
    BOOST_TEST(to_stdout.out.empty(), to_stdout);
}

void require_usage_error(const words& arguments, const std::string& named)
{
    const outcome o = run(tool(joined({"merge"}, arguments)));
    BOOST_TEST(o.status == 2, o);
    BOOST_TEST(o.out.empty(), o);
    BOOST_TEST(o.says("(see asio-sctrace merge --help)"), o);
    BOOST_TEST(o.says(named), o);
}

} // namespace

BOOST_AUTO_TEST_SUITE(cli_merge)

BOOST_AUTO_TEST_CASE(the_help_of_merge_names_every_option)
{
    const outcome o = run(tool({"merge", "--help"}));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.err.empty(), o);
    for (const char* option : {"asio-sctrace merge", "--output", "(=-)", "--native", "--quiet", "--help",
                               "--version", "Exit status", "Examples"}) {
        BOOST_TEST(o.out.find(option) != std::string::npos, option);
    }
    BOOST_TEST(run(tool({"merge", "--version"})).out == run(tool({"--version"})).out);
}

BOOST_AUTO_TEST_CASE(a_command_line_that_cannot_be_understood)
{
    require_usage_error({}, "no trace given");
    require_usage_error({"-", "-"}, "'-' stands twice");
    require_usage_error({"--bogus", "a"}, "'--bogus'");
    require_usage_error({"--native", "vax", "a"}, "--native 'vax'");
    require_usage_error({"-o", "", "a"}, "--output");
    require_usage_error({"-o", "a", "-o", "b", "c"}, "'--output'");
    require_usage_error({""}, "needs a value");
}

BOOST_AUTO_TEST_CASE(counts_are_summed_in_any_order)
{
    const temporary_folder folder;
    write_file(folder.file("a"), read_once + write_twice);
    write_file(folder.file("b"),
               line(0, "read", "41") + R"({"syscall":3,"name":"read","count":5,"arch":"i386"})" + '\n');
    write_file(folder.file("c"), "");
    const std::string sum =
        line(0, "read", "42") + write_twice + R"({"syscall":3,"name":"read","count":5,"arch":"i386"})" + '\n';
    for (const words& files : {words{"a", "b", "c"}, words{"c", "b", "a"}}) {
        const outcome o = merge(folder, files);
        BOOST_TEST(o.status == 0, o);
        BOOST_TEST(o.out == sum);
        BOOST_TEST(o.err.empty(), o);
    }
    const outcome piped = merge(folder, {"-", "b"}, read_once + write_twice);
    BOOST_TEST(piped.out == sum, piped);
}

BOOST_AUTO_TEST_CASE(an_output_may_be_one_of_the_inputs)
{
    const temporary_folder folder;
    write_file(folder.file("all"), read_once);
    write_file(folder.file("today"), write_twice);
    const outcome o = merge(folder, {"-o", "all", "all", "today"});
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.out.empty(), o);
    BOOST_TEST(read_file(folder.file("all")) == read_once + write_twice);
}

BOOST_AUTO_TEST_CASE(a_file_that_stands_twice_counts_twice)
{
    const temporary_folder folder;
    write_file(folder.file("a"), read_once);
    std::filesystem::create_symlink("a", folder.file("b"));
    const outcome o = merge(folder, {"a", "a", "b"});
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.out == line(0, "read", "3"), o);
    BOOST_TEST(o.err == "asio-sctrace: a stands more than once and counts each time\n"
                        "asio-sctrace: a and b are the same file, which counts each time\n");
    const outcome quiet = merge(folder, {"--quiet", "a", "a"});
    BOOST_TEST(quiet.out == line(0, "read", "2"), quiet);
    BOOST_TEST(quiet.err.empty(), quiet);
}

BOOST_AUTO_TEST_CASE(what_is_no_trace_counts_too)
{
    const temporary_folder folder;
    write_file(folder.file("trace"), read_once);
    write_file(folder.file("events"), event + event + refused);
    write_file(folder.file("profile"), profile);
    write_file(folder.file("list"), "write # out\nwaitpid\n");
    const outcome o = merge(folder, {"trace", "events", "profile", "list"});
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.out == line(0, "read", "2") + line(1, "write", "1") + line(39, "getpid", "3") +
                            R"({"syscall":20,"name":"getpid","count":1,"arch":"i386"})" + '\n');
    BOOST_TEST(
        o.err ==
        "asio-sctrace: events: 1 of 3 records do not show that the call was let through; they are counted "
        "too\n"
        "asio-sctrace: profile: a profile: every call that it permits counts once, 2 in all\n"
        "asio-sctrace: list: waitpid is no call of x86_64; it was left out\n"
        "asio-sctrace: list: a list: every call counts once, 1 in all\n");
}

BOOST_AUTO_TEST_CASE(a_deny_list_cannot_be_merged)
{
    require_wrong(R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[]})",
                  "bad: the profile permits what it does not name (its default is SCMP_ACT_ALLOW), so that "
                  "what it permits cannot be listed; take a profile that names what it allows");
}

BOOST_AUTO_TEST_CASE(thousands_of_traces)
{
    const temporary_folder folder;
    words files;
    for (int i = 0; i < 3000; ++i) {
        files.push_back(std::to_string(i));
        write_file(folder.file(files.back()), read_once + write_twice);
    }
    const outcome o = merge(folder, files);
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.out == line(0, "read", "3000") + line(1, "write", "6000"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(cli_merge_bad_input)

BOOST_AUTO_TEST_CASE(lines_that_are_wrong)
{
    require_wrong("[1]\n", "bad: line 1: \"[1]\" is no system call's name; expected a list of names, a "
                           "trace, events or an OCI profile");
    require_wrong(read_once + "oops\n",
                  "bad: line 2: no JSON object; a line reads {\"syscall\":0,\"name\":\"read\",\"count\":42}");
    require_wrong(
        read_once + R"({"syscall":1,"na)",
        "bad: line 2: the line ends before the object does (the file ends in the middle of a line)");
    require_wrong(R"({"name":"read","count":1})", "bad: line 1: \"syscall\" is missing");
    require_wrong(R"({"syscall":0,"name":"read"})", "bad: line 1: \"count\" is missing");
    require_wrong(line(0, "read", "-1"), "bad: line 1: \"count\" must be at least 1");
    require_wrong(line(0, "read", "0"), "bad: line 1: \"count\" must be at least 1");
    require_wrong(line(0, "read", "1.5"), "bad: line 1: \"count\" must be an integer");
    require_wrong(R"({"syscall":0,"syscall":0,"name":"read","count":1})",
                  "bad: line 1: \"syscall\" stands twice");
    require_wrong(read_once + read_once, "bad: line 2: syscall 0 (read) stands twice");
    require_wrong(
        line(63, "read", "1"),
        "bad: line 1: syscall 63 is uname on x86_64, but the trace calls it read; if it was recorded "
        "on another architecture, name that with --native");
}

BOOST_AUTO_TEST_CASE(names_that_are_wrong)
{
    require_wrong("read\nraed\n", "bad: line 2: \"raed\" is no system call's name; expected a list of names, "
                                  "a trace, events or an OCI profile");
    require_wrong("read write\n",
                  "bad: line 1: \"read write\" has a blank inside; a list has one name on each "
                  "line, and a log is for `asio-sctrace replay`");
    require_wrong("re\0ad\n"s, "bad: line 1: holds a NUL byte: the file is binary, not text");
    require_wrong("read\nwr\0ite\n"s, "bad: line 2: holds a NUL byte, which no name has");
    require_wrong(R"({"syscall":0,"name":"re\u0000ad","count":1})",
                  "bad: line 1: \"name\" holds a control character");
}

BOOST_AUTO_TEST_CASE(events_that_are_wrong)
{
    require_wrong(event + R"({"time":"1"})", "bad: line 2: \"syscall\" is missing");
    require_wrong(
        event + event.substr(0, 30),
        "bad: line 2: the line ends before the object does (the file ends in the middle of a line)");
}

BOOST_AUTO_TEST_CASE(what_is_no_file_of_calls)
{
    require_wrong(gzipped(read_once), "bad: compressed with gzip; uncompress it with `gzip -d` first");
    const temporary_folder folder;
    const outcome missing = merge(folder, {"-o", "out", "none"});
    BOOST_TEST(missing.status == 1, missing);
    BOOST_TEST(missing.err == "asio-sctrace: cannot read none: No such file or directory\n");
    std::filesystem::create_directory(folder.file("folder"));
    const outcome directory = merge(folder, {"-o", "out", "folder"});
    BOOST_TEST(directory.status == 1, directory);
    BOOST_TEST(directory.err == "asio-sctrace: cannot read folder: Is a directory; name a file in it\n");
    BOOST_TEST(!std::filesystem::exists(folder.file("out")));
    const outcome bad_input = merge(folder, {"-"}, "oops\n");
    BOOST_TEST(bad_input.err == "asio-sctrace: standard input: line 1: \"oops\" is no system call's name; "
                                "expected a list of names, a trace, "
                                "events or an OCI profile\n");
}

BOOST_AUTO_TEST_CASE(a_sparse_file_of_a_gib_fails_at_once)
{
    const temporary_folder folder;
    write_file(folder.file("bad"), "");
    std::filesystem::resize_file(folder.file("bad"), std::uintmax_t{1} << 30);
    const outcome o = merge(folder, {"bad"});
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.err == "asio-sctrace: bad: line 1: holds a NUL byte: the file is binary, not text\n");
}

BOOST_AUTO_TEST_CASE(a_sum_that_no_number_can_hold)
{
    const temporary_folder folder;
    write_file(folder.file("a"), line(0, "read", "18446744073709551615"));
    write_file(folder.file("b"), write_twice);
    write_file(folder.file("out"), "old\n");
    const outcome o = merge(folder, {"-o", "out", "a", "b"});
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.err ==
               "asio-sctrace: b: with its counts the sum has more than 64 bits; merge fewer traces\n");
    BOOST_TEST(read_file(folder.file("out")) == "old\n");
}

BOOST_AUTO_TEST_CASE(more_different_calls_than_a_trace_tells_apart)
{
    const temporary_folder folder;
    std::string all;
    for (int number = 1000; number < 1000 + 16384; ++number) {
        all += R"({"syscall":)" + std::to_string(number) + R"(,"name":null,"count":1})" + '\n';
    }
    write_file(folder.file("a"), all);
    write_file(folder.file("b"), read_once);
    BOOST_TEST(merge(folder, {"a", "a"}).status == 0);
    const outcome o = merge(folder, {"a", "b"});
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.out.empty());
    BOOST_TEST(o.err == "asio-sctrace: b: with its calls there are more than 16384 different ones, which is "
                        "more than a trace tells apart\n");
}

BOOST_AUTO_TEST_CASE(an_output_that_cannot_be_written)
{
    const temporary_folder folder;
    write_file(folder.file("a"), read_once);
    const outcome o = merge(folder, {"-o", "none/out", "a"});
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.err ==
               "asio-sctrace: cannot write none/out: No such file or directory; create its folder first\n");
    invocation full = tool({"merge", folder.file("a")});
    full.output_file = "/dev/full";
    const outcome no_space = run(full);
    BOOST_TEST(no_space.status == 1, no_space);
    BOOST_TEST(no_space.err == "asio-sctrace: cannot write -: No space left on device\n");
}

BOOST_AUTO_TEST_SUITE_END()

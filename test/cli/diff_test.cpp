#include "tool.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

using namespace sctrace::test;

namespace {

using namespace std::string_literals;

/// `asio-sctrace diff` for x86_64 in a folder, with this text on its standard input.
outcome diff(const temporary_folder& folder, const words& arguments, std::string input = {})
{
    invocation i = tool(joined({"diff", "--native", "x86_64"}, arguments));
    i.folder = folder.path();
    i.input = std::move(input);
    return run(i);
}

const std::string read_line = "{\"syscall\":0,\"name\":\"read\",\"count\":42}\n";
const std::string write_line = "{\"syscall\":1,\"name\":\"write\",\"count\":2}\n";

std::string profile_for(const std::string& rules, const std::string& default_action = "SCMP_ACT_ERRNO")
{
    return R"({"defaultAction":")" + default_action +
           R"(","architectures":["SCMP_ARCH_X86_64"],"syscalls":[)" + rules + "]}";
}

const std::string allow_read = R"({"names":["read"],"action":"SCMP_ACT_ALLOW"})";
const std::string allow_clone_sometimes =
    R"({"names":["clone"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]})";

/// Two texts: exit status, stdout and stderr.
void require(const std::string& a, const std::string& b, int status, const std::string& out,
             const std::string& err = {})
{
    const temporary_folder folder;
    write_file(folder.file("a"), a);
    write_file(folder.file("b"), b);
    const outcome o = diff(folder, {"a", "b"});
    BOOST_TEST(o.status == status, o);
    BOOST_TEST(o.out == out);
    BOOST_TEST(o.err == err);
    const outcome quiet = diff(folder, {"--quiet", "a", "b"});
    BOOST_TEST(quiet.status == status, quiet);
    BOOST_TEST(quiet.out == out);
}

/// A file that is wrong, as either of the two.
void require_wrong(const std::string& text, const std::string& message)
{
    const temporary_folder folder;
    write_file(folder.file("good"), read_line);
    write_file(folder.file("bad"), text);
    for (const words& files : {words{"good", "bad"}, words{"bad", "good"}}) {
        const outcome o = diff(folder, files);
        BOOST_TEST(o.status == 1, o);
        BOOST_TEST(o.out.empty(), o);
        BOOST_TEST(o.err == "asio-sctrace: " + message + '\n');
    }
}

void require_usage_error(const words& arguments, const std::string& named)
{
    const outcome o = run(tool(joined({"diff"}, arguments)));
    BOOST_TEST(o.status == 2, o);
    BOOST_TEST(o.out.empty(), o);
    BOOST_TEST(o.says("(see asio-sctrace diff --help)"), o);
    BOOST_TEST(o.says(named), o);
}

} // namespace

BOOST_AUTO_TEST_SUITE(cli_diff)

BOOST_AUTO_TEST_CASE(the_help_of_diff_names_every_option)
{
    const outcome o = run(tool({"diff", "--help"}));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.err.empty(), o);
    for (const char* option :
         {"asio-sctrace diff", "--native", "--quiet", "--help", "--version", "Exit status", "Examples"}) {
        BOOST_TEST(o.out.find(option) != std::string::npos, option);
    }
    BOOST_TEST(run(tool({"diff", "--version"})).out == run(tool({"--version"})).out);
}

BOOST_AUTO_TEST_CASE(a_command_line_that_cannot_be_understood)
{
    require_usage_error({}, "two files are needed");
    require_usage_error({"a"}, "two files are needed");
    require_usage_error({"a", "b", "c"}, "'c': only two files can be compared");
    require_usage_error({"-", "-"}, "'-' stands twice");
    require_usage_error({"--bogus", "a", "b"}, "'--bogus'");
    require_usage_error({"--native", "vax", "a", "b"}, "--native 'vax'");
    require_usage_error({"a", ""}, "needs a value");
}

BOOST_AUTO_TEST_CASE(equal_files_print_nothing)
{
    require(read_line + write_line, write_line + "{\"syscall\":0,\"name\":\"read\",\"count\":1}\n", 0, "");
    require("", "", 0, "");
    require(read_line, "read\n", 0, "");
    require(read_line, profile_for(allow_read), 0, "");
}

BOOST_AUTO_TEST_CASE(traces_that_differ)
{
    require(read_line + "{\"syscall\":500,\"name\":null,\"count\":1}\n",
            write_line + "{\"syscall\":3,\"name\":\"read\",\"count\":5,\"arch\":\"i386\"}\n", 1,
            "-500\n-read\n+write\n+read (i386)\n");
}

BOOST_AUTO_TEST_CASE(standard_input_is_one_of_the_two)
{
    const temporary_folder folder;
    write_file(folder.file("a"), read_line);
    const outcome o = diff(folder, {"a", "-"}, write_line);
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.out == "-read\n+write\n", o);
}

BOOST_AUTO_TEST_CASE(another_native_architecture)
{
    const temporary_folder folder;
    write_file(folder.file("a"), read_line);
    write_file(folder.file("b"), "{\"syscall\":3,\"name\":\"read\",\"count\":1}\n");
    invocation i = tool({"diff", "--native", "i386", folder.file("b"), "-"});
    i.input = "read\n";
    BOOST_TEST(run(i).status == 0);
    const outcome wrong = diff(folder, {"a", "b"});
    BOOST_TEST(wrong.status == 1, wrong);
    BOOST_TEST(wrong.err ==
               "asio-sctrace: b: line 1: syscall 3 is close on x86_64, but the trace calls it read; "
               "if it was recorded on another architecture, name that with --native\n");
}

BOOST_AUTO_TEST_CASE(a_trace_and_a_profile)
{
    const std::string clone_line = "{\"syscall\":56,\"name\":\"clone\",\"count\":1}\n";
    require(write_line + clone_line, profile_for(allow_read + ',' + allow_clone_sometimes), 1,
            "-clone\n+read\n-write\n", "asio-sctrace: b permits only with certain arguments: clone\n");
}

BOOST_AUTO_TEST_CASE(two_profiles)
{
    require(profile_for(allow_read), profile_for(allow_read), 0, "");
    require(profile_for(allow_read), profile_for(R"({"names":["write"],"action":"SCMP_ACT_ALLOW"})"), 1,
            "-read\n+write\n");
    require(profile_for(allow_read), profile_for(allow_read, "SCMP_ACT_KILL_PROCESS"), 1, "",
            "asio-sctrace: the default verdict: SCMP_ACT_ERRNO 1 in a, SCMP_ACT_KILL_PROCESS in b\n");
    require(profile_for(allow_read), profile_for(allow_read + ',' + allow_clone_sometimes), 1, "",
            "asio-sctrace: a and b have different conditions or actions for clone\n");
}

BOOST_AUTO_TEST_CASE(quiet_says_nothing_but_the_difference)
{
    const temporary_folder folder;
    write_file(folder.file("a"), profile_for(allow_read));
    write_file(folder.file("b"), profile_for(allow_read, "SCMP_ACT_KILL_PROCESS"));
    const outcome o = diff(folder, {"-q", "a", "b"});
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.out.empty(), o);
    BOOST_TEST(o.err.empty(), o);
}

BOOST_AUTO_TEST_CASE(records_that_were_refused_are_compared_as_well)
{
    const std::string refused = R"({"time":"1","arch":"x86_64","syscall":0,"name":"read","action":"errno"})";
    require(refused, read_line, 0, "",
            "asio-sctrace: a: 1 record does not show that the call was let through; these calls are "
            "compared as well\n");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(cli_diff_bad_input)

BOOST_AUTO_TEST_CASE(files_that_are_wrong)
{
    require_wrong(read_line + "oops\n",
                  "bad: line 2: no JSON object; a line reads {\"syscall\":0,\"name\":\"read\",\"count\":42}");
    require_wrong(
        read_line + "{\"syscall\":1,\"na",
        "bad: line 2: the line ends before the object does (the file ends in the middle of a line)");
    require_wrong("{\"name\":\"read\",\"count\":1}\n", "bad: line 1: \"syscall\" is missing");
    require_wrong("{\"syscall\":0,\"name\":\"read\"}\n", "bad: line 1: \"count\" is missing");
    require_wrong("{\"syscall\":0,\"name\":\"read\",\"count\":-5}\n",
                  "bad: line 1: \"count\" must be at least 1");
    require_wrong("{\"syscall\":0,\"name\":\"read\",\"count\":0.5}\n",
                  "bad: line 1: \"count\" must be an integer");
    require_wrong("{\"syscall\":0,\"name\":\"read\",\"name\":\"read\",\"count\":1}\n",
                  "bad: line 1: \"name\" stands twice");
    require_wrong("re ad\n",
                  "bad: line 1: \"re ad\" has a blank inside; a list has one name on each line, and a "
                  "log is for `asio-sctrace replay`");
    require_wrong("re\0ad\n"s, "bad: line 1: holds a NUL byte: the file is binary, not text");
    require_wrong(
        profile_for(allow_read, "SCMP_ACT_LOG"),
        "bad: the profile permits what it does not name (its default is SCMP_ACT_LOG), so that what "
        "it permits cannot be listed; take a profile that names what it allows");
}

BOOST_AUTO_TEST_CASE(what_is_no_file)
{
    const temporary_folder folder;
    write_file(folder.file("good"), read_line);
    const outcome missing = diff(folder, {"good", "none"});
    BOOST_TEST(missing.status == 1, missing);
    BOOST_TEST(missing.err == "asio-sctrace: cannot read none: No such file or directory\n");
    const outcome directory = diff(folder, {".", "good"});
    BOOST_TEST(directory.status == 1, directory);
    BOOST_TEST(directory.err == "asio-sctrace: cannot read .: Is a directory; name a file in it\n");
}

BOOST_AUTO_TEST_CASE(a_sparse_file_of_a_gib_fails_at_once)
{
    const temporary_folder folder;
    write_file(folder.file("good"), read_line);
    write_file(folder.file("bad"), "");
    std::filesystem::resize_file(folder.file("bad"), std::uintmax_t{1} << 30);
    const outcome o = diff(folder, {"good", "bad"});
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.err == "asio-sctrace: bad: line 1: holds a NUL byte: the file is binary, not text\n");
}

BOOST_AUTO_TEST_CASE(an_output_that_cannot_be_written)
{
    const temporary_folder folder;
    write_file(folder.file("a"), read_line);
    write_file(folder.file("b"), write_line);
    invocation full = tool({"diff", "--native", "x86_64", folder.file("a"), folder.file("b")});
    full.output_file = "/dev/full";
    const outcome o = run(full);
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.err == "asio-sctrace: cannot write -: No space left on device\n");
}

BOOST_AUTO_TEST_SUITE_END()

#include "replay.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

#include <unistd.h>

// What the tool advises where the library's message comes with a code. The rate limit's is in the golden data
// (record.kmsg.rate_limit, doctor.usual): it needs a host that has one.

using namespace sctrace::test;

namespace {

const std::string zstd_bytes = "\x28\xb5\x2f\xfd";
const std::string journal_bytes = "LPKSHHRH";

struct written_log {
    explicit written_log(const std::string& bytes) { write_file(path, bytes); }

    temporary_folder folder;
    const std::string path = folder.file("log");
};

/// What a command says that reads a file of calls with these bytes.
std::string said_of_calls(const std::string& bytes)
{
    const written_log calls(bytes);
    const outcome o = run(tool({"merge", "--native", "x86_64", calls.path}));
    BOOST_TEST(o.status == 1, o);
    const std::string prefix = "asio-sctrace: " + calls.path + ": ";
    BOOST_REQUIRE_MESSAGE(o.err.starts_with(prefix), o.err);
    return o.err.substr(prefix.size());
}

} // namespace

BOOST_AUTO_TEST_SUITE(advice)

BOOST_AUTO_TEST_CASE(a_log_that_a_command_converts)
{
    const written_log log(zstd_bytes);
    const outcome o = run(replay({log.path}));
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.err == "asio-sctrace: " + log.path + " is compressed with zstd: zstdcat " + log.path +
                            " | asio-sctrace replay -\n");
}

BOOST_AUTO_TEST_CASE(it_is_in_the_report_too)
{
    const outcome o = run(replay({"--report", "-", "-"}, zstd_bytes));
    const std::string words = "standard input is compressed with zstd: zstdcat FILE | asio-sctrace replay -";
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.err.find("asio-sctrace: " + words + '\n') != std::string::npos, o);
    const auto why = boost::json::parse(o.out).at("why").as_array();
    BOOST_TEST(why.back().as_string() == words);
}

BOOST_AUTO_TEST_CASE(the_kernels_live_log)
{
    if (::geteuid() != 0) {
        return;
    }
    const outcome o = run(replay({"/dev/kmsg"}));
    BOOST_TEST(o.err == "asio-sctrace: /dev/kmsg is the kernel's live log: dmesg | asio-sctrace replay -, or "
                        "asio-sctrace record\n");
}

BOOST_AUTO_TEST_CASE(a_log_of_the_journal_in_place_of_calls)
{
    BOOST_TEST(said_of_calls(journal_bytes) ==
               "a log of the systemd journal; make a trace of it with `asio-sctrace replay` first\n");
}

BOOST_AUTO_TEST_CASE(a_log_in_place_of_a_list)
{
    BOOST_TEST(
        said_of_calls("Nov 24 host\n") ==
        "line 1: \"Nov 24 host\" has a blank inside; a list has one name on each line, and a log is for "
        "`asio-sctrace replay`\n");
}

BOOST_AUTO_TEST_CASE(a_trace_of_another_architecture)
{
    BOOST_TEST(said_of_calls(R"({"syscall":63,"name":"read","count":1})") ==
               "line 1: syscall 63 is uname on x86_64, but the trace calls it read; if it was recorded on "
               "another architecture, name that with --native\n");
    BOOST_TEST(
        said_of_calls(R"({"syscall":4,"name":"read","count":1,"arch":"i386"})") ==
        "line 1: syscall 4 is write on i386, but the trace calls it read; one of the three is wrong\n");
}

BOOST_AUTO_TEST_CASE(refused_calls)
{
    const outcome o = run(replay({"-"}, kmsg_line({.code = "0x50000"}) + "\n"));
    BOOST_TEST(
        o.err.find("1 of the calls were refused, or their records do not tell: a profile of this trace "
                   "would permit them; `replay --events` and `watch` keep what was done with each\n") !=
            std::string::npos,
        o);
}

BOOST_AUTO_TEST_SUITE_END()

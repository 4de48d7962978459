#include "common/peak_memory.hpp"
#include "replay.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using namespace sctrace::test;

namespace {

constexpr std::size_t mebibyte = 1024; // in KiB

/// As old kernels wrote records, so that a million of them is no large log.
void append_short_record(std::string& log, std::uint64_t serial, std::string_view pid, std::string_view call)
{
    log.append("type=1326 audit(1795497556.007:").append(std::to_string(serial));
    log.append("): pid=").append(pid).append(" comm=\"x\" sig=0 syscall=").append(call);
    log.append(" ip=0x1 code=0x7ffc0000\n");
}

struct measured {
    outcome o;
    std::size_t peak_kib = 0;
};

measured measure(const invocation& i)
{
    process tool(i);
    peak_memory memory(tool.pid());
    measured result;
    result.o = tool.wait();
    result.peak_kib = memory.stop();
    return result;
}

void require_memory_below(const measured& m, std::size_t limit_kib)
{
    BOOST_TEST_MESSAGE("at most " << m.peak_kib << " KiB of anonymous memory");
    if (memory_is_the_program_s_own) {
        BOOST_TEST(m.peak_kib > 0U);
        BOOST_TEST(m.peak_kib <= limit_kib);
    }
}

const std::string three =
    log_of({dmesg_line({.serial = 1}), dmesg_line({.serial = 2}), dmesg_line({.serial = 3})});

std::string with_line_ends(std::string text, const std::string& end)
{
    for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += end.size()) {
        text.replace(at, 1, end);
    }
    return text;
}

} // namespace

BOOST_AUTO_TEST_SUITE(cli_replay_odd_text)

BOOST_AUTO_TEST_CASE(a_last_line_without_its_newline_counts)
{
    BOOST_TEST(serials_of(three.substr(0, three.size() - 1)) == (serials{1, 2, 3}));
    BOOST_TEST(serials_of(gzipped(three.substr(0, three.size() - 1))) == (serials{1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(lines_that_end_as_on_windows_give_the_same_events)
{
    BOOST_TEST(events_of(with_line_ends(three, "\r\n")) == events_of(three));
    const std::string audit = log_of({audit_line({.serial = 1}), enriched_line({.serial = 2})});
    BOOST_TEST(events_of(with_line_ends(audit, "\r\n")) == events_of(audit));
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_of_utf_8_hides_nothing)
{
    BOOST_TEST(serials_of("\xef\xbb\xbf" + three) == (serials{1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(nul_bytes_separate_the_entries_of_a_kmsg_capture)
{
    const std::string log = kmsg_log(1, 3);
    const std::string nul(1, '\0');
    BOOST_TEST(serials_of(with_line_ends(log, nul)) == (serials{1, 2, 3}));
    BOOST_TEST(serials_of(with_line_ends(log, '\n' + nul)) == (serials{1, 2, 3}));
    BOOST_TEST(serials_of(with_line_ends(log, nul), {"--format", "kmsg"}) == (serials{1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(nul_bytes_that_a_crash_left_hide_only_their_own_line)
{
    const std::string zeros(70000, '\0');
    const std::string log = log_of({syslog_line({.serial = 1}), zeros, syslog_line({.serial = 2})});
    BOOST_TEST(serials_of(log) == (serials{1, 2}));
    const std::string torn =
        syslog_line({.serial = 1}).substr(0, 90) + zeros + '\n' + log_of({syslog_line({.serial = 2})});
    BOOST_TEST(serials_of(torn) == serials{2});
}

BOOST_AUTO_TEST_CASE(continuation_lines_of_a_kmsg_entry_are_no_records)
{
    const std::string log =
        log_of({"5,1,1,-;audit: type=1400 audit(1.0:1): x", " SUBSYSTEM=audit",
                " KEY=" + logged_record{.serial = 66}.kernel_text(), kmsg_line({.serial = 2})});
    BOOST_TEST(serials_of(log) == serials{2});
}

BOOST_AUTO_TEST_CASE(what_a_user_wrote_into_the_log_never_counts)
{
    const std::string text = logged_record{.serial = 66}.kernel_text();
    const std::string log =
        log_of({"13,1,1,-;" + text, "Nov 24 05:40:36 host logger[33]: " + text,
                "audit: type=1107 audit(1.0:1): pid=1 msg='x " + text + "'",
                "type=USER_CMD msg=audit(1.0:1): pid=1 cmd='" + audit_line({.serial = 66}) + "'",
                kmsg_line({.serial = 2})});
    BOOST_TEST(serials_of(log) == serials{2});
}

BOOST_AUTO_TEST_CASE(numbers_that_fit_nowhere_are_no_members)
{
    const std::string log = log_of({audit_line({.serial = 1,
                                                .session = "99999999999999999999",
                                                .pid = "99999999999",
                                                .arch = "1c000003e",
                                                .syscall = "9223372036854775807",
                                                .ip = "0x1ffffffffffffffff",
                                                .code = "0x17ffc0000"})});
    const auto events = events_of(log);
    BOOST_REQUIRE(events.size() == 1U);
    for (const char* name : {"ses", "pid", "arch", "ip", "code", "action"}) {
        BOOST_TEST(!events[0].contains(name), name);
    }
    BOOST_TEST(events[0].at("syscall") == 9223372036854775807);
    // Without a serial that the kernel can have made it is no header.
    BOOST_TEST(serials_of(log_of({audit_line({.serial = 4294967296}), audit_line({.serial = 4294967295})})) ==
               serials{4294967295});
    const auto too_large = report_on(log_of({audit_line({.syscall = "9223372036854775808"}),
                                             audit_line({.serial = 2, .syscall = "-9223372036854775809"}),
                                             audit_line({.serial = 3, .syscall = "x"})}));
    BOOST_TEST(too_large.at("records") == 0);
    BOOST_TEST(too_large.at("loss").at("malformed_records") == 3);
}

BOOST_AUTO_TEST_CASE(a_line_of_100_mib_costs_no_memory_and_hides_no_record)
{
    std::string log = log_of({dmesg_line({.serial = 1})});
    log.append(std::size_t{100} << 20, 'x') += '\n';
    log += log_of({dmesg_line({.serial = 2})});
    const measured m = measure(replay({"--events", "-"}, log));
    BOOST_TEST(m.o.status == 0, m.o);
    BOOST_TEST(serials_in(m.o.out) == (serials{1, 2}));
    require_memory_below(m, 16 * mebibyte);
    const measured compressed = measure(replay({"--events", "-"}, gzipped(log)));
    BOOST_TEST(serials_in(compressed.o.out) == (serials{1, 2}));
    require_memory_below(compressed, 16 * mebibyte);
}

BOOST_AUTO_TEST_CASE(a_million_process_ids_cost_no_memory)
{
    std::string log;
    for (std::uint64_t i = 1; i <= 1'000'000; ++i) {
        append_short_record(log, i, std::to_string(i), "110");
    }
    const measured m = measure(replay({"--quiet", "-o", "-", "-"}, log));
    BOOST_TEST(m.o.status == 0, m.o);
    BOOST_TEST(total(counts_in(m.o.out)) == 1'000'000U);
    require_memory_below(m, 16 * mebibyte);
}

// A program can call any number it likes, and must not fill the memory of who counts.
BOOST_AUTO_TEST_CASE(of_a_million_numbers_of_calls_the_first_16384_are_told_apart)
{
    std::string log;
    for (std::uint64_t i = 1; i <= 1'000'000; ++i) {
        append_short_record(log, i, "42", std::to_string(i));
    }
    const temporary_folder folder;
    const measured m =
        measure(replay({"--quiet", "-o", folder.file("trace"), "--report", folder.file("report"), "-"}, log));
    BOOST_TEST(m.o.status == 1, m.o);
    BOOST_TEST(m.o.says("983616 calls were not counted: there were more than 16384 different ones"), m.o);
    const std::string trace = read_file(folder.file("trace"));
    BOOST_TEST(std::count(trace.begin(), trace.end(), '\n') == 16384);
    BOOST_TEST(trace.ends_with("{\"syscall\":16384,\"name\":null,\"count\":1}\n"));
    BOOST_TEST(read_file(folder.file("report")).find("983616 calls were not counted") != std::string::npos);
    require_memory_below(m, 16 * mebibyte);
}

BOOST_AUTO_TEST_SUITE_END()

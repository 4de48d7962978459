#include "replay.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

using namespace sctrace::test;
namespace json = boost::json;

namespace {

using call_counts = std::map<std::string, std::uint64_t>;

const std::string unproven = "unproven: ";

/// Each form of log with two calls of getppid and one of getuid.
std::map<std::string, std::string> logs_by_format()
{
    const logged_record first{.serial = 11};
    const logged_record second{.serial = 12, .syscall = "102"};
    const logged_record third{.serial = 13, .ip = "0x55d0c8"};
    const auto log = [&](const auto& line) { return log_of({line(first), line(second), line(third)}); };
    return {
        {"kmsg", log([](const logged_record& r) { return kmsg_line(r); })},
        {"dmesg", log(dmesg_line)},
        {"syslog", log(syslog_line)},
        {"journal", log(journal_line)},
        {"audit", log(audit_line)},
    };
}

bool ends_with_verdict(const outcome& o)
{
    const auto last_line = o.err.rfind('\n', o.err.size() - 2) + 1;
    return o.err.ends_with('\n') && o.err.compare(last_line, unproven.size(), unproven) == 0;
}

} // namespace

BOOST_AUTO_TEST_SUITE(cli_replay)

BOOST_AUTO_TEST_CASE(a_log_of_each_form_gives_its_counts)
{
    const call_counts expected{{"getppid", 2}, {"getuid", 1}};
    for (const auto& [format, log] : logs_by_format()) {
        BOOST_TEST_CONTEXT(format)
        {
            BOOST_TEST(counts_of(log) == expected);
            BOOST_TEST(counts_of(log, {"--format", "auto"}) == expected);
            BOOST_TEST(counts_of(log, {"--format", format}) == expected);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_format_leaves_out_lines_of_other_forms)
{
    // journalctl shows the kernel's messages as syslog does.
    const std::vector<std::pair<std::string, std::vector<std::string>>> others{
        {"kmsg", {"dmesg", "syslog", "journal", "audit"}}, {"dmesg", {"kmsg", "syslog", "journal", "audit"}},
        {"syslog", {"kmsg", "dmesg", "journal", "audit"}}, {"journal", {"kmsg", "dmesg", "audit"}},
        {"audit", {"kmsg", "dmesg", "syslog", "journal"}},
    };
    auto logs = logs_by_format();
    for (const auto& [format, forms] : others) {
        for (const std::string& form : forms) {
            BOOST_TEST(trace_of(logs[form], {"--format", format}).empty(), format << " of " << form);
        }
    }
}

BOOST_AUTO_TEST_CASE(auditd_s_enriched_lines_give_the_same_events_as_its_raw_ones)
{
    const logged_record r{.serial = 5};
    BOOST_TEST(events_of(log_of({enriched_line(r)})) == events_of(log_of({audit_line(r)})));
}

BOOST_AUTO_TEST_CASE(journalctl_s_json_and_export_are_read)
{
    const logged_record r{.serial = 31};
    std::string message = "SECCOMP " + r.fields();
    const std::string exported = "__REALTIME_TIMESTAMP=1795497556007000\nPRIORITY=5\n_TRANSPORT=audit\n"
                                 "_AUDIT_TYPE=1326\n_AUDIT_ID=31\n"
                                 "_SOURCE_REALTIME_TIMESTAMP=1795497556007000\nMESSAGE=" +
                                 message + "\n_PID=2752\n\n";
    BOOST_TEST(counts_of(exported) == (call_counts{{"getppid", 1}}));
    const json::object line{{"_TRANSPORT", "audit"}, {"_AUDIT_TYPE", "1326"},
                            {"_AUDIT_ID", "31"},     {"_SOURCE_REALTIME_TIMESTAMP", "1795497556007000"},
                            {"MESSAGE", message},    {"_PID", "2752"}};
    BOOST_TEST(counts_of(json::serialize(line) + '\n') == (call_counts{{"getppid", 1}}));
    const json::object kernel{{"_TRANSPORT", "kernel"}, {"MESSAGE", r.kernel_text()}, {"PRIORITY", "5"}};
    BOOST_TEST(serials_of(json::serialize(kernel) + '\n') == serials{31});
}

BOOST_AUTO_TEST_CASE(an_event_has_the_members_of_its_record_in_their_order)
{
    const outcome o =
        run(replay({"--events", "-"}, log_of({audit_line({.serial = 200135, .session = "3"})})));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.out == R"({"time":"1795497556.007","serial":200135,"auid":4294967295,"uid":33,"gid":33,)"
                        R"("ses":3,"subj":"unconfined","pid":2752,"comm":"nginx","exe":"/usr/sbin/nginx",)"
                        R"("sig":0,"arch":"x86_64","syscall":110,"name":"getppid","compat":0,)"
                        R"("ip":"0x7f29e9374829","code":"0x7ffc0000","action":"log"})"
                        "\n");
    BOOST_TEST(o.err.starts_with(unproven), o);
    BOOST_TEST(std::count(o.err.begin(), o.err.end(), '\n') == 1, o);
}

BOOST_AUTO_TEST_CASE(a_member_whose_field_the_record_lacks_is_absent)
{
    const auto events = events_of("type=1326 audit(123:456): pid=42 syscall=-1\n");
    BOOST_REQUIRE(events.size() == 1U);
    BOOST_TEST(has_exactly(events[0], {"time", "serial", "pid", "syscall", "name"}));
    BOOST_TEST(events[0].at("time") == "123");
    BOOST_TEST(events[0].at("serial") == 456);
    BOOST_TEST(events[0].at("pid") == 42);
    BOOST_TEST(events[0].at("syscall") == -1);
    BOOST_TEST(events[0].at("name").is_null());
}

BOOST_AUTO_TEST_CASE(strings_of_an_event_are_decoded_and_never_lose_a_byte)
{
    const auto event_of = [](const logged_record& r) { return events_of(log_of({kmsg_line(r)})).at(0); };
    const json::object spaced = event_of({.comm = "737020616365", .exe = "(null)"});
    BOOST_TEST(spaced.at("comm") == "sp ace");
    BOOST_TEST(!spaced.contains("exe"));
    BOOST_TEST(!spaced.contains("comm_hex"));
    const json::object escaped = event_of({.comm = R"("back\x5cslash")"});
    BOOST_TEST(escaped.at("comm") == "back\\slash");
    const json::object broken = event_of({.comm = "61FF62", .exe = "2FFF"});
    BOOST_TEST(broken.at("comm") == "a\xef\xbf\xbd"
                                    "b");
    BOOST_TEST(broken.at("comm_hex") == "61FF62");
    BOOST_TEST(broken.at("exe") == "/\xef\xbf\xbd");
    BOOST_TEST(broken.at("exe_hex") == "2FFF");
}

BOOST_AUTO_TEST_CASE(architectures_and_actions_are_named_and_unknown_ones_are_numbers)
{
    const auto event_of = [](const logged_record& r) { return events_of(log_of({dmesg_line(r)})).at(0); };
    const json::object x32 = event_of({.syscall = "1073741863"});
    BOOST_TEST(x32.at("arch") == "x32");
    BOOST_TEST(x32.at("name") == "getpid");
    const json::object unknown = event_of({.arch = "c0001234", .code = "0x12340000"});
    BOOST_TEST(unknown.at("arch") == "0xc0001234");
    BOOST_TEST(unknown.at("name").is_null());
    BOOST_TEST(unknown.at("action") == "0x12340000");
    const std::vector<std::pair<std::string, std::string>> actions{
        {"0x80000000", "kill_process"}, {"0x0", "kill_thread"},       {"0x30000", "trap"},
        {"0x50001", "errno"},           {"0x7fc00000", "user_notif"}, {"0x7ff00000", "trace"},
        {"0x7ffc0000", "log"},          {"0x7fff0000", "allow"}};
    for (const auto& [code, action] : actions) {
        const json::object event = event_of({.code = code});
        BOOST_TEST(event.at("action").as_string() == action);
        BOOST_TEST(event.at("code").as_string() == code);
    }
}

BOOST_AUTO_TEST_CASE(a_trace_is_sorted_and_foreign_calls_name_their_architecture)
{
    const std::string log =
        log_of({dmesg_line({.serial = 1, .arch = "40000003", .syscall = "64"}), dmesg_line({.serial = 2}),
                dmesg_line({.serial = 3, .syscall = "0"}), dmesg_line({.serial = 4, .syscall = "123456"}),
                dmesg_line({.serial = 5, .arch = "c00000b7", .syscall = "25"}), dmesg_line({.serial = 6}),
                dmesg_line({.serial = 7, .arch = "", .syscall = "0"})});
    BOOST_TEST(trace_of(log, {"--native", "x86_64"}) ==
               R"({"syscall":0,"name":"read","count":2})"
               "\n"
               R"({"syscall":110,"name":"getppid","count":2})"
               "\n"
               R"({"syscall":123456,"name":null,"count":1})"
               "\n"
               R"({"syscall":25,"name":"fcntl","count":1,"arch":"aarch64"})"
               "\n"
               R"({"syscall":64,"name":"getppid","count":1,"arch":"i386"})"
               "\n");
    BOOST_TEST(trace_of(log, {"--native", "i386"})
                   .starts_with(R"({"syscall":0,"name":"restart_syscall","count":1})"
                                "\n"
                                R"({"syscall":64,"name":"getppid","count":1})"
                                "\n"));
}

BOOST_AUTO_TEST_CASE(events_come_in_the_order_of_the_log_and_of_the_files)
{
    const temporary_folder folder;
    write_file(folder.file("late"), log_of({dmesg_line({.serial = 9}), dmesg_line({.serial = 7})}));
    write_file(folder.file("early.gz"),
               gzipped(log_of({audit_line({.serial = 2}), audit_line({.serial = 3})})));
    const outcome o = run(replay({"--events", folder.file("late"), "-", folder.file("early.gz")},
                                 log_of({kmsg_line({.serial = 5})})));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(serials_in(o.out) == (serials{9, 7, 5, 2, 3}));
}

BOOST_AUTO_TEST_CASE(the_order_of_many_events_is_kept_and_each_run_gives_the_same_bytes)
{
    const temporary_folder folder;
    std::string log;
    serials expected;
    for (std::uint64_t serial = 1; serial <= 30000; ++serial) {
        log += kmsg_line({.serial = serial,
                          .pid = std::to_string(100 + serial % 7),
                          .syscall = std::to_string(serial % 300)}) +
               "\n6,1,1,-;eth0: link is up\n";
        expected.push_back(serial);
    }
    write_file(folder.file("log"), log);
    const outcome events = run(replay({"--events", folder.file("log")}));
    BOOST_TEST((serials_in(events.out) == expected));
    const outcome trace = run(replay({"-o", "-", folder.file("log")}));
    BOOST_TEST(total(counts_in(trace.out)) == 30000U);
    for (int i = 0; i < 5; ++i) {
        BOOST_TEST(run(replay({"--events", folder.file("log")})).out == events.out);
        const outcome again = run(replay({"-o", "-", folder.file("log")}));
        BOOST_TEST(again.out == trace.out);
        BOOST_TEST(again.err == trace.err);
    }
}

BOOST_AUTO_TEST_CASE(the_table_and_the_verdict_go_to_standard_error)
{
    const std::string log = logs_by_format()["kmsg"];
    const outcome o = run(replay({"-"}, log));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.out.empty(), o);
    BOOST_TEST(o.says("         2   66.67 getppid\n"), o);
    BOOST_TEST(o.says("         1   33.33 getuid\n"), o);
    BOOST_TEST(o.says("         3  100.00 total\n"), o);
    BOOST_TEST(ends_with_verdict(o), o);
    const outcome quiet = run(replay({"--quiet", "-"}, log));
    BOOST_TEST(quiet.status == 0, quiet);
    BOOST_TEST(quiet.out.empty(), quiet);
    BOOST_TEST(quiet.err.empty(), quiet);
}

BOOST_AUTO_TEST_CASE(events_may_go_to_a_file)
{
    const temporary_folder folder;
    const outcome o =
        run(replay({"--events", "-o", folder.file("events"), "-"}, log_of({kmsg_line({.serial = 8})})));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.out.empty(), o);
    BOOST_TEST(serials_in(read_file(folder.file("events"))) == serials{8});
    const std::filesystem::directory_iterator files(folder.path());
    BOOST_TEST(std::distance(begin(files), end(files)) == 1);
}

BOOST_AUTO_TEST_CASE(an_empty_log_gives_an_empty_trace_and_proves_nothing)
{
    const temporary_folder folder;
    const outcome o = run(replay({"-o", folder.file("trace"), "-"}));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(ends_with_verdict(o), o);
    BOOST_TEST(std::filesystem::exists(folder.file("trace")));
    BOOST_TEST(read_file(folder.file("trace")).empty());
}

BOOST_AUTO_TEST_CASE(the_report_speaks_of_a_replay)
{
    const json::object report =
        report_on(log_of({kmsg_line({.serial = 21, .session = "3"}), kmsg_line({.serial = 22}),
                          kmsg_line({.serial = 23, .session = "3", .syscall = "102"})}),
                  {"--session", "3", "--native", "aarch64"});
    BOOST_TEST(has_exactly(report, {"version", "source", "native", "command", "pids", "session", "started",
                                    "ended", "records", "syscalls", "verdict", "missing_at_most", "why",
                                    "first_serial", "last_serial", "loss"}));
    BOOST_TEST(report.at("source") == "replay");
    BOOST_TEST(report.at("native") == "aarch64");
    BOOST_TEST(report.at("command") == json::array());
    BOOST_TEST(report.at("session") == 3);
    BOOST_TEST(report.at("records") == 2);
    BOOST_TEST(report.at("syscalls") == 2);
    BOOST_TEST(report.at("verdict") == "unproven");
    BOOST_TEST(report.at("missing_at_most").is_null());
    BOOST_TEST(!report.at("why").as_array().empty());
    BOOST_TEST(report_on("", {"--pid", "12", "--pid", "7"}).at("pids") == (json::array{12, 7}));
}

BOOST_AUTO_TEST_CASE(what_a_log_tells_of_losses_is_among_the_reasons)
{
    const logged_record cut{.serial = 2};
    const std::string text = kmsg_line(cut);
    const json::object report =
        report_on(log_of({kmsg_line({.serial = 1}), text.substr(0, text.find(" sig=")),
                          "4,3,5,-;kauditd_printk_skb: 20 callbacks suppressed",
                          kmsg_line({.serial = 4, .syscall = "99999999999999999999"}),
                          "3,5,6,-;audit: audit_lost=25190 audit_rate_limit=0 audit_backlog_limit=64"}));
    const json::object& loss = report.at("loss").as_object();
    BOOST_TEST(report.at("records") == 1);
    BOOST_TEST(loss.at("printk_suppressed") == 20);
    BOOST_TEST(loss.at("truncated_records") == 1);
    BOOST_TEST(loss.at("malformed_records") == 1);
    BOOST_TEST(loss.at("kmsg_overwritten") == 0);
    const std::string why = json::serialize(report.at("why"));
    for (const char* reason : {"suppressed 20 messages", "1 record was cut", "1 record could not be read",
                               "lost 25190 audit records"}) {
        BOOST_TEST(why.find(reason) != std::string::npos, reason << " in " << why);
    }
}

BOOST_AUTO_TEST_CASE(a_gap_in_the_sequence_of_a_kmsg_capture_is_told)
{
    const json::object report =
        report_on(log_of({kmsg_line({.serial = 1}, 100), kmsg_line({.serial = 2}, 110)}));
    BOOST_TEST(report.at("loss").at("kmsg_overwritten") == 9);
}

BOOST_AUTO_TEST_SUITE_END()

#include "replay.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

using namespace sctrace::test;

namespace {

std::string log_of_records(const std::vector<logged_record>& records)
{
    std::string log;
    for (const logged_record& r : records) {
        log += audit_line(r) + '\n';
    }
    return log;
}

/// Records of several processes, programs and architectures.
const std::string mixed_log = log_of_records({
    {.serial = 1, .session = "3", .pid = "42"},
    {.serial = 2, .session = "33", .pid = "421"},
    {.serial = 3, .session = "3", .pid = "4242", .comm = "\"worker\""},
    {.serial = 4, .pid = "42", .comm = "737020616365", .exe = "\"/bin/busybox\""},
    {.serial = 5, .session = "4", .pid = "7", .exe = "2F6F7074206F6E652F67656E", .arch = "40000003"},
    {.serial = 6, .session = "5", .pid = "8", .comm = "\"fifteen-letters\"", .syscall = "1073741863"},
});

/// Serial numbers and times of records.
std::string log_of_times(const std::vector<std::string>& times)
{
    std::vector<logged_record> records;
    for (const std::string& time : times) {
        records.push_back({.serial = records.size() + 1, .time = time});
    }
    return log_of_records(records);
}

/// The serials that such a log has left, in this time zone.
serials selected_in(const std::string& zone, const std::string& log, const words& options)
{
    invocation i = replay(joined(options, {"--events", "-"}), log);
    i.environment = {"TZ=" + zone};
    const outcome o = run(i);
    BOOST_TEST(o.status == 0, o);
    return serials_in(o.out);
}

std::string seconds_from_now(long seconds)
{
    return std::to_string(std::time(nullptr) + seconds) + ".000";
}

std::string clock_time(std::time_t when)
{
    std::tm utc{};
    ::gmtime_r(&when, &utc);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%H:%M:%S", &utc);
    return text.data();
}

/// Runs a check whose words mean another day after midnight.
template <class Check>
void within_one_day(Check check)
{
    constexpr std::time_t day = 24 * 60 * 60;
    // Far enough from both ends of the day for the records that the checks make.
    while (std::time(nullptr) % day < 5 || std::time(nullptr) % day > day - 30) {
        ::sleep(1);
    }
    check();
}

} // namespace

BOOST_AUTO_TEST_SUITE(cli_replay_selection)

BOOST_AUTO_TEST_CASE(process_ids_select_as_numbers)
{
    BOOST_TEST(serials_of(mixed_log, {"--pid", "42"}) == (serials{1, 4}));
    BOOST_TEST(serials_of(mixed_log, {"--pid", "421", "--pid", "7"}) == (serials{2, 5}));
    BOOST_TEST(serials_of(mixed_log, {"--pid", "1"}) == serials{});
}

BOOST_AUTO_TEST_CASE(a_session_selects_as_a_number)
{
    BOOST_TEST(serials_of(mixed_log, {"--session", "3"}) == (serials{1, 3}));
    BOOST_TEST(serials_of(mixed_log, {"--session", "4294967295"}) == serials{4});
}

BOOST_AUTO_TEST_CASE(names_of_threads_and_programs_select_whole_and_decoded)
{
    BOOST_TEST(serials_of(mixed_log, {"--comm", "worker"}) == serials{3});
    BOOST_TEST(serials_of(mixed_log, {"--comm", "work"}) == serials{});
    BOOST_TEST(serials_of(mixed_log, {"--comm", "sp ace", "--comm", "worker"}) == (serials{3, 4}));
    BOOST_TEST(serials_of(mixed_log, {"--comm", "fifteen-letters-and-more"}) == serials{6});
    BOOST_TEST(serials_of(mixed_log, {"--exe", "/opt one/gen"}) == serials{5});
    BOOST_TEST(serials_of(mixed_log, {"--exe", "/bin/busybox", "--exe", "/opt one/gen"}) == (serials{4, 5}));
    BOOST_TEST(serials_of(mixed_log, {"--exe", "busybox"}) == serials{});
}

BOOST_AUTO_TEST_CASE(a_name_that_kmsg_escapes_selects_decoded)
{
    const std::string log = kmsg_line({.serial = 9, .comm = R"("back\x5cslash")"}) + '\n';
    BOOST_TEST(serials_of(log, {"--comm", R"(back\slash)"}) == serials{9});
}

BOOST_AUTO_TEST_CASE(architectures_select_calls)
{
    BOOST_TEST(serials_of(mixed_log, {"--arch", "i386"}) == serials{5});
    BOOST_TEST(serials_of(mixed_log, {"--arch", "x32"}) == serials{6});
    BOOST_TEST(serials_of(mixed_log, {"--arch", "x86_64"}) == (serials{1, 2, 3, 4}));
    BOOST_TEST(serials_of(mixed_log, {"--arch", "i386", "--arch", "x32"}) == (serials{5, 6}));
}

BOOST_AUTO_TEST_CASE(options_of_several_kinds_all_have_to_suit)
{
    BOOST_TEST(serials_of(mixed_log, {"--pid", "42", "--session", "3"}) == serials{1});
    BOOST_TEST(serials_of(mixed_log, {"--pid", "42", "--comm", "worker"}) == serials{});
    BOOST_TEST(serials_of(mixed_log, {"--pid", "42", "--pid", "4242", "--exe", "/usr/sbin/nginx"}) ==
               (serials{1, 3}));
}

BOOST_AUTO_TEST_CASE(a_selection_counts_in_a_trace_as_it_does_in_events)
{
    const std::vector<std::pair<words, std::uint64_t>> selections{
        {{"--pid", "42"}, 2},
        {{"--session", "3"}, 2},
        {{"--comm", "worker"}, 1},
        {{"--exe", "/bin/busybox"}, 1},
        {{"--arch", "i386"}, 1},
        {{"--arch", "x32"}, 1},
        {{"--since", "@1795497556.007"}, 6},
        {{"--until", "@1795497556"}, 0},
    };
    for (const auto& [options, count] : selections) {
        BOOST_TEST(total(counts_of(mixed_log, options)) == count, options.front() << options.back());
    }
}

BOOST_AUTO_TEST_CASE(times_in_seconds_select)
{
    const std::string log = log_of_times({"99.999", "100.499", "100.500", "101.000", "102"});
    BOOST_TEST(serials_of(log, {"--since", "@100.500"}) == (serials{3, 4, 5}));
    BOOST_TEST(serials_of(log, {"--since", "@100.5"}) == (serials{3, 4, 5}));
    BOOST_TEST(serials_of(log, {"--since", "@100"}) == (serials{2, 3, 4, 5}));
    BOOST_TEST(serials_of(log, {"--until", "@100.500"}) == (serials{1, 2}));
    BOOST_TEST(serials_of(log, {"--until", "@100.499001"}) == (serials{1, 2}));
    BOOST_TEST(serials_of(log, {"--since", "@100", "--until", "@101.5"}) == (serials{2, 3, 4}));
    BOOST_TEST(serials_of(log, {"--since", "@200"}) == serials{});
}

BOOST_AUTO_TEST_CASE(dates_select_in_the_zone_they_name_or_the_local_one)
{
    // 05:19:15.999, 05:19:16.000 and 05:19:16.500 UTC on 2026-11-24.
    const std::string log = log_of_times({"1795497555.999", "1795497556.000", "1795497556.500"});
    const std::vector<std::string> starts{"2026-11-24T05:19:16Z",      "2026-11-24 05:19:16Z",
                                          "2026-11-24T05:19:16.000Z",  "2026-11-24T07:19:16+02:00",
                                          "2026-11-24 00:49:16-04:30", "2026-11-24T08:19:16",
                                          "2026-11-24 08:19:16.000"};
    for (const std::string& start : starts) {
        BOOST_TEST(selected_in("EAST-3", log, {"--since", start}) == (serials{2, 3}), start);
        BOOST_TEST(selected_in("EAST-3", log, {"--until", start}) == serials{1}, start);
    }
    BOOST_TEST(selected_in("UTC", log, {"--since", "2026-11-24T05:19:16.250"}) == serials{3});
    BOOST_TEST(selected_in("UTC", log, {"--since", "2026-11-24T05:19"}) == (serials{1, 2, 3}));
    BOOST_TEST(selected_in("UTC", log, {"--since", "2026-11-24T05:20"}) == serials{});
    BOOST_TEST(selected_in("UTC", log, {"--since", "2026-11-24", "--until", "2026-11-25"}) ==
               (serials{1, 2, 3}));
    BOOST_TEST(selected_in("UTC", log, {"--until", "2026-11-24"}) == serials{});
    BOOST_TEST(selected_in("UTC", log, {"--since", "2026-11-25"}) == serials{});
}

BOOST_AUTO_TEST_CASE(a_date_without_a_time_is_local_midnight)
{
    // 22:00 UTC on 2026-11-23 is midnight two hours further east.
    const std::string log = log_of_times({"1795471199.000", "1795471200.000"});
    BOOST_TEST(selected_in("EAST-2", log, {"--since", "2026-11-24"}) == serials{2});
    BOOST_TEST(selected_in("UTC", log, {"--since", "2026-11-24"}) == serials{});
}

BOOST_AUTO_TEST_CASE(words_for_days_select)
{
    within_one_day([] {
        const std::string log = log_of_times({seconds_from_now(-49L * 3600), seconds_from_now(-24L * 3600),
                                              seconds_from_now(-2), seconds_from_now(3600)});
        BOOST_TEST(selected_in("UTC", log, {"--since", "yesterday"}) == (serials{2, 3, 4}));
        BOOST_TEST(selected_in("UTC", log, {"--since", "today"}) == (serials{3, 4}));
        BOOST_TEST(selected_in("UTC", log, {"--until", "today"}) == (serials{1, 2}));
        BOOST_TEST(selected_in("UTC", log, {"--until", "now"}) == (serials{1, 2, 3}));
        BOOST_TEST(selected_in("UTC", log, {"--since", "now"}) == serials{4});
    });
}

BOOST_AUTO_TEST_CASE(a_time_without_a_date_is_today_s)
{
    within_one_day([] {
        const std::time_t now = std::time(nullptr);
        const std::string log =
            log_of_times({seconds_from_now(-25L * 3600), seconds_from_now(-3), seconds_from_now(3)});
        BOOST_TEST(selected_in("UTC", log, {"--since", clock_time(now)}) == serials{3});
        BOOST_TEST(selected_in("UTC", log, {"--since", "00:00"}) == (serials{2, 3}));
        BOOST_TEST(selected_in("UTC", log, {"--until", "00:00:00"}) == serials{1});
    });
}

BOOST_AUTO_TEST_CASE(a_record_without_a_time_is_outside_of_every_time)
{
    const std::string log = log_of({journal_line({.serial = 1})});
    BOOST_TEST(serials_of(log, {"--since", "@1"}) == serials{});
    BOOST_TEST(serials_of(log, {"--until", "now"}) == serials{});
}

BOOST_AUTO_TEST_SUITE_END()

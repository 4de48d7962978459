#include "common/line_by_line.hpp"
#include "common/logged_record.hpp"
#include "common/words_test.hpp"
#include "log/log_parser.hpp"

#include <boost/json.hpp>

#include <chrono>
#include <vector>

namespace {

using namespace std::chrono_literals;
using sctrace::architecture;
using sctrace::log_format;
using sctrace::log_time;
using sctrace::loss_notice;
using sctrace::record_filter;
using sctrace::syscall_key;
using sctrace::detail::log_parser;
using sctrace::detail::parsed_part;
using sctrace::test::audit_line;
using sctrace::test::journal_line;
using sctrace::test::kmsg_line;
using sctrace::test::log_of;
using sctrace::test::logged_record;

const architecture x86_64(0xc000003e);
const architecture i386(0x40000003);
const architecture aarch64(0xc00000b7);

/// What a log's lines say; the events are copies.
parsed_part parse(std::string_view log, const record_filter& filter = {}, bool with_events = false,
                  architecture native = x86_64)
{
    sctrace::test::text_to_scan text(log);
    const auto batch = sctrace::test::scanned(text, log_format::automatic, false);
    log_parser parser(native, filter, with_events);
    parsed_part part;
    parser.parse(batch, part);
    return part;
}

/// The same with and without events, which take different ways.
parsed_part parse_both_ways(std::string_view log, const record_filter& filter = {})
{
    const parsed_part part = parse(log, filter);
    const parsed_part with_events = parse(log, filter, true);
    BOOST_TEST(part.calls.size() == with_events.calls.size());
    for (std::size_t i = 0; i < part.calls.size() && i < with_events.calls.size(); ++i) {
        BOOST_TEST((part.calls[i].call == with_events.calls[i].call));
        BOOST_TEST(part.calls[i].identity.stamp == with_events.calls[i].identity.stamp);
        BOOST_TEST(part.calls[i].identity.body == with_events.calls[i].identity.body);
    }
    BOOST_TEST(part.notices.size() == with_events.notices.size());
    BOOST_TEST((part.cut == with_events.cut));
    BOOST_TEST(part.malformed == with_events.malformed);
    BOOST_TEST(part.interpreted == with_events.interpreted);
    BOOST_TEST(part.without_time == with_events.without_time);
    BOOST_TEST((part.first == with_events.first));
    BOOST_TEST((part.last == with_events.last));
    return part;
}

const sctrace::detail::record_identity& only(const parsed_part& part)
{
    BOOST_REQUIRE(part.calls.size() == 1U);
    return part.calls[0].identity;
}

const std::string interpreted =
    "type=SECCOMP msg=audit(03/04/2025 07:39:37.599:201) : auid=unset pid=1 syscall=faccessat";

/// A record whose system call is no number.
std::string malformed(const std::string& pid)
{
    return kmsg_line({.pid = pid, .syscall = "none"});
}

/// A record that ends before the system call's number.
std::string cut(std::uint64_t serial, const std::string& pid = "2752")
{
    const std::string whole = kmsg_line({.serial = serial, .pid = pid});
    return whole.substr(0, whole.find(" sig=0"));
}

} // namespace

BOOST_AUTO_TEST_SUITE(log_parsing)

BOOST_AUTO_TEST_CASE(calls_come_in_the_logs_order)
{
    const auto part =
        parse_both_ways(log_of({kmsg_line({.serial = 1, .syscall = "3"}), "noise",
                                audit_line({.serial = 2, .syscall = "1"}), journal_line({.syscall = "2"})}));
    BOOST_REQUIRE(part.calls.size() == 3U);
    BOOST_TEST((part.calls[0].call == syscall_key{x86_64, 3}));
    BOOST_TEST((part.calls[1].call == syscall_key{x86_64, 1}));
    BOOST_TEST((part.calls[2].call == syscall_key{x86_64, 2}));
    BOOST_TEST(!part.calls[2].identity.has_header());
}

BOOST_AUTO_TEST_CASE(the_architecture_is_the_records_or_the_native_one)
{
    const std::string log = log_of(
        {kmsg_line({.arch = "40000003"}), kmsg_line({.arch = ""}), kmsg_line({.syscall = "1073741863"})});
    for (const bool with_events : {false, true}) {
        const auto part = parse(log, {}, with_events, aarch64);
        BOOST_REQUIRE(part.calls.size() == 3U);
        BOOST_TEST((part.calls[0].call.arch == i386));
        BOOST_TEST((part.calls[1].call.arch == aarch64));
        BOOST_TEST((part.calls[2].call.arch == architecture::of_call(0xc000003e, 1073741863)));
    }
}

BOOST_AUTO_TEST_CASE(copies_in_every_form_are_the_same_record)
{
    const logged_record r{.serial = 77};
    const auto kernel = only(parse_both_ways(log_of({kmsg_line(r)})));
    for (const std::string& line :
         {sctrace::test::dmesg_line(r), sctrace::test::syslog_line(r), audit_line(r),
          sctrace::test::enriched_line(r), "node=web-1 " + audit_line(r), kmsg_line(r, 5) + '\r'}) {
        const auto copy = only(parse_both_ways(log_of({line})));
        BOOST_TEST_CONTEXT(line)
        {
            BOOST_TEST(copy.stamp == kernel.stamp);
            BOOST_TEST(copy.body == kernel.body);
        }
    }
    const auto journal = only(parse_both_ways(log_of({journal_line(r)})));
    BOOST_TEST(journal.stamp == 0U);
    BOOST_TEST(journal.body == kernel.body);
}

BOOST_AUTO_TEST_CASE(records_that_differ_in_anything_are_told_apart)
{
    const auto first = only(parse_both_ways(log_of({kmsg_line({.serial = 0})})));
    BOOST_TEST(first.has_header());
    for (const logged_record& r :
         {logged_record{.serial = 1}, logged_record{.serial = 4294967295}, logged_record{.serial = 256},
          logged_record{.serial = 0, .time = "1795497556.008"},
          logged_record{.serial = 0, .time = "1795497556"}}) {
        const auto other = only(parse_both_ways(log_of({kmsg_line(r)})));
        BOOST_TEST(other.has_header());
        BOOST_TEST(other.stamp != first.stamp);
        BOOST_TEST(other.body == first.body);
    }
    const auto other = only(parse_both_ways(log_of({kmsg_line({.serial = 0, .ip = "0x7f29e9374828"})})));
    BOOST_TEST(other.stamp == first.stamp);
    BOOST_TEST(other.body != first.body);
}

BOOST_AUTO_TEST_CASE(events_are_delimited)
{
    const auto part =
        parse(log_of({kmsg_line({.serial = 5}), journal_line({}), kmsg_line({.serial = 6})}), {}, true);
    BOOST_REQUIRE(part.calls.size() == 3U);
    BOOST_TEST(part.calls[2].event_end == part.events.size());
    std::size_t begin = 0;
    std::vector<boost::json::object> events;
    for (const auto& call : part.calls) {
        const auto line = part.events.substr(begin, call.event_end - begin);
        BOOST_TEST(line.ends_with('\n'));
        events.push_back(boost::json::parse(line).as_object());
        begin = call.event_end;
    }
    BOOST_TEST(events[0].at("serial").as_int64() == 5);
    BOOST_TEST(!events[1].contains("serial"));
    BOOST_TEST(events[2].at("serial").as_int64() == 6);
    BOOST_TEST(parse(log_of({kmsg_line({})})).events.empty());
}

BOOST_AUTO_TEST_CASE(the_first_and_the_last_time_are_noted)
{
    const auto part = parse_both_ways(log_of(
        {journal_line({}), kmsg_line({.time = "100.5"}), kmsg_line({.time = "90"}), journal_line({})}));
    BOOST_TEST((part.first == log_time(100500ms)));
    BOOST_TEST((part.last == log_time(90s)));
    const auto none = parse_both_ways(log_of({journal_line({})}));
    BOOST_TEST(!none.first.has_value());
    BOOST_TEST(!none.last.has_value());
}

BOOST_AUTO_TEST_CASE(notices_and_interpreted_records_are_told)
{
    const auto part = parse_both_ways(log_of({"[ 1.5] kauditd_printk_skb: 108 callbacks suppressed",
                                              interpreted, "audit: auditd disappeared", interpreted}));
    BOOST_TEST(part.calls.empty());
    BOOST_REQUIRE(part.notices.size() == 2U);
    BOOST_TEST((part.notices[0].what == loss_notice::kind::printk_suppressed));
    BOOST_TEST(part.notices[0].count == 108U);
    BOOST_TEST((part.notices[1].what == loss_notice::kind::audit_overflow));
    BOOST_TEST(part.interpreted == 2U);
}

BOOST_AUTO_TEST_CASE(records_of_other_types_are_nothing)
{
    const std::string body = "): auid=1 pid=2 comm=\"x\" reason=\"memory violation\" sig=11 syscall=1";
    const auto part =
        parse_both_ways(log_of({"audit: type=1300 audit(1.0:1): syscall=1", "type=1701 audit(1.0:2" + body}));
    BOOST_TEST(part.calls.empty());
    BOOST_TEST(part.malformed == 0U);
    BOOST_TEST(part.cut.empty());
    const auto old = parse_both_ways(
        log_of({"type=1701 audit(1.0:2): auid=1 pid=2 comm=\"x\" reason=\"seccomp\" sig=0 syscall=257"}));
    BOOST_TEST(old.calls.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_part_is_cleared_before_it_is_used_again)
{
    const record_filter filter;
    log_parser parser(x86_64, filter, true);
    parsed_part part;
    sctrace::test::text_to_scan first(
        log_of({kmsg_line({}), malformed("1"), cut(9), interpreted, "audit: auditd disappeared"}));
    parser.parse(sctrace::test::scanned(first, log_format::automatic, false), part);
    BOOST_TEST(part.calls.size() == 1U);
    BOOST_TEST(part.malformed == 1U);
    BOOST_TEST(part.cut.size() == 1U);
    BOOST_TEST(part.interpreted == 1U);
    BOOST_TEST(part.notices.size() == 1U);
    parser.parse(sctrace::record_batch(), part);
    BOOST_TEST(part.calls.empty());
    BOOST_TEST(part.events.empty());
    BOOST_TEST(part.malformed == 0U);
    BOOST_TEST(part.cut.empty());
    BOOST_TEST(part.interpreted == 0U);
    BOOST_TEST(part.notices.empty());
    BOOST_TEST(!part.first.has_value());
    BOOST_TEST(!part.last.has_value());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(log_parsing_selection)

BOOST_AUTO_TEST_CASE(only_wanted_records_are_taken)
{
    record_filter filter;
    filter.pids = {42};
    const auto part = parse_both_ways(log_of({kmsg_line({.pid = "42"}), kmsg_line({.pid = "421"}),
                                              audit_line({.pid = "4"}), journal_line({.pid = "42"})}),
                                      filter);
    BOOST_TEST(part.calls.size() == 2U);
    BOOST_TEST(part.without_time == 0U);
}

BOOST_AUTO_TEST_CASE(names_are_asked_for_without_events_too)
{
    record_filter filter;
    filter.comms = {"nginx"};
    const std::string log = log_of({kmsg_line({}), kmsg_line({.comm = "\"bash\""}),
                                    kmsg_line({.comm = "6E67696E78"}), journal_line({.comm = "(null)"})});
    BOOST_TEST(parse_both_ways(log, filter).calls.size() == 2U);
    BOOST_TEST(parse(log, filter).events.empty());
}

BOOST_AUTO_TEST_CASE(times_bound_what_is_taken_and_what_has_none_is_told)
{
    record_filter filter;
    filter.since = log_time(100s);
    filter.until = log_time(200s);
    const std::string log =
        log_of({kmsg_line({.time = "99.999"}), kmsg_line({.time = "100.000"}), kmsg_line({.time = "199.999"}),
                kmsg_line({.time = "200.000"}), journal_line({}), journal_line({})});
    const auto part = parse_both_ways(log, filter);
    BOOST_TEST(part.calls.size() == 2U);
    BOOST_TEST(part.without_time == 2U);
    BOOST_TEST((part.first == log_time(100s)));
    BOOST_TEST((part.last == log_time(199999ms)));
    filter.pids = {1};
    BOOST_TEST(parse_both_ways(log, filter).calls.empty());
}

BOOST_AUTO_TEST_CASE(a_record_that_cannot_be_read_counts_unless_it_shows_that_it_is_not_wanted)
{
    const std::string log = log_of({malformed("42"), malformed("43"), malformed("x"), cut(1, "42"),
                                    cut(2, "43"), "[ 1.5] audit: type=1326 audit(100.0:3): auid=1 uid=1"});
    const auto all = parse_both_ways(log);
    BOOST_TEST(all.malformed == 3U);
    BOOST_TEST(all.cut.size() == 3U);
    record_filter filter;
    filter.pids = {42};
    const auto some = parse_both_ways(log, filter);
    BOOST_TEST(some.malformed == 2U);
    BOOST_TEST(some.cut.size() == 2U);
    filter.pids.clear();
    filter.until = log_time(101s);
    const auto early = parse_both_ways(log, filter);
    BOOST_TEST(early.malformed == 0U);
    BOOST_TEST(early.cut.size() == 1U);
    filter.until.reset();
    filter.session = 7;
    BOOST_TEST(parse_both_ways(log, filter).cut.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_cut_record_has_the_stamp_of_the_whole_one)
{
    const auto part = parse_both_ways(log_of({cut(9), kmsg_line({.serial = 9})}));
    BOOST_REQUIRE(part.cut.size() == 1U);
    BOOST_REQUIRE(part.calls.size() == 1U);
    BOOST_TEST(part.cut[0] == part.calls[0].identity.stamp);
    const std::string whole = journal_line({});
    const auto journal = parse_both_ways(log_of({whole.substr(0, whole.find(" sig=0"))}));
    BOOST_REQUIRE(journal.cut.size() == 1U);
    BOOST_TEST(journal.cut[0] == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

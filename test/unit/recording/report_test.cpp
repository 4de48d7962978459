#include <sctrace/report.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>

namespace {

sctrace::report sample()
{
    sctrace::report r;
    r.source = "kmsg";
    r.native = sctrace::architecture(0xc000003e);
    r.command = {"ls", "a \"quoted\" name"};
    r.pids = {42, 421};
    r.session = 3;
    r.started = std::chrono::system_clock::time_point(std::chrono::milliseconds(1795497556007));
    r.ended = r.started + std::chrono::milliseconds(1993);
    r.counts.add({r.native, 0}, 3);
    r.counts.add({r.native, 1}, 1);
    r.judged.what = sctrace::verdict::complete;
    r.judged.missing_at_most = 0;
    r.first_serial = 10;
    r.last_serial = 15;
    r.loss.audit_lost = 0;
    return r;
}

} // namespace

BOOST_AUTO_TEST_SUITE(report)

BOOST_AUTO_TEST_CASE(the_json_has_the_fixed_members)
{
    BOOST_TEST(
        sctrace::to_json(sample()) ==
        "{\"version\":1,\"source\":\"kmsg\",\"native\":\"x86_64\",\"command\":[\"ls\",\"a \\\"quoted\\\" "
        "name\"],\"pids\":[42,421],\"session\":3,\"started\":\"2026-11-24T05:19:16.007Z\",\"ended\":"
        "\"2026-11-24T05:19:18.000Z\",\"records\":4,\"syscalls\":2,\"verdict\":\"complete\","
        "\"missing_at_most\":0,\"why\":[],\"first_serial\":10,\"last_serial\":15,\"loss\":{"
        "\"kmsg_overwritten\":0,\"printk_suppressed\":0,\"serial_gaps\":0,\"audit_lost\":0,"
        "\"netlink_overruns\":0,\"fork_event_overruns\":0,\"truncated_records\":0,"
        "\"malformed_records\":0}}\n");
}

BOOST_AUTO_TEST_CASE(what_is_not_known_is_null)
{
    auto r = sample();
    r.session.reset();
    r.judged.what = sctrace::verdict::unproven;
    r.judged.missing_at_most.reset();
    r.first_serial.reset();
    r.loss.audit_lost.reset();
    const auto text = sctrace::to_json(r);
    BOOST_TEST(text.find("\"session\":null") != std::string::npos);
    BOOST_TEST(text.find("\"missing_at_most\":null") != std::string::npos);
    BOOST_TEST(text.find("\"first_serial\":null") != std::string::npos);
    BOOST_TEST(text.find("\"audit_lost\":null") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_verdict_is_one_line)
{
    auto r = sample();
    BOOST_TEST(sctrace::verdict_line(r) == "complete: 4 calls of 2 syscalls, nothing lost (serials 10–15)");
    r.judged = {sctrace::verdict::incomplete, 1, {"this", "that"}};
    BOOST_TEST(sctrace::verdict_line(r) == "incomplete: at most 1 record missing (this; that)");
    r.judged = {sctrace::verdict::unproven, std::nullopt, {"this"}};
    BOOST_TEST(sctrace::verdict_line(r) == "unproven: this");
}

BOOST_AUTO_TEST_SUITE_END()

#include <sctrace/loss_ledger.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace {

using sctrace::loss_ledger;
using sctrace::loss_notice;
using sctrace::verdict;
using sctrace::detail::serial_window;

bool mentions(const sctrace::judgement& j, const std::string& words)
{
    return std::any_of(j.why.begin(), j.why.end(),
                       [&](const std::string& why) { return why.find(words) != std::string::npos; });
}

loss_ledger proven_ledger()
{
    loss_ledger ledger;
    ledger.open_window(100);
    ledger.saw_serial(101);
    ledger.close_window(102);
    ledger.audit_lost(5, 5);
    return ledger;
}

} // namespace

BOOST_AUTO_TEST_SUITE(serials)

BOOST_AUTO_TEST_CASE(nothing_is_missing_when_each_was_seen)
{
    serial_window w;
    w.open(10);
    for (std::uint32_t s = 11; s < 20; ++s) {
        w.see(s);
    }
    w.close(20);
    BOOST_TEST(w.missing() == 0U);
    BOOST_TEST(*w.first() == 10U);
    BOOST_TEST(*w.last() == 20U);
}

BOOST_AUTO_TEST_CASE(any_order_of_arrival_is_the_same)
{
    std::mt19937 random(3);
    std::vector<std::uint32_t> order(1000);
    std::iota(order.begin(), order.end(), 11U);
    std::shuffle(order.begin(), order.end(), random);
    serial_window w;
    w.open(10);
    for (const auto s : order) {
        w.see(s);
        w.see(s);
    }
    w.close(1011);
    BOOST_TEST(w.missing() == 0U);
}

BOOST_AUTO_TEST_CASE(a_gap_is_filled_from_its_middle_and_from_both_ends)
{
    for (const std::uint32_t first : {2U, 5U, 9U}) {
        serial_window w;
        w.open(1);
        w.see(10);
        w.see(first);
        w.close(11);
        BOOST_TEST(w.missing() == 7U);
        for (std::uint32_t s = 2; s < 10; ++s) {
            w.see(s);
        }
        BOOST_TEST(w.missing() == 0U);
    }
}

BOOST_AUTO_TEST_CASE(missing_ones_are_counted_between_the_brackets_only)
{
    serial_window w;
    w.open(10);
    w.see(12);
    w.see(5);
    w.close(20);
    w.see(30);
    BOOST_TEST(w.missing() == 8U);
    w.see(15);
    BOOST_TEST(w.missing() == 7U);
}

BOOST_AUTO_TEST_CASE(serials_that_overtook_the_first_one_were_seen)
{
    serial_window w;
    w.see(7);
    w.see(12);
    w.see(11);
    w.open(10);
    BOOST_TEST(w.first().value() == 10U);
    w.see(14);
    w.close(15);
    BOOST_TEST(w.missing() == 1U);
    w.see(13);
    BOOST_TEST(w.missing() == 0U);
}

BOOST_AUTO_TEST_CASE(what_was_missing_before_the_window_does_not_count)
{
    serial_window w;
    w.see(1);
    w.see(5);
    BOOST_TEST(w.missing() == 0U);
    w.open(8);
    w.close(9);
    BOOST_TEST(w.missing() == 0U);
}

BOOST_AUTO_TEST_CASE(a_late_serial_fills_its_gap)
{
    serial_window w;
    w.open(10);
    w.close(14);
    BOOST_TEST(w.missing() == 3U);
    w.see(12);
    w.see(11);
    w.see(13);
    BOOST_TEST(w.missing() == 0U);
}

BOOST_AUTO_TEST_CASE(the_counter_wraps)
{
    serial_window w;
    w.open(4294967290U);
    for (std::uint32_t i = 1; i < 20; ++i) {
        if (i != 9) {
            w.see(4294967290U + i);
        }
    }
    w.close(4294967290U + 20);
    BOOST_TEST(w.missing() == 1U);
    BOOST_TEST(*w.last() == 14U);
    BOOST_TEST(w.contains(3));
    BOOST_TEST(!w.contains(4294967280U));
    BOOST_TEST(!w.contains(15));
}

BOOST_AUTO_TEST_CASE(a_window_that_opens_at_zero_has_no_earlier_serial)
{
    serial_window w;
    w.open(0);
    w.see(4294967295U);
    w.close(1);
    BOOST_TEST(w.missing() == 0U);
}

BOOST_AUTO_TEST_CASE(gaps_beyond_the_bound_stay_missing)
{
    serial_window w;
    w.open(0);
    const std::uint32_t gaps = serial_window::max_gaps + 100;
    for (std::uint32_t i = 1; i <= gaps; ++i) {
        w.see(2 * i);
    }
    w.close(2 * gaps + 1);
    BOOST_TEST(w.missing() == gaps);
    w.see(1);
    BOOST_TEST(w.missing() == gaps);
    w.see(2 * gaps - 1);
    BOOST_TEST(w.missing() == gaps - 1);
}

BOOST_AUTO_TEST_CASE(nothing_is_seen_before_the_window_opens)
{
    serial_window w;
    w.see(5);
    BOOST_TEST(!w.is_open());
    BOOST_TEST(w.missing() == 0U);
    BOOST_TEST(!w.first().has_value());
    BOOST_TEST(w.contains(7));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(verdicts)

BOOST_AUTO_TEST_CASE(complete_needs_brackets_serials_and_the_counter)
{
    const auto j = proven_ledger().judge();
    BOOST_TEST((j.what == verdict::complete));
    BOOST_TEST(*j.missing_at_most == 0U);
    BOOST_TEST(j.why.empty());
}

BOOST_AUTO_TEST_CASE(without_a_bracket_nothing_is_proved)
{
    loss_ledger none;
    none.audit_lost(0, 0);
    BOOST_TEST((none.judge().what == verdict::unproven));
    BOOST_TEST(mentions(none.judge(), "start"));
    none.open_window(1);
    BOOST_TEST((none.judge().what == verdict::unproven));
    BOOST_TEST(mentions(none.judge(), "end"));
    BOOST_TEST(!none.judge().missing_at_most.has_value());
}

BOOST_AUTO_TEST_CASE(an_unreadable_counter_leaves_it_unproven)
{
    loss_ledger ledger;
    ledger.open_window(1);
    ledger.close_window(2);
    ledger.audit_lost(std::nullopt, 3);
    BOOST_TEST((ledger.judge().what == verdict::unproven));
    BOOST_TEST(mentions(ledger.judge(), "CAP_AUDIT_CONTROL"));
    BOOST_TEST(!ledger.counts().audit_lost.has_value());
}

BOOST_AUTO_TEST_CASE(a_kernel_that_says_it_lost_records_is_heard_even_without_the_counter)
{
    loss_ledger ledger;
    ledger.open_window(1);
    ledger.close_window(2);
    ledger.saw_notice({loss_notice::kind::audit_overflow, 0});
    BOOST_TEST((ledger.judge().what == verdict::unproven));
    BOOST_TEST(mentions(ledger.judge(), "said that it lost"));
}

BOOST_AUTO_TEST_CASE(missing_serials_are_the_bound)
{
    loss_ledger ledger;
    ledger.open_window(100);
    ledger.close_window(200);
    ledger.audit_lost(5, 8);
    ledger.saw_notice({loss_notice::kind::printk_suppressed, 97});
    ledger.overwritten(2);
    const auto j = ledger.judge();
    BOOST_TEST((j.what == verdict::incomplete));
    BOOST_TEST(*j.missing_at_most == 99U + 3U);
    BOOST_TEST(mentions(j, "99 audit serials"));
    BOOST_TEST(mentions(j, "suppressed 97 messages"));
    BOOST_TEST(mentions(j, "overwrote 2 entries"));
    BOOST_TEST(mentions(j, "lost 3 audit records"));
}

BOOST_AUTO_TEST_CASE(a_lost_counter_that_was_reset_proves_nothing)
{
    loss_ledger ledger;
    ledger.open_window(1);
    ledger.close_window(2);
    ledger.audit_lost(7, 0);
    BOOST_TEST((ledger.judge().what == verdict::unproven));
    BOOST_TEST(mentions(ledger.judge(), "reset"));
}

BOOST_AUTO_TEST_CASE(truncated_and_malformed_records_are_missing_ones)
{
    loss_ledger ledger = proven_ledger();
    ledger.truncated_record();
    ledger.malformed_record(2);
    const auto j = ledger.judge();
    BOOST_TEST((j.what == verdict::incomplete));
    BOOST_TEST(*j.missing_at_most == 3U);
    BOOST_TEST(mentions(j, "1 record was cut"));
    BOOST_TEST(mentions(j, "2 records could not be read"));
}

BOOST_AUTO_TEST_CASE(a_doubt_outweighs_a_known_gap_but_hides_nothing)
{
    loss_ledger ledger = proven_ledger();
    ledger.truncated_record();
    ledger.cannot_prove("because");
    ledger.cannot_prove("because");
    const auto j = ledger.judge();
    BOOST_TEST((j.what == verdict::unproven));
    BOOST_TEST(!j.missing_at_most.has_value());
    BOOST_TEST(j.why.size() == 2U);
    BOOST_TEST(mentions(j, "because"));
    BOOST_TEST(mentions(j, "cut"));
}

BOOST_AUTO_TEST_CASE(overruns_are_named)
{
    loss_ledger ledger;
    ledger.open_window(1);
    ledger.close_window(3);
    ledger.audit_lost(0, 0);
    ledger.overrun(1);
    BOOST_TEST(mentions(ledger.judge(), "overran 1 time"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(verdicts_on_saved_logs)

BOOST_AUTO_TEST_CASE(nothing_proves_that_a_log_is_complete)
{
    const auto j = proven_ledger().judge_saved_log();
    BOOST_TEST((j.what == verdict::unproven));
    BOOST_TEST(!j.missing_at_most.has_value());
    BOOST_TEST(j.why ==
                   std::vector<std::string>{"a saved log cannot show that nothing was lost before it was "
                                            "saved"},
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(everything_that_the_log_tells_is_among_the_reasons)
{
    loss_ledger ledger;
    ledger.overwritten(1);
    ledger.saw_notice({loss_notice::kind::printk_suppressed, 97});
    ledger.saw_notice({loss_notice::kind::printk_suppressed, 3});
    ledger.saw_notice({loss_notice::kind::audit_lost, 5});
    ledger.truncated_record();
    ledger.malformed_record(2);
    ledger.cannot_prove("because");
    const auto j = ledger.judge_saved_log();
    BOOST_TEST((j.what == verdict::unproven));
    BOOST_TEST(j.why.size() == 7U);
    BOOST_TEST(mentions(j, "suppressed 100 messages"));
    BOOST_TEST(mentions(j, "1 kmsg entry is missing between those that the log holds"));
    BOOST_TEST(!mentions(j, "overwrote"));
    BOOST_TEST(mentions(j, "1 record was cut"));
    BOOST_TEST(mentions(j, "2 records could not be read"));
    BOOST_TEST(mentions(j, "the kernel said that it had lost 5 audit records"));
    BOOST_TEST(j.why.back() == "because");
}

BOOST_AUTO_TEST_CASE(the_lost_counter_grows_until_the_next_boot)
{
    const auto lost = [](std::initializer_list<std::uint64_t> said) {
        loss_ledger ledger;
        for (const std::uint64_t count : said) {
            ledger.saw_notice({loss_notice::kind::audit_lost, count});
        }
        return ledger.judge_saved_log();
    };
    BOOST_TEST(mentions(lost({1}), "had lost 1 audit record"));
    BOOST_TEST(mentions(lost({1, 4, 9}), "had lost 9 audit records"));
    BOOST_TEST(mentions(lost({9, 9, 9}), "had lost 9 audit records"));
    BOOST_TEST(mentions(lost({1, 9, 2, 3}), "had lost 12 audit records"));
    BOOST_TEST(mentions(lost({5, 2, 1}), "had lost 8 audit records"));
}

BOOST_AUTO_TEST_CASE(a_queue_that_overflowed_is_told_where_no_number_is)
{
    for (const auto kind : {loss_notice::kind::audit_overflow, loss_notice::kind::audit_backlog}) {
        loss_ledger ledger;
        ledger.saw_notice({kind, 65});
        const auto j = ledger.judge_saved_log();
        BOOST_TEST(j.why.size() == 2U);
        BOOST_TEST(mentions(j, "its audit queue overflowed"));
        ledger.saw_notice({loss_notice::kind::audit_lost, 3});
        BOOST_TEST(!mentions(ledger.judge_saved_log(), "overflowed"));
        BOOST_TEST(mentions(ledger.judge_saved_log(), "had lost 3"));
    }
}

BOOST_AUTO_TEST_SUITE_END()

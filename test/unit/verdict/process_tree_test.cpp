#include <sctrace/process_tree.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <ostream>
#include <utility>
#include <vector>

namespace sctrace {

// Found by argument-dependent lookup when a check fails.
static std::ostream& operator<<(std::ostream& out, membership whose)
{
    switch (whose) {
    case membership::ours:
        return out << "ours";
    case membership::foreign:
        return out << "foreign";
    case membership::unclear:
        return out << "unclear";
    }
    return out;
}

} // namespace sctrace

namespace {

using sctrace::membership;
using sctrace::process_event;
using sctrace::process_tree;
using pids = std::vector<pid_t>;

constexpr process_tree::time ms(long count)
{
    return std::chrono::milliseconds(count);
}

/// Longer than a record's own time can be behind.
constexpr long lag = 101;

struct with_tree {
    process_tree tree;

    void birth(long at, pid_t parent, pid_t child)
    {
        tree.apply({process_event::kind::fork, ms(at), child, child, parent});
    }
    void thread(long at, pid_t process, pid_t id)
    {
        tree.apply({process_event::kind::fork, ms(at), process, id, 1});
    }
    void exit(long at, pid_t process, pid_t id)
    {
        tree.apply({process_event::kind::exit, ms(at), process, id, 1});
    }
    void death(long at, pid_t process) { exit(at, process, process); }

    membership whose(pid_t pid, long made) const { return tree.whose(pid, ms(made)); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(process_tree, with_tree)

BOOST_AUTO_TEST_CASE(nobody_is_ours_unless_added)
{
    birth(1, 10, 11);
    BOOST_TEST(whose(10, 2) == membership::foreign);
    BOOST_TEST(whose(11, 2) == membership::foreign);
    BOOST_TEST(tree.size() == 0U);
    BOOST_TEST(tree.living().empty());
}

BOOST_AUTO_TEST_CASE(descendants_of_every_degree_are_ours)
{
    tree.add(10, ms(1));
    birth(2, 10, 11);
    birth(3, 11, 12);
    birth(4, 12, 13);
    birth(5, 1, 14);
    BOOST_TEST(whose(13, 6) == membership::ours);
    BOOST_TEST(whose(14, 6) == membership::foreign);
    BOOST_TEST(tree.living() == (pids{10, 11, 12, 13}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_was_born_before_the_addition_was_applied_is_still_found)
{
    // Events wait in the socket while /proc is read: those of the added process's own birth, and its
    // children's.
    tree.add(10, ms(100));
    birth(50, 1, 10);
    birth(60, 10, 11);
    birth(110, 10, 12);
    BOOST_TEST(whose(10, 55) == membership::ours);
    BOOST_TEST(whose(11, 65) == membership::ours);
    BOOST_TEST(whose(12, 115) == membership::ours);
    // Nobody else had the number: the record's time is just very late.
    BOOST_TEST(whose(10, 50 - lag) == membership::ours);
    BOOST_TEST(whose(10, 50 - 2001) == membership::foreign);
}

BOOST_AUTO_TEST_CASE(a_process_can_be_added_after_the_event_of_its_birth)
{
    birth(50, 1, 10);
    tree.add(10, ms(60));
    birth(70, 10, 11);
    BOOST_TEST(whose(10, 65) == membership::ours);
    BOOST_TEST(whose(11, 75) == membership::ours);
}

BOOST_AUTO_TEST_CASE(records_of_the_dead_are_still_ours)
{
    tree.add(10, ms(1));
    birth(2, 10, 11);
    death(3, 11);
    BOOST_TEST(whose(11, 2) == membership::ours);
    BOOST_TEST(tree.living() == pids{10}, boost::test_tools::per_element());
    birth(4, 11, 99);
    BOOST_TEST(whose(11, 3) == membership::ours);
}

BOOST_AUTO_TEST_CASE(orphans_stay_ours)
{
    tree.add(10, ms(1));
    birth(2, 10, 11);
    death(3, 10);
    birth(4, 11, 12);
    death(5, 11);
    BOOST_TEST(whose(12, 6) == membership::ours);
    BOOST_TEST(tree.living() == (pids{10, 12}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(children_can_be_left_out)
{
    tree.add(10, ms(1));
    birth(2, 10, 11);
    tree.leave_children_out();
    birth(3, 10, 12);
    BOOST_TEST(whose(11, 4) == membership::ours);
    BOOST_TEST(whose(12, 4) == membership::foreign);
}

BOOST_AUTO_TEST_CASE(an_expected_number_is_taken_once)
{
    tree.expect(20);
    BOOST_TEST(whose(20, 1) == membership::foreign);
    birth(100, 1, 20);
    birth(101, 20, 21);
    death(102, 21);
    death(103, 20);
    birth(300, 1, 20);
    BOOST_TEST(whose(20, 101) == membership::ours);
    BOOST_TEST(whose(21, 101) == membership::ours);
    BOOST_TEST(whose(20, 301) == membership::foreign);
}

BOOST_AUTO_TEST_CASE(an_expected_number_is_taken_without_children)
{
    tree.leave_children_out();
    tree.expect(20);
    birth(100, 1, 20);
    birth(101, 20, 21);
    BOOST_TEST(whose(20, 101) == membership::ours);
    BOOST_TEST(whose(21, 102) == membership::foreign);
}

BOOST_AUTO_TEST_CASE(a_number_that_is_used_again_is_another_process)
{
    tree.add(10, ms(1));
    birth(100, 10, 11);
    death(200, 11);
    birth(300, 1, 11);
    birth(310, 11, 12);
    BOOST_TEST(whose(11, 150) == membership::ours);
    BOOST_TEST(whose(11, 300) == membership::foreign);
    BOOST_TEST(whose(12, 311) == membership::foreign);
    BOOST_TEST(tree.living() == pids{10}, boost::test_tools::per_element());
    death(400, 11);
    birth(500, 10, 11);
    BOOST_TEST(whose(11, 350) == membership::foreign);
    BOOST_TEST(whose(11, 500) == membership::ours);
    BOOST_TEST(whose(11, 150) == membership::ours);
}

BOOST_AUTO_TEST_CASE(a_record_from_before_a_birth_is_the_previous_ones_unless_that_was_dead)
{
    tree.add(10, ms(1));
    birth(50, 10, 11);
    death(195, 11);
    birth(200, 1, 11);
    // Stamped before the end of the first, made up to a tick later: it may be anyone's.
    BOOST_TEST(whose(11, 194) == membership::unclear);
    BOOST_TEST(whose(11, 195) == membership::unclear);
    // Stamped after the end of the first.
    BOOST_TEST(whose(11, 196) == membership::foreign);
    BOOST_TEST(whose(11, 200) == membership::foreign);
    // So old that the second can't have made it.
    BOOST_TEST(whose(11, 200 - lag) == membership::ours);
}

BOOST_AUTO_TEST_CASE(the_edges_of_the_lag_are_exact)
{
    using std::chrono::nanoseconds;
    tree.add(10, ms(1));
    birth(100, 10, 11);
    death(199, 11);
    birth(200, 1, 11);
    const auto oldest_stamp = ms(200) - sctrace::process_tree::record_lag;
    BOOST_TEST(tree.whose(11, oldest_stamp) == membership::unclear);
    BOOST_TEST(tree.whose(11, oldest_stamp - nanoseconds(1)) == membership::ours);
    BOOST_TEST(tree.whose(11, ms(199)) == membership::unclear);
    BOOST_TEST(tree.whose(11, ms(199) + nanoseconds(1)) == membership::foreign);
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_very_late_hides_no_newborn)
{
    tree.add(10, ms(1));
    birth(1000, 10, 11);
    for (const long made : {1000L, 990L, 970L, 900L, 500L}) {
        BOOST_TEST(whose(11, made) == membership::ours);
    }
    death(1100, 11);
    birth(1500, 1, 11);
    birth(3000, 10, 12);
    // The number's former owner had ended by then.
    BOOST_TEST(whose(11, 1101) == membership::foreign);
    BOOST_TEST(whose(11, 1399) == membership::foreign);
}

BOOST_AUTO_TEST_CASE(two_of_ours_with_one_number_are_no_doubt)
{
    tree.add(10, ms(1));
    birth(100, 10, 11);
    death(195, 11);
    birth(200, 10, 11);
    for (const long made : {100L, 190L, 195L, 199L, 200L, 300L}) {
        BOOST_TEST(whose(11, made) == membership::ours);
    }
}

BOOST_AUTO_TEST_CASE(a_number_that_is_used_three_times_within_the_lag_is_unclear)
{
    // With a small kernel.pid_max.
    tree.add(10, ms(1));
    birth(100, 10, 11);
    death(200, 11);
    birth(201, 1, 11);
    death(202, 11);
    birth(203, 1, 11);
    BOOST_TEST(whose(11, 199) == membership::unclear);
    BOOST_TEST(whose(11, 203) == membership::foreign);
    // At the time of the stamp the first was dead.
    BOOST_TEST(whose(11, 201) == membership::foreign);
}

BOOST_AUTO_TEST_CASE(the_number_of_a_foreign_process_is_contested_only_shortly_after_its_end)
{
    tree.add(10, ms(1));
    death(99, 11);
    birth(100, 10, 11);
    BOOST_TEST(whose(11, 98) == membership::unclear);
    BOOST_TEST(whose(11, 100) == membership::ours);
    BOOST_TEST(whose(11, 100 - lag) == membership::foreign);

    death(100, 12);
    birth(100 + lag, 10, 12);
    BOOST_TEST(whose(12, 101) == membership::ours);
}

BOOST_AUTO_TEST_CASE(a_foreign_process_may_end_with_another_thread_than_its_first)
{
    tree.add(10, ms(1));
    death(50, 11);
    exit(99, 11, 15);
    birth(100, 10, 11);
    BOOST_TEST(whose(11, 98) == membership::unclear);
}

BOOST_AUTO_TEST_CASE(a_number_is_contested_too_if_its_owner_was_added_before_the_events_came)
{
    tree.add(11, ms(100));
    death(50, 11);
    birth(51, 1, 11);
    BOOST_TEST(whose(11, 49) == membership::unclear);
    BOOST_TEST(whose(11, 51) == membership::ours);
}

BOOST_AUTO_TEST_CASE(the_last_of_several_births_before_the_addition_is_the_added_ones)
{
    tree.add(11, ms(100));
    birth(50, 1, 11);
    death(60, 11);
    birth(70, 1, 11);
    BOOST_TEST(whose(11, 75) == membership::ours);
    BOOST_TEST(whose(11, 61) == membership::ours);
    BOOST_TEST(whose(11, 60) == membership::unclear);
    // It lives, though one of that number ended.
    BOOST_TEST(tree.living() == pids{11}, boost::test_tools::per_element());
    tree.forget_dead(ms(1000));
    BOOST_TEST(whose(11, 1001) == membership::ours);
    death(1100, 11);
    BOOST_TEST(tree.living().empty());
}

BOOST_AUTO_TEST_CASE(adding_means_the_living_not_a_dead_one_of_that_number)
{
    tree.add(10, ms(1));
    birth(100, 10, 11);
    death(200, 11);
    // Its birth was lost, or waits in the socket.
    tree.add(11, ms(300));
    BOOST_TEST(tree.living() == (pids{10, 11}), boost::test_tools::per_element());
    birth(290, 1, 11);
    BOOST_TEST(tree.living() == (pids{10, 11}), boost::test_tools::per_element());
    birth(310, 11, 12);
    BOOST_TEST(whose(12, 311) == membership::ours);
    BOOST_TEST(whose(11, 305) == membership::ours);
    death(400, 11);
    BOOST_TEST(tree.living() == (pids{10, 12}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(who_could_not_be_looked_at_is_another_one_than_the_dead_of_that_number)
{
    tree.add(10, ms(1));
    birth(50, 10, 11);
    death(200, 11);
    tree.cannot_tell(11, ms(300));
    BOOST_TEST(whose(11, 90) == membership::ours);
    BOOST_TEST(whose(11, 301) == membership::unclear);
}

BOOST_AUTO_TEST_CASE(a_process_lives_until_its_last_thread_ends)
{
    tree.add(10, ms(1));
    birth(2, 10, 11);
    thread(3, 11, 12);
    thread(4, 11, 13);
    death(5, 11);
    BOOST_TEST(tree.living() == (pids{10, 11}), boost::test_tools::per_element());
    exit(6, 11, 13);
    tree.forget_dead(ms(100));
    BOOST_TEST(whose(11, 101) == membership::ours);
    exit(102, 11, 12);
    BOOST_TEST(tree.living() == pids{10}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_end_may_be_told_after_the_number_got_its_next_owner)
{
    tree.add(10, ms(1));
    birth(2, 10, 11);
    birth(3, 10, 11);
    death(4, 11);
    BOOST_TEST(tree.living() == (pids{10, 11}), boost::test_tools::per_element());
    tree.forget_dead(ms(100));
    BOOST_TEST(whose(11, 101) == membership::ours);
    death(102, 11);
    BOOST_TEST(tree.living() == pids{10}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_thread_is_no_process)
{
    tree.add(10, ms(1));
    birth(2, 10, 11);
    thread(3, 11, 12);
    BOOST_TEST(whose(12, 4) == membership::foreign);
    exit(5, 11, 12);
    BOOST_TEST(tree.living() == (pids{10, 11}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_thread_that_execs_gets_the_process_number)
{
    tree.add(10, ms(1));
    birth(2, 10, 11);
    thread(3, 11, 12);
    // All other threads end, the first one too; 12 is called 11 from then on (fs/exec.c, de_thread).
    death(4, 11);
    birth(5, 11, 20);
    BOOST_TEST(whose(20, 6) == membership::ours);
    BOOST_TEST(whose(11, 6) == membership::ours);
    BOOST_TEST(tree.living() == (pids{10, 11, 20}), boost::test_tools::per_element());
    death(7, 11);
    BOOST_TEST(tree.living() == (pids{10, 20}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_child_of_a_suspect_may_be_a_member)
{
    tree.add(10, ms(1));
    tree.suspect_children_of(1);
    birth(2, 1, 11);
    birth(3, 11, 12);
    birth(4, 2, 13);
    BOOST_TEST(whose(11, 5) == membership::unclear);
    BOOST_TEST(whose(12, 5) == membership::unclear);
    BOOST_TEST(whose(13, 5) == membership::foreign);
    BOOST_TEST(tree.living() == pids{10}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_suspect_that_is_a_member_has_members_as_children)
{
    tree.add(10, ms(1));
    tree.suspect_children_of(10);
    birth(2, 10, 11);
    BOOST_TEST(whose(11, 3) == membership::ours);
}

BOOST_AUTO_TEST_CASE(threads_are_no_children_of_suspects)
{
    tree.add(10, ms(1));
    tree.suspect_children_of(1);
    // A thread's parent is its creator's parent.
    thread(2, 50, 51);
    BOOST_TEST(whose(50, 3) == membership::foreign);
    BOOST_TEST(whose(51, 3) == membership::foreign);
}

BOOST_AUTO_TEST_CASE(doubt_ends_with_an_addition_or_is_ruled_out)
{
    tree.cannot_tell(10, ms(1));
    tree.cannot_tell(11, ms(1));
    BOOST_TEST(whose(10, 2) == membership::unclear);
    BOOST_TEST(tree.living().empty());
    tree.add(10, ms(3));
    tree.rule_out(11, ms(3));
    BOOST_TEST(whose(10, 4) == membership::ours);
    BOOST_TEST(whose(11, 4) == membership::foreign);
    birth(5, 10, 12);
    birth(5, 11, 13);
    BOOST_TEST(whose(12, 6) == membership::ours);
    BOOST_TEST(whose(13, 6) == membership::foreign);
}

BOOST_AUTO_TEST_CASE(doubt_takes_nothing_from_a_member)
{
    tree.add(10, ms(1));
    tree.cannot_tell(10, ms(2));
    tree.rule_out(10, ms(3));
    tree.rule_out(77, ms(3));
    BOOST_TEST(whose(10, 4) == membership::ours);
    BOOST_TEST(whose(77, 4) == membership::foreign);
}

BOOST_AUTO_TEST_CASE(without_all_events_only_another_birth_ends_a_process)
{
    tree.add(10, ms(1));
    birth(2, 10, 11);
    tree.events_were_lost();
    death(50, 11);
    BOOST_TEST(tree.living() == (pids{10, 11}), boost::test_tools::per_element());
    tree.forget_dead(ms(1000));
    BOOST_TEST(whose(11, 1001) == membership::ours);
    birth(1100, 1, 11);
    BOOST_TEST(tree.living() == pids{10}, boost::test_tools::per_element());
    // Who knows how long the first one lived.
    BOOST_TEST(whose(11, 1099) == membership::unclear);
    BOOST_TEST(whose(11, 1100) == membership::foreign);
    BOOST_TEST(whose(11, 1100 - lag) == membership::ours);
}

BOOST_AUTO_TEST_CASE(an_end_that_was_seen_while_events_were_missing_is_not_trusted)
{
    tree.add(10, ms(1));
    birth(2, 10, 11);
    birth(3, 10, 12);
    death(4, 12);
    // Here 11 got a thread, and the event was lost; then the first thread ended, or the new one.
    death(50, 11);
    tree.events_were_lost(ms(40));
    BOOST_TEST(tree.living() == (pids{10, 11}), boost::test_tools::per_element());
    tree.forget_dead(ms(1000));
    BOOST_TEST(whose(11, 1001) == membership::ours);
    BOOST_TEST(whose(12, 1001) == membership::foreign);
}

BOOST_AUTO_TEST_CASE(who_is_born_after_a_loss_is_counted_again)
{
    tree.add(10, ms(1));
    tree.events_were_lost();
    birth(2, 10, 11);
    death(3, 11);
    BOOST_TEST(tree.living() == pids{10}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(only_the_dead_are_forgotten_and_only_after_a_while)
{
    tree.add(10, ms(1));
    birth(2, 10, 11);
    birth(3, 10, 12);
    birth(4, 10, 13);
    death(100, 11);
    death(200, 12);
    tree.forget_dead(ms(150));
    BOOST_TEST(tree.size() == 3U);
    BOOST_TEST(whose(11, 50) == membership::foreign);
    BOOST_TEST(whose(12, 50) == membership::ours);
    BOOST_TEST(tree.living() == (pids{10, 13}), boost::test_tools::per_element());
    tree.forget_dead(ms(1'000'000));
    BOOST_TEST(tree.living() == (pids{10, 13}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_living_process_outlives_the_forgetting_of_its_numbers_former_owners)
{
    tree.add(10, ms(1));
    birth(100, 10, 11);
    death(200, 11);
    birth(300, 1, 11);
    death(400, 11);
    birth(500, 10, 11);
    tree.forget_dead(ms(450));
    BOOST_TEST(whose(11, 550) == membership::ours);
    BOOST_TEST(whose(11, 150) == membership::foreign);
    BOOST_TEST(tree.living() == (pids{10, 11}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_child_of_a_forgotten_parent_is_still_ours)
{
    tree.add(10, ms(1));
    birth(2, 10, 11);
    birth(3, 11, 12);
    death(4, 11);
    tree.forget_dead(ms(100));
    birth(101, 12, 13);
    BOOST_TEST(whose(13, 102) == membership::ours);
}

BOOST_AUTO_TEST_CASE(memory_does_not_grow_with_the_dead_nor_with_strangers)
{
    tree.add(10, ms(0));
    std::size_t most = 0;
    for (long i = 1; i <= 100'000; ++i) {
        const auto pid = static_cast<pid_t>(1000 + i % 30'000);
        birth(i, i % 2 == 0 ? 10 : 1, pid);
        death(i, pid);
        if (i % 1000 == 0) {
            tree.forget_dead(ms(i - 2000));
        }
        most = std::max(most, tree.size());
    }
    BOOST_TEST(most <= 3000U);
    BOOST_TEST(whose(1000 + 100'000 % 30'000, 100'000) == membership::ours);
    BOOST_TEST(tree.living() == pids{10}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(whatever_changes_an_answer_is_counted)
{
    auto changes = tree.changes();
    const auto changed = [&] { return std::exchange(changes, tree.changes()) != tree.changes(); };
    tree.add(10, ms(1));
    BOOST_TEST(changed());
    tree.add(10, ms(2));
    BOOST_TEST(!changed());
    birth(3, 1, 50);
    BOOST_TEST(!changed());
    birth(4, 10, 11);
    BOOST_TEST(changed());
    death(5, 11);
    birth(6, 1, 11);
    BOOST_TEST(changed());
    tree.cannot_tell(60, ms(7));
    BOOST_TEST(changed());
    tree.rule_out(60, ms(7));
    BOOST_TEST(changed());
    tree.forget_dead(ms(100));
    BOOST_TEST(changed());
}

BOOST_AUTO_TEST_CASE(an_end_without_a_beginning_harms_nobody)
{
    tree.add(10, ms(1));
    exit(2, 10, 15);
    death(3, 11);
    BOOST_TEST(tree.living() == pids{10}, boost::test_tools::per_element());
    birth(4, 10, 12);
    death(5, 12);
    death(6, 12);
    BOOST_TEST(tree.living() == pids{10}, boost::test_tools::per_element());
    tree.forget_dead(ms(100));
    BOOST_TEST(tree.size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

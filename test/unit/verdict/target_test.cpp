#include <sctrace/target.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using sctrace::membership;

constexpr std::chrono::nanoseconds any_time{};

bool selects(const sctrace::target& t, std::optional<std::int32_t> pid, std::optional<std::uint64_t> ses)
{
    return t.whose(pid, ses, any_time) == membership::ours;
}

} // namespace

BOOST_AUTO_TEST_SUITE(target)

BOOST_AUTO_TEST_CASE(process_ids_match_whole)
{
    sctrace::target t;
    t.add_pid(42);
    t.add_pid(7);
    t.add_pid(42);
    BOOST_TEST(t.pids().size() == 2U);
    BOOST_TEST(selects(t, 42, 1));
    BOOST_TEST(selects(t, 7, std::nullopt));
    BOOST_TEST(!selects(t, 4, 1));
    BOOST_TEST(!selects(t, 421, 1));
    BOOST_TEST(!selects(t, 4242, 1));
    BOOST_TEST(!selects(t, std::nullopt, 1));
}

BOOST_AUTO_TEST_CASE(a_session_selects_whoever_carries_it)
{
    sctrace::target t;
    t.add_pid(42);
    t.follow_session(3);
    BOOST_TEST(selects(t, 9999, 3));
    BOOST_TEST(selects(t, std::nullopt, 3));
    BOOST_TEST(selects(t, 42, 4294967295));
    BOOST_TEST(!selects(t, 9999, 4));
    BOOST_TEST(!selects(t, 9999, std::nullopt));
}

BOOST_AUTO_TEST_CASE(only_newer_sessions_and_none_can_be_descendants)
{
    sctrace::target t;
    BOOST_TEST(!t.may_have_left_session(4));
    t.follow_session(3);
    BOOST_TEST(t.may_have_left_session(4));
    BOOST_TEST(t.may_have_left_session(4294967295));
    BOOST_TEST(t.may_have_left_session(std::nullopt));
    BOOST_TEST(!t.may_have_left_session(2));
}

BOOST_AUTO_TEST_CASE(a_tree_decides_where_the_session_does_not)
{
    using std::chrono::seconds;
    sctrace::target t;
    t.add_pid(42);
    t.follow_session(3);
    BOOST_TEST(!t.tree());
    t.follow_tree().add(42, seconds(10));
    BOOST_TEST(t.tree());
    t.follow_tree().apply({sctrace::process_event::kind::fork, seconds(20), 42, 42, 1});
    t.follow_tree().apply({sctrace::process_event::kind::fork, seconds(15), 43, 43, 42});
    BOOST_TEST((t.whose(42, 9, seconds(11)) == membership::ours));
    BOOST_TEST((t.whose(43, 9, seconds(16)) == membership::ours));
    // The number stands for another process now.
    BOOST_TEST((t.whose(42, 9, seconds(21)) == membership::foreign));
    BOOST_TEST((t.whose(42, 3, seconds(21)) == membership::ours));
    BOOST_TEST((t.whose(std::nullopt, 9, seconds(11)) == membership::foreign));
}

BOOST_AUTO_TEST_SUITE_END()

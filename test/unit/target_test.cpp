#include <sctrace/target.hpp>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(target)

BOOST_AUTO_TEST_CASE(process_ids_match_whole)
{
    sctrace::target t;
    t.add_pid(42);
    t.add_pid(7);
    t.add_pid(42);
    BOOST_TEST(t.pids().size() == 2U);
    BOOST_TEST(t.selects(42, 1));
    BOOST_TEST(t.selects(7, std::nullopt));
    BOOST_TEST(!t.selects(4, 1));
    BOOST_TEST(!t.selects(421, 1));
    BOOST_TEST(!t.selects(4242, 1));
    BOOST_TEST(!t.selects(std::nullopt, 1));
}

BOOST_AUTO_TEST_CASE(a_session_selects_whoever_carries_it)
{
    sctrace::target t;
    t.add_pid(42);
    t.follow_session(3);
    BOOST_TEST(t.selects(9999, 3));
    BOOST_TEST(t.selects(std::nullopt, 3));
    BOOST_TEST(t.selects(42, 4294967295));
    BOOST_TEST(!t.selects(9999, 4));
    BOOST_TEST(!t.selects(9999, std::nullopt));
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

BOOST_AUTO_TEST_SUITE_END()

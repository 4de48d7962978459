#include <sctrace/detail/serial_numbers.hpp>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace {

using sctrace::detail::serial_history;

constexpr std::uint64_t era = std::uint64_t{1} << 32;

/// Sees every second one of @p count serials from @p first on: each leaves a gap of one before it.
void leave_gaps(serial_history& seen, std::uint32_t first, std::uint32_t count)
{
    for (std::uint32_t i = 0; i < count; ++i) {
        seen.see(first + 2 * i);
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(serial_history_keeping)

BOOST_AUTO_TEST_CASE(nothing_is_missing_before_the_first_serial)
{
    serial_history seen;
    BOOST_TEST(seen.next() == 0U);
    BOOST_TEST(seen.missing_between(0, std::numeric_limits<std::uint64_t>::max()) == 0U);
    seen.see(7);
    BOOST_TEST(seen.next() == era + 8);
    BOOST_TEST(seen.missing_between(0, seen.next()) == 0U);
}

BOOST_AUTO_TEST_CASE(a_gap_counts_only_as_far_as_it_lies_in_the_range)
{
    serial_history seen;
    seen.see(10);
    seen.see(20);
    const auto ten = seen.extend(10);
    BOOST_TEST(seen.missing_between(ten, ten + 10) == 9U);
    BOOST_TEST(seen.missing_between(ten, ten + 11) == 9U);
    BOOST_TEST(seen.missing_between(ten, ten + 5) == 4U);
    BOOST_TEST(seen.missing_between(ten + 5, ten + 8) == 3U);
    BOOST_TEST(seen.missing_between(ten + 9, seen.next()) == 1U);
    BOOST_TEST(seen.missing_between(ten + 10, seen.next()) == 0U);
    BOOST_TEST(seen.missing_between(ten + 8, ten + 8) == 0U);
    BOOST_TEST(seen.missing_between(ten + 8, ten + 3) == 0U);
}

BOOST_AUTO_TEST_CASE(a_late_serial_fills_its_place_wherever_in_the_gap_it_lies)
{
    serial_history seen;
    seen.see(10);
    seen.see(16);
    const auto missing = [&] { return seen.missing_between(seen.extend(10), seen.next()); };
    seen.see(13);
    BOOST_TEST(missing() == 4U);
    seen.see(11);
    BOOST_TEST(missing() == 3U);
    seen.see(15);
    BOOST_TEST(missing() == 2U);
    seen.see(12);
    BOOST_TEST(missing() == 1U);
    seen.see(14);
    BOOST_TEST(missing() == 0U);
}

BOOST_AUTO_TEST_CASE(a_serial_that_comes_twice_or_before_the_first_one_changes_nothing)
{
    serial_history seen;
    seen.see(10);
    seen.see(12);
    seen.see(12);
    seen.see(10);
    seen.see(4);
    BOOST_TEST(seen.next() == seen.extend(12) + 1);
    BOOST_TEST(seen.missing_between(0, seen.next()) == 1U);
}

BOOST_AUTO_TEST_CASE(serials_go_around)
{
    serial_history seen;
    seen.see(0xfffffffe);
    const auto first = seen.extend(0xfffffffe);
    seen.see(2);
    BOOST_TEST(seen.extend(2) == first + 4);
    BOOST_TEST(seen.missing_between(first, seen.next()) == 3U);
    seen.see(0xffffffff);
    seen.see(0);
    BOOST_TEST(seen.missing_between(first, seen.next()) == 1U);
    BOOST_TEST(seen.extend(0xfffffff0) == first - 14);
}

BOOST_AUTO_TEST_CASE(serials_go_around_more_than_once)
{
    serial_history seen;
    constexpr std::uint32_t step = 0x60000000;
    std::uint32_t serial = 5;
    seen.see(serial);
    const auto first = seen.extend(serial);
    for (int i = 0; i < 8; ++i) {
        serial += step;
        seen.see(serial);
    }
    BOOST_TEST(seen.next() == first + 8ULL * step + 1);
    BOOST_TEST(seen.missing_between(first, seen.next()) == 8ULL * (step - 1));
}

BOOST_AUTO_TEST_CASE(what_was_forgotten_is_not_missing_any_more_but_a_gap_across_the_border_is)
{
    serial_history seen;
    seen.see(10);
    seen.see(12);
    seen.see(20);
    const auto ten = seen.extend(10);
    seen.forget_before(ten + 2);
    BOOST_TEST(seen.missing_between(ten, seen.next()) == 7U);
    seen.forget_before(ten + 5);
    BOOST_TEST(seen.missing_between(ten + 5, seen.next()) == 5U);
    seen.forget_before(ten + 10);
    BOOST_TEST(seen.missing_between(ten, seen.next()) == 0U);
}

BOOST_AUTO_TEST_CASE(gaps_before_a_range_never_count_in_it_however_many_there_were)
{
    serial_history seen;
    constexpr std::uint32_t many = 5 * serial_history::max_gaps + 17;
    leave_gaps(seen, 1, many);
    const auto begin = seen.next();
    for (std::uint32_t i = 0; i < 100; ++i) {
        seen.see(2 * many + i);
        BOOST_TEST(seen.missing_between(begin, seen.next()) == 0U);
    }
    BOOST_TEST(seen.missing_between(0, seen.next()) == many - 1);
}

BOOST_AUTO_TEST_CASE(all_missing_ones_count_however_many_stretches_are_settled)
{
    serial_history seen;
    constexpr auto many =
        static_cast<std::uint32_t>((serial_history::max_settled + 3) * (serial_history::max_gaps / 2));
    leave_gaps(seen, 1, many);
    BOOST_TEST(seen.missing_between(0, seen.next()) == many - 1);
    BOOST_TEST(seen.missing_between(seen.extend(1), seen.next()) == many - 1);
}

BOOST_AUTO_TEST_CASE(what_is_settled_can_not_be_filled_and_counts_whole_at_its_borders)
{
    serial_history seen;
    constexpr auto half = static_cast<std::uint32_t>(serial_history::max_gaps / 2);
    leave_gaps(seen, 1, 2 * half + 2);
    const auto all = seen.missing_between(0, seen.next());
    BOOST_TEST(all == 2 * half + 1);
    seen.see(2);
    BOOST_TEST(seen.missing_between(0, seen.next()) == all);
    seen.see(2 * half + 2);
    BOOST_TEST(seen.missing_between(0, seen.next()) == all - 1);
    const auto last_settled = seen.extend(2 * half);
    BOOST_TEST(seen.missing_between(last_settled, last_settled + 1) == half);
    BOOST_TEST(seen.missing_between(last_settled + 1, seen.next()) == half);
    seen.forget_before(last_settled + 1);
    BOOST_TEST(seen.missing_between(0, seen.next()) == half);
}

/// Against a set of all that were seen, with fewer gaps than are ever settled.
BOOST_DATA_TEST_CASE(any_order_gives_what_a_set_gives, boost::unit_test::data::xrange(20), seed)
{
    std::mt19937 random(static_cast<unsigned>(seed));
    const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
    serial_history seen;
    std::set<std::uint64_t> reference;
    const auto base = static_cast<std::uint32_t>(0U - 1000U - below(1000));
    std::uint64_t newest = 0;
    std::vector<std::uint64_t> late;
    seen.see(base);
    reference.insert(0);
    for (int i = 0; i < 3000; ++i) {
        const auto what = below(10);
        std::uint64_t offset = newest + 1;
        if (what == 0 && !late.empty()) {
            offset = late[below(static_cast<std::uint32_t>(late.size()))];
        } else if (what <= 2) {
            for (auto skipped = 1 + below(4); skipped != 0; --skipped) {
                late.push_back(offset++);
            }
        }
        newest = std::max(newest, offset);
        reference.insert(offset);
        seen.see(base + static_cast<std::uint32_t>(offset));
    }
    const auto zero = seen.extend(base + static_cast<std::uint32_t>(newest)) - newest;
    BOOST_REQUIRE(seen.next() == zero + newest + 1);
    for (int i = 0; i < 300; ++i) {
        std::uint64_t from = below(static_cast<std::uint32_t>(newest));
        std::uint64_t to = below(static_cast<std::uint32_t>(newest + 2));
        if (from > to) {
            std::swap(from, to);
        }
        const auto there = std::distance(reference.lower_bound(from), reference.lower_bound(to));
        BOOST_REQUIRE_EQUAL(seen.missing_between(zero + from, zero + to),
                            to - from - static_cast<std::uint64_t>(there));
    }
}

BOOST_AUTO_TEST_SUITE_END()

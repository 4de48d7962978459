#include "log/copy_window.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace {

namespace data = boost::unit_test::data;
using sctrace::detail::copy_window;
using sctrace::detail::recent_numbers;
using sctrace::detail::record_identity;

/// A number that looks like a hash.
std::uint64_t hash_like(std::uint64_t number)
{
    return std::mt19937_64(number)();
}

record_identity kernels(std::uint64_t serial, std::uint64_t body)
{
    return {hash_like(serial) | 1U, hash_like(body)};
}

record_identity journals(std::uint64_t body)
{
    return {0, hash_like(body)};
}

std::size_t count(const std::vector<record_identity>& records)
{
    copy_window window;
    std::size_t fresh = 0;
    for (const record_identity& record : records) {
        fresh += window.is_new(record) ? 1 : 0;
    }
    return fresh;
}

/// Whether the second record is new with so many others between the two.
bool is_new_after(std::size_t between, const record_identity& first, const record_identity& second,
                  std::size_t before = 0)
{
    constexpr std::uint64_t elsewhere = 1'000'000;
    copy_window window;
    for (std::uint64_t i = 0; i < before; ++i) {
        BOOST_REQUIRE(window.is_new(kernels(2 * elsewhere + i, 2 * elsewhere + i)));
    }
    BOOST_REQUIRE(window.is_new(first));
    for (std::uint64_t i = 0; i < between; ++i) {
        BOOST_REQUIRE(window.is_new(kernels(elsewhere + i, elsewhere + i)));
    }
    return window.is_new(second);
}

const record_identity k1 = kernels(1, 1);
const record_identity k2 = kernels(2, 1);
const record_identity a = journals(1);

} // namespace

BOOST_AUTO_TEST_SUITE(copies)

BOOST_AUTO_TEST_CASE(a_record_with_the_same_stamp_and_fields_is_a_copy)
{
    BOOST_TEST(count({k1, k1, k1}) == 1U);
    BOOST_TEST(count({k1, k2, k1, k2}) == 2U);
    BOOST_TEST(count({kernels(1, 1), kernels(1, 2), kernels(1, 1), kernels(1, 2)}) == 2U);
}

BOOST_DATA_TEST_CASE(a_copy_is_known_after_4095_others_and_forgotten_after_8191,
                     data::make({0U, 1U, 2U, 4094U, 4095U, 4096U, 6000U}), before)
{
    constexpr std::size_t generation = recent_numbers::generation;
    BOOST_TEST(!is_new_after(0, k1, k1, before));
    BOOST_TEST(!is_new_after(generation - 1, k1, k1, before));
    BOOST_TEST(is_new_after(2 * generation - 1, k1, k1, before));
}

BOOST_AUTO_TEST_CASE(numbers_are_remembered_for_a_generation_to_two)
{
    constexpr std::uint64_t generation = recent_numbers::generation;
    recent_numbers numbers;
    for (std::uint64_t n = 1; n <= 5 * generation; ++n) {
        BOOST_REQUIRE(numbers.add(n));
        BOOST_REQUIRE(!numbers.add(n));
        if (n >= generation) {
            BOOST_REQUIRE(!numbers.add(n - generation + 1));
        }
    }
    BOOST_TEST(numbers.add(1));
}

BOOST_AUTO_TEST_CASE(numbers_that_want_the_same_slot_are_told_apart)
{
    recent_numbers numbers;
    constexpr std::uint64_t same_slot = std::uint64_t{1} << 40;
    for (std::uint64_t n = 1; n <= 100; ++n) {
        BOOST_REQUIRE(numbers.add(n * same_slot));
    }
    for (std::uint64_t n = 1; n <= 100; ++n) {
        BOOST_REQUIRE(!numbers.add(n * same_slot));
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(copies_without_header)

BOOST_AUTO_TEST_CASE(each_belongs_to_one_record_with_the_same_fields_in_any_order)
{
    BOOST_TEST(count({k1, a}) == 1U);
    BOOST_TEST(count({a, k1}) == 1U);
    BOOST_TEST(count({k1, k2, a, a}) == 2U);
    BOOST_TEST(count({a, a, k1, k2}) == 2U);
    BOOST_TEST(count({k1, a, k2, a}) == 2U);
    BOOST_TEST(count({a, k1, a, k2}) == 2U);
    BOOST_TEST(count({k1, a, a, k2}) == 2U);
    BOOST_TEST(count({a, k1, k2, a}) == 2U);
}

BOOST_AUTO_TEST_CASE(those_without_a_partner_count)
{
    BOOST_TEST(count({k1, k2}) == 2U);
    BOOST_TEST(count({a, a, a}) == 3U);
    BOOST_TEST(count({k1, a, a}) == 2U);
    BOOST_TEST(count({a, a, k1}) == 2U);
    BOOST_TEST(count({a, k1, a}) == 2U);
    BOOST_TEST(count({k1, journals(2)}) == 2U);
    BOOST_TEST(count({journals(2), k1}) == 2U);
}

BOOST_AUTO_TEST_CASE(copies_of_the_partner_change_nothing)
{
    BOOST_TEST(count({k1, k1, a}) == 1U);
    BOOST_TEST(count({a, k1, k1}) == 1U);
    BOOST_TEST(count({k1, a, k1}) == 1U);
    BOOST_TEST(count({k1, k1, a, a}) == 2U);
}

BOOST_AUTO_TEST_CASE(any_order_counts_the_greater_of_both_numbers)
{
    std::mt19937 random(11);
    for (int round = 0; round < 300; ++round) {
        const std::size_t with = random() % 40;
        const std::size_t without = random() % 40;
        std::vector<record_identity> records(without, a);
        for (std::size_t i = 0; i < with; ++i) {
            records.push_back(kernels(i + 1, 1));
        }
        std::shuffle(records.begin(), records.end(), random);
        BOOST_TEST(count(records) == std::max(with, without));
    }
}

BOOST_AUTO_TEST_CASE(partners_are_found_with_127_records_between_them)
{
    BOOST_TEST(!is_new_after(127, k1, a));
    BOOST_TEST(is_new_after(128, k1, a));
    BOOST_TEST(!is_new_after(127, a, k1));
    BOOST_TEST(is_new_after(128, a, k1));
    BOOST_TEST(!is_new_after(127, k1, a, 70));
    BOOST_TEST(is_new_after(128, a, k1, 5000));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(copies_that_were_cut)

BOOST_AUTO_TEST_CASE(one_that_came_whole_before_is_not_missing)
{
    copy_window window;
    BOOST_TEST(window.is_new(k1));
    BOOST_TEST(!window.is_new_cut(k1.stamp));
    BOOST_TEST(window.taken_back() == 0U);
}

BOOST_AUTO_TEST_CASE(one_that_comes_whole_later_is_taken_back)
{
    copy_window window;
    BOOST_TEST(window.is_new_cut(k1.stamp));
    BOOST_TEST(window.is_new(k1));
    BOOST_TEST(window.taken_back() == 1U);
    BOOST_TEST(!window.is_new(k1));
    BOOST_TEST(window.taken_back() == 1U);
    BOOST_TEST(!window.is_new_cut(k1.stamp));
}

BOOST_AUTO_TEST_CASE(one_that_was_cut_twice_is_one_record)
{
    copy_window window;
    BOOST_TEST(window.is_new_cut(k1.stamp));
    BOOST_TEST(!window.is_new_cut(k1.stamp));
    BOOST_TEST(window.is_new(k1));
    BOOST_TEST(window.taken_back() == 1U);
}

BOOST_AUTO_TEST_CASE(one_without_a_header_is_always_missing)
{
    copy_window window;
    BOOST_TEST(window.is_new(a));
    BOOST_TEST(window.is_new_cut(0));
    BOOST_TEST(window.is_new_cut(0));
    BOOST_TEST(window.is_new(journals(2)));
    BOOST_TEST(window.taken_back() == 0U);
}

BOOST_AUTO_TEST_CASE(the_last_128_are_remembered)
{
    for (const std::uint64_t between : {127U, 128U}) {
        copy_window window;
        BOOST_TEST(window.is_new_cut(k1.stamp));
        for (std::uint64_t i = 0; i < between; ++i) {
            BOOST_REQUIRE(window.is_new_cut(kernels(100 + i, 1).stamp));
        }
        BOOST_TEST(window.is_new(k1));
        BOOST_TEST(window.taken_back() == (between == 127 ? 1U : 0U));
    }
}

BOOST_AUTO_TEST_CASE(a_whole_one_is_remembered_for_127_records)
{
    for (const std::uint64_t between : {127U, 128U}) {
        copy_window window;
        BOOST_TEST(window.is_new(k1));
        for (std::uint64_t i = 0; i < between; ++i) {
            BOOST_REQUIRE(window.is_new(kernels(100 + i, 100 + i)));
        }
        BOOST_TEST(window.is_new_cut(k1.stamp) == (between == 128));
    }
}

BOOST_AUTO_TEST_SUITE_END()

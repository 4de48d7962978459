#include <sctrace/trace.hpp>

#include <boost/test/unit_test.hpp>

#include <limits>
#include <map>
#include <random>
#include <utility>

namespace {

using sctrace::architecture;
using sctrace::syscall_key;
using sctrace::trace;

const architecture x86_64(0xc000003e);
const architecture i386(0x40000003);
const architecture aarch64(0xc00000b7);

} // namespace

BOOST_AUTO_TEST_SUITE(trace_file_text)

BOOST_AUTO_TEST_CASE(an_empty_trace_is_an_empty_text)
{
    BOOST_TEST(sctrace::to_ndjson(trace{}, x86_64).empty());
    BOOST_TEST(trace{}.count({x86_64, 0}) == 0U);
}

BOOST_AUTO_TEST_CASE(lines_have_the_fixed_members_and_order)
{
    trace counts;
    counts.add({x86_64, 257}, 2);
    counts.add({x86_64, 0}, 42);
    counts.add({x86_64, -1});
    BOOST_TEST(sctrace::to_ndjson(counts, x86_64) == "{\"syscall\":-1,\"name\":null,\"count\":1}\n"
                                                     "{\"syscall\":0,\"name\":\"read\",\"count\":42}\n"
                                                     "{\"syscall\":257,\"name\":\"openat\",\"count\":2}\n");
}

BOOST_AUTO_TEST_CASE(foreign_architectures_follow_by_name_and_say_which)
{
    trace counts;
    counts.add({i386, 4});
    counts.add({aarch64, 64});
    counts.add({architecture::of_call(0xc000003e, 0x40000000 | 39), 0x40000000 | 39});
    counts.add({architecture(0x12345), 7});
    counts.add({x86_64, 1});
    BOOST_TEST(sctrace::to_ndjson(counts, x86_64) ==
               "{\"syscall\":1,\"name\":\"write\",\"count\":1}\n"
               "{\"syscall\":7,\"name\":null,\"count\":1,\"arch\":\"0x12345\"}\n"
               "{\"syscall\":64,\"name\":\"write\",\"count\":1,\"arch\":\"aarch64\"}\n"
               "{\"syscall\":4,\"name\":\"write\",\"count\":1,\"arch\":\"i386\"}\n"
               "{\"syscall\":1073741863,\"name\":\"getpid\",\"count\":1,\"arch\":\"x32\"}\n");
}

BOOST_AUTO_TEST_CASE(another_native_architecture_changes_who_is_foreign)
{
    trace counts;
    counts.add({aarch64, 64});
    BOOST_TEST(sctrace::to_ndjson(counts, aarch64) == "{\"syscall\":64,\"name\":\"write\",\"count\":1}\n");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(trace_counts)

BOOST_AUTO_TEST_CASE(counts_equal_those_of_a_plain_map)
{
    std::mt19937 random(7);
    std::map<std::pair<bool, std::int64_t>, std::uint64_t> expected;
    trace counts;
    for (int i = 0; i < 20000; ++i) {
        const bool foreign = random() % 4 == 0;
        const auto number = static_cast<std::int64_t>(random() % 2000) - 500;
        counts.add({foreign ? i386 : x86_64, number});
        ++expected[{foreign, number}];
    }
    BOOST_TEST(counts.size() == expected.size());
    BOOST_TEST(counts.total() == 20000U);
    for (const auto& [key, count] : expected) {
        BOOST_TEST(counts.count({key.first ? i386 : x86_64, key.second}) == count);
    }
}

BOOST_AUTO_TEST_CASE(merging_sums)
{
    trace a;
    a.add({x86_64, 0}, 5);
    trace b;
    b.add({x86_64, 0}, 2);
    b.add({i386, 3}, 1);
    BOOST_TEST(a.merge(b).has_value());
    BOOST_TEST(a.count({x86_64, 0}) == 7U);
    BOOST_TEST(a.count({i386, 3}) == 1U);
    BOOST_TEST(a.total() == 8U);
}

BOOST_AUTO_TEST_CASE(merging_a_trace_with_itself_doubles_it)
{
    trace a;
    a.add({x86_64, 0}, 5);
    a.add({i386, 3}, 1);
    BOOST_TEST(a.merge(a).has_value());
    BOOST_TEST(a.count({x86_64, 0}) == 10U);
    BOOST_TEST(a.count({i386, 3}) == 2U);
    BOOST_TEST(a.total() == 12U);
}

BOOST_AUTO_TEST_CASE(a_sum_of_more_than_64_bits_is_an_error_that_changes_nothing)
{
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    trace a;
    a.add({x86_64, 0}, most - 3);
    trace b;
    b.add({x86_64, 1}, 2);
    b.add({x86_64, 2}, 2);
    const auto merged = a.merge(b);
    BOOST_REQUIRE(!merged);
    BOOST_TEST((merged.error().code == sctrace::error::count_overflow));
    BOOST_TEST(merged.error().message == "the sum of all counts has more than 64 bits");
    BOOST_TEST(a.size() == 1U);
    BOOST_TEST(a.total() == most - 3);
    BOOST_TEST(a.count({x86_64, 1}) == 0U);
    trace c;
    c.add({x86_64, 1}, 3);
    BOOST_TEST(a.merge(c).has_value());
    BOOST_TEST(a.total() == most);
}

BOOST_AUTO_TEST_CASE(what_was_left_out_counts_for_the_overflow)
{
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    trace a;
    for (std::size_t number = 0; number < trace::max_distinct; ++number) {
        a.add({x86_64, static_cast<std::int64_t>(number)});
    }
    a.add({i386, 0}, most - trace::max_distinct);
    trace b;
    b.add({i386, 0}, 1);
    BOOST_TEST(!a.merge(b));
    BOOST_TEST(a.left_out() == most - trace::max_distinct);
}

BOOST_AUTO_TEST_CASE(a_trace_that_was_moved_from_is_empty)
{
    trace a;
    a.add({x86_64, 0}, 5);
    trace b(std::move(a));
    BOOST_TEST(b.total() == 5U);
    BOOST_TEST(a.empty());
    BOOST_TEST(a.total() == 0U);
    BOOST_TEST(a.count({x86_64, 0}) == 0U);
    a.add({i386, 3});
    BOOST_TEST(a.total() == 1U);
    a = std::move(b);
    BOOST_TEST(a.total() == 5U);
    BOOST_TEST(a.count({i386, 3}) == 0U);
    BOOST_TEST(b.empty());
    BOOST_TEST(b.total() == 0U);
    trace& same = a;
    a = std::move(same);
    BOOST_TEST(a.count({x86_64, 0}) == 5U);
}

BOOST_AUTO_TEST_CASE(clearing_forgets_everything)
{
    trace a;
    a.add({x86_64, 0}, 5);
    a.clear();
    BOOST_TEST(a.empty());
    BOOST_TEST(a.total() == 0U);
    BOOST_TEST(a.count({x86_64, 0}) == 0U);
}

BOOST_AUTO_TEST_CASE(calls_beyond_the_limit_are_summed_up_only)
{
    constexpr auto limit = static_cast<std::int64_t>(trace::max_distinct);
    trace a;
    for (std::int64_t number = 0; number < limit; ++number) {
        a.add({x86_64, number});
    }
    BOOST_TEST(a.size() == trace::max_distinct);
    BOOST_TEST(a.left_out() == 0U);
    a.add({x86_64, limit}, 3);
    a.add({i386, 0});
    a.add({i386, 0}, 0);
    BOOST_TEST(a.left_out() == 4U);
    BOOST_TEST(a.count({x86_64, limit}) == 0U);
    // What was seen before is counted on.
    a.add({x86_64, limit - 1}, 10);
    BOOST_TEST(a.count({x86_64, limit - 1}) == 11U);
    BOOST_TEST(a.total() == trace::max_distinct + 10);
    BOOST_TEST(a.size() == trace::max_distinct);
    BOOST_TEST(a.sorted(x86_64).size() == trace::max_distinct);
    const auto why = sctrace::too_many_syscalls(a);
    BOOST_TEST((why.code == sctrace::error::too_many_syscalls));
    BOOST_TEST(why.message == "4 calls were not counted: there were more than 16384 different ones");
    a.clear();
    BOOST_TEST(a.left_out() == 0U);
    a.add({i386, 0});
    BOOST_TEST(a.count({i386, 0}) == 1U);
}

BOOST_AUTO_TEST_CASE(merging_keeps_to_the_limit_and_sums_what_was_left_out)
{
    constexpr auto limit = static_cast<std::int64_t>(trace::max_distinct);
    trace a;
    trace b;
    for (std::int64_t number = 0; number < limit; ++number) {
        a.add({x86_64, number});
        b.add({x86_64, number + limit / 2}, 2);
    }
    a.add({x86_64, limit});
    b.add({i386, 1}, 5);
    BOOST_TEST(a.merge(b).has_value());
    BOOST_TEST(a.size() == trace::max_distinct);
    BOOST_TEST(a.total() == trace::max_distinct + trace::max_distinct);
    BOOST_TEST(a.left_out() == 1U + 5U + trace::max_distinct);
    BOOST_TEST(a.count({x86_64, limit - 1}) == 3U);
}

BOOST_AUTO_TEST_SUITE_END()

#include <sctrace/allow_list.hpp>
#include <sctrace/syscall_variants.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using sctrace::allow_list;
using sctrace::architecture;
using sctrace::argument_condition;
using sctrace::comparison;
using sctrace::filter_action;
using sctrace::filter_verdict;
using sctrace::profile;
using sctrace::profile_rule;
using sctrace::trace;

const architecture x86_64(0xc000003e);
const architecture i386(0x40000003);
const architecture x32(0x4000003e);
const architecture aarch64(0xc00000b7);
constexpr std::int64_t x32_bit = 0x40000000;

constexpr filter_verdict allow{filter_action::allow, 0};
constexpr filter_verdict eperm{filter_action::errno_value, 1};

using names = std::vector<std::string>;

argument_condition first_equals(std::uint64_t value)
{
    return {0, comparison::equal, value, 0};
}

void check_rules(const profile& made, const std::vector<profile_rule>& expected)
{
    BOOST_REQUIRE(made.rules.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        BOOST_TEST(made.rules[i].names == expected[i].names, boost::test_tools::per_element());
        BOOST_TEST((made.rules[i].verdict == expected[i].verdict));
        BOOST_TEST((made.rules[i].conditions == expected[i].conditions));
    }
}

names architecture_names(const profile& p)
{
    names found;
    for (const architecture arch : p.architectures) {
        found.push_back(arch.display_name());
    }
    return found;
}

} // namespace

BOOST_AUTO_TEST_SUITE(allow_lists)

BOOST_AUTO_TEST_CASE(an_empty_list_has_the_native_architecture_and_no_rule)
{
    const allow_list list(aarch64);
    BOOST_TEST(list.empty());
    const profile made = list.make(eperm);
    BOOST_TEST((made.default_verdict == eperm));
    BOOST_TEST((made.architectures == std::vector{aarch64}));
    BOOST_TEST(made.flags.empty());
    BOOST_TEST(made.rules.empty());
}

BOOST_AUTO_TEST_CASE(calls_of_traces_and_names_are_sorted_bytewise_each_once)
{
    trace first;
    first.add({x86_64, 1}, 7);
    first.add({x86_64, 0}, 3);
    trace second;
    second.add({x86_64, 1});
    second.add({x86_64, 59});
    allow_list list(x86_64);
    list.add(first);
    list.add(second);
    list.add(names{"read", "_llseek", "close"});
    BOOST_TEST(!list.empty());
    check_rules(list.make(eperm), {{{"_llseek", "close", "execve", "read", "write"}, allow, {}}});
}

BOOST_AUTO_TEST_CASE(foreign_calls_bring_their_architecture_after_the_native_one_by_name)
{
    trace counts;
    counts.add({x32, x32_bit | 39});
    counts.add({i386, 4});
    counts.add({x86_64, 0});
    allow_list list(x86_64);
    list.add(counts);
    const profile made = list.make({filter_action::kill_process, 0});
    BOOST_TEST(architecture_names(made) == (names{"x86_64", "i386", "x32"}),
               boost::test_tools::per_element());
    check_rules(made, {{{"getpid", "read", "write"}, allow, {}}});
}

BOOST_AUTO_TEST_CASE(numbers_without_a_name_are_kept_apart_each_once_and_bring_no_architecture)
{
    trace counts;
    counts.add({x86_64, -1}, 2);
    counts.add({x86_64, 0});
    counts.add({i386, 9999});
    counts.add({architecture(0x12345), 3});
    allow_list list(x86_64);
    list.add(counts);
    list.add(counts);
    const std::vector<sctrace::syscall_key> expected{{x86_64, -1}, {architecture(0x12345), 3}, {i386, 9999}};
    BOOST_TEST((list.unnamed() == expected));
    BOOST_TEST((list.make(eperm).architectures == std::vector{x86_64}));
    check_rules(list.make(eperm), {{{"read"}, allow, {}}});
}

BOOST_AUTO_TEST_CASE(a_list_of_numbers_without_a_name_only_is_empty)
{
    trace counts;
    counts.add({x86_64, 9999});
    allow_list list(x86_64);
    list.add(counts);
    BOOST_TEST(list.empty());
    BOOST_TEST(list.unnamed().size() == 1U);
}

BOOST_AUTO_TEST_CASE(of_a_profile_what_it_allows_or_logs_is_taken_and_its_architectures_are_not)
{
    profile base;
    base.architectures = {aarch64, i386};
    base.rules = {
        {{"write", "read"}, allow, {}},
        {{"mount"}, eperm, {}},
        {{"close"}, {filter_action::log, 0}, {}},
        {{"reboot"}, {filter_action::kill_process, 0}, {}},
        {{"ptrace"}, {filter_action::notify, 0}, {}},
    };
    allow_list list(x86_64);
    list.add(base);
    const profile made = list.make(eperm);
    BOOST_TEST((made.architectures == std::vector{x86_64}));
    check_rules(made, {{{"close", "read", "write"}, allow, {}}});
}

BOOST_AUTO_TEST_CASE(conditions_are_kept_for_calls_that_are_not_allowed_anyway)
{
    profile base;
    base.rules = {
        {{"personality", "socket", "personality"}, allow, {first_equals(8)}},
        {{"clone"}, {filter_action::log, 0}, {first_equals(1), {1, comparison::less, 5, 0}}},
        {{"socket", "personality"}, allow, {first_equals(8)}},
        {{"personality"}, allow, {first_equals(0)}},
        {{"kill"}, eperm, {first_equals(0)}},
    };
    trace counts;
    counts.add({x86_64, 41});
    allow_list list(x86_64);
    list.add(base);
    BOOST_TEST(!list.empty());
    list.add(counts);
    check_rules(list.make(eperm), {
                                      {{"socket"}, allow, {}},
                                      {{"personality"}, allow, {first_equals(8)}},
                                      {{"clone"}, allow, {first_equals(1), {1, comparison::less, 5, 0}}},
                                      {{"personality"}, allow, {first_equals(0)}},
                                  });
}

BOOST_AUTO_TEST_CASE(a_profile_without_names_adds_nothing)
{
    profile base;
    base.rules = {{{}, allow, {}}, {{}, allow, {first_equals(1)}}};
    allow_list list(x86_64);
    list.add(base);
    BOOST_TEST(list.empty());
    BOOST_TEST(list.make(eperm).rules.empty());
}

BOOST_AUTO_TEST_CASE(the_profile_that_logs_everything_has_all_that_the_kernel_runs)
{
    const std::vector<std::pair<std::string, names>> expected{
        {"x86_64", {"x86_64", "i386", "x32"}},
        {"aarch64", {"aarch64", "arm"}},
        {"mips64", {"mips64", "mips", "mips64n32"}},
        {"mips64n32", {"mips64n32", "mips", "mips64"}},
        {"mipsel64", {"mipsel64", "mipsel", "mipsel64n32"}},
        {"mipsel64n32", {"mipsel64n32", "mipsel", "mipsel64"}},
        {"s390x", {"s390x", "s390"}},
        {"ppc64", {"ppc64", "ppc"}},
        {"parisc64", {"parisc64", "parisc"}},
        {"ppc64le", {"ppc64le"}},
        {"riscv64", {"riscv64"}},
        {"i386", {"i386"}},
    };
    for (const auto& [native, architectures] : expected) {
        const profile made = sctrace::log_all_profile(*architecture::from_name(native));
        BOOST_TEST((made.default_verdict == filter_verdict{filter_action::log, 0}));
        BOOST_TEST(architecture_names(made) == architectures, boost::test_tools::per_element());
        BOOST_TEST(made.rules.empty());
        BOOST_TEST(made.flags.empty());
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(syscall_variants)

namespace {

/// `name<seen` for each variant.
names variants(const names& seen, architecture native)
{
    names found;
    for (const auto& variant : sctrace::variants_of(seen, native)) {
        found.push_back(variant.name + "<" + variant.seen);
    }
    return found;
}

} // namespace

BOOST_AUTO_TEST_CASE(nothing_is_suggested_for_nothing_and_for_calls_without_relatives)
{
    BOOST_TEST(variants({}, x86_64).empty());
    BOOST_TEST(variants({"read", "no_such_call"}, x86_64).empty());
}

BOOST_AUTO_TEST_CASE(relatives_are_suggested_by_name_and_not_the_calls_themselves)
{
    BOOST_TEST(variants({"clone"}, x86_64) == (names{"clone3<clone", "fork<clone", "vfork<clone"}),
               boost::test_tools::per_element());
    BOOST_TEST(variants({"openat", "pipe2", "creat"}, x86_64) ==
                   (names{"open<openat", "openat2<openat", "pipe<pipe2"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_whole_family_suggests_nothing)
{
    BOOST_TEST(variants({"exit", "exit_group"}, x86_64).empty());
}

BOOST_AUTO_TEST_CASE(only_calls_of_the_architecture_are_suggested)
{
    BOOST_TEST(variants({"openat"}, aarch64) == (names{"openat2<openat"}), boost::test_tools::per_element());
    BOOST_TEST(variants({"clone"}, aarch64) == (names{"clone3<clone"}), boost::test_tools::per_element());
    BOOST_TEST(variants({"clock_gettime"}, x86_64) ==
                   (names{"gettimeofday<clock_gettime", "time<clock_gettime"}),
               boost::test_tools::per_element());
    BOOST_TEST(
        variants({"clock_gettime"}, i386) ==
            (names{"clock_gettime64<clock_gettime", "gettimeofday<clock_gettime", "time<clock_gettime"}),
        boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_call_of_two_families_is_suggested_once)
{
    BOOST_TEST(variants({"stat", "fstat"}, x86_64) == (names{"lstat<stat", "newfstatat<stat", "statx<stat"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

#include <sctrace/profile.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using sctrace::architecture;
using sctrace::architecture_from_oci_name;
using sctrace::comparison;
using sctrace::filter_action;
using sctrace::filter_flag;
using sctrace::filter_verdict;
using sctrace::oci_name;
using sctrace::profile;
using sctrace::profile_rule;

const architecture x86_64(0xc000003e);
const architecture i386(0x40000003);
const architecture x32 = architecture::of_call(0xc000003e, 0x40000000);
const architecture aarch64(0xc00000b7);

constexpr filter_verdict allow{filter_action::allow, 0};
constexpr filter_verdict log{filter_action::log, 0};
constexpr filter_verdict eperm{filter_action::errno_value, 1};

std::vector<std::int64_t> permitted(const profile& p, architecture arch, architecture native = x86_64)
{
    std::vector<std::int64_t> numbers;
    for (const sctrace::syscall_key& call : sctrace::permitted_calls(p, arch, native)) {
        BOOST_TEST((call.arch == arch));
        numbers.push_back(call.number);
    }
    return numbers;
}

profile profile_of(std::vector<profile_rule> rules, std::vector<architecture> architectures = {})
{
    profile p;
    p.rules = std::move(rules);
    p.architectures = std::move(architectures);
    return p;
}

} // namespace

BOOST_AUTO_TEST_SUITE(profiles)

BOOST_AUTO_TEST_CASE(actions_have_the_names_of_oci)
{
    BOOST_TEST(oci_name(filter_action::kill_process) == "SCMP_ACT_KILL_PROCESS");
    BOOST_TEST(oci_name(filter_action::kill_thread) == "SCMP_ACT_KILL_THREAD");
    BOOST_TEST(oci_name(filter_action::trap) == "SCMP_ACT_TRAP");
    BOOST_TEST(oci_name(filter_action::errno_value) == "SCMP_ACT_ERRNO");
    BOOST_TEST(oci_name(filter_action::notify) == "SCMP_ACT_NOTIFY");
    BOOST_TEST(oci_name(filter_action::trace) == "SCMP_ACT_TRACE");
    BOOST_TEST(oci_name(filter_action::log) == "SCMP_ACT_LOG");
    BOOST_TEST(oci_name(filter_action::allow) == "SCMP_ACT_ALLOW");
}

BOOST_AUTO_TEST_CASE(comparisons_have_the_names_of_oci)
{
    BOOST_TEST(oci_name(comparison::not_equal) == "SCMP_CMP_NE");
    BOOST_TEST(oci_name(comparison::less) == "SCMP_CMP_LT");
    BOOST_TEST(oci_name(comparison::less_or_equal) == "SCMP_CMP_LE");
    BOOST_TEST(oci_name(comparison::equal) == "SCMP_CMP_EQ");
    BOOST_TEST(oci_name(comparison::greater_or_equal) == "SCMP_CMP_GE");
    BOOST_TEST(oci_name(comparison::greater) == "SCMP_CMP_GT");
    BOOST_TEST(oci_name(comparison::masked_equal) == "SCMP_CMP_MASKED_EQ");
}

BOOST_AUTO_TEST_CASE(flags_have_the_names_of_oci)
{
    BOOST_TEST(oci_name(filter_flag::tsync) == "SECCOMP_FILTER_FLAG_TSYNC");
    BOOST_TEST(oci_name(filter_flag::log) == "SECCOMP_FILTER_FLAG_LOG");
    BOOST_TEST(oci_name(filter_flag::spec_allow) == "SECCOMP_FILTER_FLAG_SPEC_ALLOW");
    BOOST_TEST(oci_name(filter_flag::wait_killable_recv) == "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV");
}

BOOST_AUTO_TEST_CASE(architectures_have_the_names_of_oci)
{
    struct pair {
        std::string_view ours;
        std::string_view oci;
    };
    constexpr std::array pairs{
        pair{"x86_64", "SCMP_ARCH_X86_64"},
        pair{"i386", "SCMP_ARCH_X86"},
        pair{"x32", "SCMP_ARCH_X32"},
        pair{"aarch64", "SCMP_ARCH_AARCH64"},
        pair{"arm", "SCMP_ARCH_ARM"},
        pair{"mips", "SCMP_ARCH_MIPS"},
        pair{"mips64", "SCMP_ARCH_MIPS64"},
        pair{"mips64n32", "SCMP_ARCH_MIPS64N32"},
        pair{"mipsel", "SCMP_ARCH_MIPSEL"},
        pair{"mipsel64", "SCMP_ARCH_MIPSEL64"},
        pair{"mipsel64n32", "SCMP_ARCH_MIPSEL64N32"},
        pair{"ppc", "SCMP_ARCH_PPC"},
        pair{"ppc64", "SCMP_ARCH_PPC64"},
        pair{"ppc64le", "SCMP_ARCH_PPC64LE"},
        pair{"s390", "SCMP_ARCH_S390"},
        pair{"s390x", "SCMP_ARCH_S390X"},
        pair{"parisc", "SCMP_ARCH_PARISC"},
        pair{"parisc64", "SCMP_ARCH_PARISC64"},
        pair{"riscv64", "SCMP_ARCH_RISCV64"},
        pair{"loongarch64", "SCMP_ARCH_LOONGARCH64"},
        pair{"m68k", "SCMP_ARCH_M68K"},
        pair{"sh", "SCMP_ARCH_SHEB"},
    };
    std::set<std::uint32_t> seen;
    for (const auto& [ours, oci] : pairs) {
        const auto arch = architecture::from_name(ours);
        BOOST_REQUIRE_MESSAGE(arch.has_value(), ours);
        BOOST_TEST(oci_name(*arch) == oci);
        BOOST_TEST((architecture_from_oci_name(oci) == arch));
        BOOST_TEST((seen.insert(arch->audit_arch() + (arch->is_x32() ? 1 : 0)).second));
    }
}

BOOST_AUTO_TEST_CASE(the_plain_name_of_superh_is_the_little_endian_one)
{
    const architecture little(0x4000002a);
    BOOST_TEST(oci_name(little) == "SCMP_ARCH_SH");
    BOOST_TEST((architecture_from_oci_name("SCMP_ARCH_SH") == little));
}

BOOST_AUTO_TEST_CASE(some_architectures_have_no_name_in_oci)
{
    for (const std::string_view name : {"armeb", "riscv32", "sparc", "sparc64"}) {
        const auto arch = architecture::from_name(name);
        BOOST_REQUIRE(arch.has_value());
        BOOST_TEST(oci_name(*arch).empty());
    }
    BOOST_TEST(oci_name(architecture()).empty());
}

BOOST_AUTO_TEST_CASE(other_words_are_no_architectures)
{
    for (const std::string_view word : {"", "x86_64", "SCMP_ARCH_", "SCMP_ARCH_x86_64", "SCMP_ARCH_X86_64 ",
                                        "SCMP_ARCH_NATIVE", "SCMP_ARCH_I386"}) {
        BOOST_TEST(!architecture_from_oci_name(word).has_value());
    }
}

BOOST_AUTO_TEST_CASE(a_profile_refuses_unless_told_otherwise)
{
    const profile p;
    BOOST_TEST((p.default_verdict == eperm));
    BOOST_TEST(sctrace::permitted_calls(p, x86_64, x86_64).empty());
}

BOOST_AUTO_TEST_CASE(permitted_calls_are_those_of_allow_and_log_in_ascending_order)
{
    const profile p = profile_of({
        {{"write", "close"}, allow, {}},
        {{"read", "write"}, log, {}},
        {{"openat"}, {filter_action::trace, 1}, {}},
        {{"getpid"}, {filter_action::notify, 0}, {}},
        {{"kill"}, eperm, {}},
    });
    BOOST_TEST(permitted(p, x86_64) == (std::vector<std::int64_t>{0, 1, 3}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_depends_on_arguments_is_not_permitted)
{
    const profile p = profile_of({
        {{"read"}, allow, {{0, comparison::equal, 1, 0}}},
        {{"write"}, allow, {}},
        {{"write"}, allow, {{0, comparison::equal, 1, 0}}},
        {{"close"}, allow, {}},
        {{"close"}, eperm, {{0, comparison::equal, 1, 0}}},
    });
    BOOST_TEST(permitted(p, x86_64) == (std::vector<std::int64_t>{1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_numbers_are_those_of_the_architecture)
{
    const profile p =
        profile_of({{{"read", "time", "no_such_call"}, allow, {}}}, {x86_64, i386, x32, aarch64});
    BOOST_TEST(permitted(p, x86_64) == (std::vector<std::int64_t>{0, 201}), boost::test_tools::per_element());
    BOOST_TEST(permitted(p, i386) == (std::vector<std::int64_t>{3, 13}), boost::test_tools::per_element());
    BOOST_TEST(permitted(p, x32) == (std::vector<std::int64_t>{0x40000000, 0x400000c9}),
               boost::test_tools::per_element());
    BOOST_TEST(permitted(p, aarch64) == (std::vector<std::int64_t>{63}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(calls_of_other_architectures_than_the_profiles_are_not_permitted)
{
    const profile native_only = profile_of({{{"read"}, allow, {}}});
    BOOST_TEST(permitted(native_only, x86_64, x86_64).size() == 1U);
    BOOST_TEST(permitted(native_only, i386, x86_64).empty());
    BOOST_TEST(permitted(native_only, aarch64, aarch64).size() == 1U);

    const profile foreign_only = profile_of({{{"read"}, allow, {}}}, {aarch64});
    BOOST_TEST(permitted(foreign_only, x86_64, x86_64).empty());
    BOOST_TEST(permitted(foreign_only, aarch64, x86_64).size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_the_default_lets_through_is_not_listed)
{
    profile p = profile_of({{{"read"}, allow, {}}});
    p.default_verdict = log;
    BOOST_TEST(permitted(p, x86_64) == (std::vector<std::int64_t>{0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

#include "common/skip.hpp"
#include "in_child.hpp"

#include <sctrace/seccomp_filter.hpp>
#include <sctrace/syscall_names.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace sctrace;

namespace {

constexpr std::uint32_t allow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t log = SECCOMP_RET_LOG;
constexpr std::uint32_t kill_thread = SECCOMP_RET_KILL_THREAD;
constexpr std::uint32_t eperm = SECCOMP_RET_ERRNO | EPERM;
constexpr std::int64_t x32_bit = 0x40000000;
constexpr std::uint64_t high_bit = 0x100000000;

architecture arch(std::string_view name)
{
    return architecture::from_name(name).value();
}

const architecture x86_64 = arch("x86_64");
const architecture i386 = arch("i386");
const architecture x32 = arch("x32");
const std::vector<architecture> all_of_x86{x86_64, i386, x32};

std::uint32_t verdict(const seccomp_filter& filter, architecture of, std::int64_t number,
                      std::array<std::uint64_t, 6> arguments = {})
{
    return filter.verdict({of.audit_arch(), static_cast<std::int32_t>(number), arguments});
}

std::string describe(const boost::system::result<seccomp_filter, failure>& made)
{
    return made ? "made" : made.error().code.to_string() + " " + made.error().message;
}

std::string impossible(const std::string& message)
{
    return make_error_code(error::filter_not_possible).to_string() + " " + message;
}

/// The first number of an architecture, and enough to be past its last one.
std::vector<std::int64_t> numbers_of(architecture of)
{
    std::vector<std::int64_t> numbers;
    for (std::int64_t number = 0; number <= 600; ++number) {
        numbers.push_back(number + (of.is_x32() ? x32_bit : 0));
    }
    return numbers;
}

profile_rule rule(std::vector<std::string> names, filter_verdict verdict,
                  std::vector<argument_condition> conditions = {})
{
    return {std::move(names), verdict, std::move(conditions)};
}

profile_rule allowed(std::vector<std::string> names, std::vector<argument_condition> conditions = {})
{
    return rule(std::move(names), {filter_action::allow, 0}, std::move(conditions));
}

filter_verdict fails_with(int error)
{
    return {filter_action::errno_value, static_cast<std::uint16_t>(error)};
}

/// Refuses with EPERM what its rules do not name, on all architectures of x86.
profile profile_of(std::vector<profile_rule> rules)
{
    profile p;
    p.default_verdict = fails_with(EPERM);
    p.architectures = all_of_x86;
    p.rules = std::move(rules);
    return p;
}

seccomp_filter filter_of(std::vector<profile_rule> rules)
{
    return seccomp_filter::from_profile(profile_of(std::move(rules)), x86_64).value();
}

/// What the kernel's own words for the conditions say.
bool holds(const argument_condition& condition, std::uint64_t argument)
{
    switch (condition.op) {
    case comparison::not_equal:
        return argument != condition.value;
    case comparison::less:
        return argument < condition.value;
    case comparison::less_or_equal:
        return argument <= condition.value;
    case comparison::equal:
        return argument == condition.value;
    case comparison::greater_or_equal:
        return argument >= condition.value;
    case comparison::greater:
        return argument > condition.value;
    case comparison::masked_equal:
        return (argument & condition.value) == condition.value_two;
    }
    return false;
}

const std::vector<std::uint64_t> words_of_64_bits{
    0, 1, 0x7fffffff, 0xffffffff, high_bit, high_bit + 1, 0x8000000000000000, 0xffffffffffffffff,
};

/// One condition of every kind and value on an argument.
std::vector<argument_condition> conditions_on(unsigned index)
{
    std::vector<argument_condition> conditions;
    for (const auto op : {comparison::not_equal, comparison::less, comparison::less_or_equal,
                          comparison::equal, comparison::greater_or_equal, comparison::greater}) {
        for (const std::uint64_t value : words_of_64_bits) {
            conditions.push_back({index, op, value, 0});
        }
    }
    for (const std::uint64_t mask : words_of_64_bits) {
        conditions.push_back({index, comparison::masked_equal, mask, mask & 0x7000000000000001});
    }
    return conditions;
}

/// Puts a filter on the calling process; the number of the error.
int install(const seccomp_filter& filter)
{
    std::vector<sock_filter> program;
    for (const auto& instruction : filter.program()) {
        program.push_back(std::bit_cast<sock_filter>(instruction));
    }
    const sock_fprog whole{static_cast<unsigned short>(program.size()), program.data()};
    ::prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L);
    const auto flags = static_cast<unsigned long>(filter.flags());
    return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &whole) == 0 ? 0 : errno;
}

bool is_x86_64()
{
    return architecture::native() == x86_64 && sizeof(void*) == 8;
}

} // namespace

BOOST_AUTO_TEST_SUITE(seccomp_filter_test)

BOOST_AUTO_TEST_CASE(log_everything_is_one_instruction)
{
    const auto filter = seccomp_filter::log_everything();
    BOOST_TEST(filter.program().size() == 1U);
    BOOST_TEST(filter.flags() == std::uint32_t{SECCOMP_FILTER_FLAG_SPEC_ALLOW});
    for (const architecture of : all_of_x86) {
        BOOST_TEST(verdict(filter, of, 0) == log);
        BOOST_TEST(verdict(filter, of, -1) == log);
    }
}

BOOST_AUTO_TEST_CASE(exactly_the_listed_numbers_are_silent)
{
    std::vector<syscall_key> silent;
    const auto is_listed = [](architecture of, std::int64_t number) {
        const auto plain = number & ~x32_bit;
        return (plain * 7 + static_cast<std::int64_t>(of.name().size())) % 11 < 5 && plain != 157 &&
               plain != 317 && plain != 172 && plain != 354;
    };
    for (const architecture of : all_of_x86) {
        for (const std::int64_t number : numbers_of(of)) {
            if (is_listed(of, number)) {
                silent.push_back({of, number});
            }
        }
    }
    std::reverse(silent.begin(), silent.end());
    silent.insert(silent.end(), silent.begin(), silent.begin() + 50);
    const auto filter = seccomp_filter::log_all_but(silent, x86_64).value();
    BOOST_TEST(filter.flags() == std::uint32_t{SECCOMP_FILTER_FLAG_SPEC_ALLOW});
    for (const architecture of : all_of_x86) {
        for (const std::int64_t number : numbers_of(of)) {
            BOOST_TEST(verdict(filter, of, number) == (is_listed(of, number) ? allow : log),
                       of.name() << " " << number);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_listed_number_is_that_number_only)
{
    for (const syscall_key only : std::vector<syscall_key>{{i386, 102},
                                                           {i386, 359},
                                                           {i386, 117},
                                                           {i386, 395},
                                                           {x86_64, 0},
                                                           {x86_64, 500},
                                                           {x86_64, 462},
                                                           {i386, 462},
                                                           {i386, 500},
                                                           {x32, x32_bit + 462},
                                                           {x32, x32_bit},
                                                           {x86_64, 0x3fffffff},
                                                           {i386, 0x7fffffff},
                                                           {x32, 0x7fffffff}}) {
        const std::vector<syscall_key> silent{only};
        const auto filter = seccomp_filter::log_all_but(silent, x86_64).value();
        for (const architecture of : all_of_x86) {
            auto numbers = numbers_of(of);
            numbers.insert(numbers.end(), {only.number - 1, only.number, -1, -2, INT32_MIN});
            for (const std::int64_t number : numbers) {
                const bool is_it = of.audit_arch() == only.arch.audit_arch() && number == only.number;
                BOOST_TEST(verdict(filter, of, number) == (is_it ? allow : log), of.name() << " " << number);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(numbers_that_no_call_can_have_are_left_out)
{
    const std::vector<syscall_key> silent{
        {x86_64, -1},      {i386, -7},           {x86_64, 0x80000000}, {i386, 0x100000001}, {x32, 39},
        {x86_64, x32_bit}, {arch("aarch64"), 5}, {architecture(), 0},  {arch("arm"), 6},
    };
    const auto filter = seccomp_filter::log_all_but(silent, x86_64).value();
    BOOST_TEST(filter.program().size() == 2U);
    BOOST_TEST(verdict(filter, x86_64, -1) == log);
    BOOST_TEST(verdict(filter, x86_64, 39) == log);
    BOOST_TEST(verdict(filter, x86_64, x32_bit) == log);
    BOOST_TEST(verdict(filter, i386, 1) == log);
    BOOST_TEST(verdict(filter, arch("aarch64"), 5) == log);

    const auto other = seccomp_filter::log_all_but(silent, arch("aarch64")).value();
    BOOST_TEST(verdict(other, arch("aarch64"), 5) == allow);
    BOOST_TEST(verdict(other, arch("arm"), 6) == allow);
    BOOST_TEST(verdict(other, arch("aarch64"), 6) == log);
}

BOOST_AUTO_TEST_CASE(neighbours_and_nothing_are_silent_in_few_instructions)
{
    const auto none = seccomp_filter::log_all_but({}, x86_64).value();
    BOOST_TEST(none.program().size() == 2U);
    BOOST_TEST(verdict(none, x86_64, 0) == log);

    std::vector<syscall_key> silent;
    for (std::int64_t number = 0; number != 100; ++number) {
        silent.push_back({x86_64, number});
    }
    const auto neighbours = seccomp_filter::log_all_but(silent, x86_64).value();
    BOOST_TEST(neighbours.program().size() == 7U);
    BOOST_TEST(verdict(neighbours, x86_64, 99) == allow);
    BOOST_TEST(verdict(neighbours, x86_64, 100) == log);
}

BOOST_AUTO_TEST_CASE(calls_that_install_filters_are_logged_though_they_are_listed)
{
    std::vector<syscall_key> silent;
    for (const architecture of : all_of_x86) {
        for (const char* name : {"prctl", "seccomp", "read"}) {
            silent.push_back({of, syscall_number(of, name).value()});
        }
    }
    const auto filter = seccomp_filter::log_all_but(silent, x86_64).value();
    for (const architecture of : all_of_x86) {
        const auto prctl = syscall_number(of, "prctl").value();
        const auto seccomp = syscall_number(of, "seccomp").value();
        // The kernel looks at the low word of the first argument only.
        for (const std::uint64_t high : {std::uint64_t{0}, high_bit, std::uint64_t{0xffffffff00000000}}) {
            for (std::uint64_t low = 0; low != 100; ++low) {
                BOOST_TEST(verdict(filter, of, prctl, {high | low}) == (low == PR_SET_SECCOMP ? log : allow));
                BOOST_TEST(verdict(filter, of, seccomp, {high | low}) ==
                           (low == SECCOMP_SET_MODE_STRICT || low == SECCOMP_SET_MODE_FILTER ? log : allow));
            }
            for (unsigned bit = 5; bit != 32; ++bit) {
                const std::uint64_t low = std::uint64_t{1} << bit;
                BOOST_TEST(verdict(filter, of, prctl, {high | low | PR_SET_SECCOMP}) == allow);
                BOOST_TEST(verdict(filter, of, seccomp, {high | low}) == allow);
                BOOST_TEST(verdict(filter, of, seccomp, {high | low | 1}) == allow);
            }
        }
        BOOST_TEST(verdict(filter, of, prctl, {1, PR_SET_SECCOMP, PR_SET_SECCOMP}) == allow);
        BOOST_TEST(verdict(filter, of, syscall_number(of, "read").value(), {PR_SET_SECCOMP}) == allow);
    }
}

BOOST_AUTO_TEST_CASE(a_list_that_is_too_long_is_refused)
{
    std::vector<syscall_key> silent;
    for (std::int64_t number = 0; number != 4000; number += 2) {
        silent.push_back({i386, number});
    }
    const auto made = seccomp_filter::log_all_but(silent, x86_64);
    BOOST_TEST(describe(made).starts_with(impossible("the filter would have ")), describe(made));
    BOOST_TEST(
        describe(made).ends_with("and the kernel takes 4096; leave fewer system calls out of the log"));
}

BOOST_AUTO_TEST_CASE(the_kernel_takes_a_filter_near_its_limit)
{
    std::vector<syscall_key> silent;
    for (std::int64_t number = 0; number != 2000; number += 2) {
        silent.push_back({i386, number});
    }
    const auto filter = seccomp_filter::log_all_but(silent, x86_64).value();
    BOOST_TEST(filter.program().size() > 3800U);
    BOOST_TEST(verdict(filter, i386, 0) == allow);
    BOOST_TEST(verdict(filter, i386, 1999) == log);
    BOOST_TEST(verdict(filter, i386, 1998) == allow);
    BOOST_TEST(test::in_child([&] { return std::to_string(install(filter)); }) == "0");
}

BOOST_AUTO_TEST_CASE(a_profile_lets_through_what_it_names_on_every_architecture)
{
    std::set<std::string> names{"socketcall", "ipc"};
    for (const architecture of : all_of_x86) {
        for (const std::int64_t number : numbers_of(of)) {
            const auto name = syscall_name(of, number);
            if (name && std::hash<std::string>()(*name) % 5 < 2) {
                names.insert(*name);
            }
        }
    }
    names.insert({"mseal", "cachestat", "listns", "uretprobe"});
    const auto filter = filter_of({allowed({names.begin(), names.end()}), allowed({"no_such_call"})});
    BOOST_TEST(filter.flags() == std::uint32_t{SECCOMP_FILTER_FLAG_LOG});
    for (const architecture of : all_of_x86) {
        for (const std::int64_t number : numbers_of(of)) {
            const auto name = syscall_name(of, number);
            BOOST_TEST(verdict(filter, of, number) == (name && names.count(*name) ? allow : eperm),
                       of.name() << " " << number << " " << name.value_or("?"));
        }
        BOOST_TEST(verdict(filter, of, -1) == eperm);
        BOOST_TEST(verdict(filter, of, -2) == eperm);
        BOOST_TEST(verdict(filter, of, INT32_MIN) == eperm);
        BOOST_TEST(verdict(filter, of, x32_bit - 1) == eperm);
    }
    BOOST_TEST(verdict(filter, x86_64, 335) == allow, "uretprobe, which this libseccomp does not know");
    BOOST_TEST(verdict(filter, arch("aarch64"), 0) == kill_thread);
}

BOOST_AUTO_TEST_CASE(calls_of_architectures_that_are_not_listed_are_killed)
{
    profile p = profile_of({allowed({"read", "mseal"})});
    p.architectures = {};
    const auto native_only = seccomp_filter::from_profile(p, x86_64).value();
    BOOST_TEST(verdict(native_only, x86_64, 0) == allow);
    BOOST_TEST(verdict(native_only, x86_64, 1) == eperm);
    for (const std::int64_t number : {0, 3, 462, -1}) {
        BOOST_TEST(verdict(native_only, i386, number) == kill_thread);
    }
    BOOST_TEST(verdict(native_only, x32, x32_bit) == kill_thread);
    BOOST_TEST(verdict(native_only, x32, x32_bit + 462) == kill_thread);
    BOOST_TEST(verdict(native_only, x86_64, -1) == eperm);
    BOOST_TEST(verdict(native_only, x86_64, -2) == eperm);

    p.architectures = {i386, x86_64, arch("aarch64"), arch("s390x"), i386};
    const auto two = seccomp_filter::from_profile(p, x86_64).value();
    BOOST_TEST(verdict(two, i386, 3) == allow);
    BOOST_TEST(verdict(two, i386, 462) == allow);
    BOOST_TEST(verdict(two, x86_64, 462) == allow);
    BOOST_TEST(verdict(two, x32, x32_bit) == kill_thread);
    BOOST_TEST(verdict(two, arch("aarch64"), 63) == kill_thread);
}

BOOST_AUTO_TEST_CASE(a_profile_for_another_machine_is_refused)
{
    profile p = profile_of({allowed({"read"})});
    p.architectures = {arch("aarch64"), arch("arm")};
    BOOST_TEST(describe(seccomp_filter::from_profile(p, x86_64)) ==
               impossible("the profile is for aarch64, arm, and this machine is x86_64; add its architecture "
                          "to the profile"));
    const auto filter = seccomp_filter::from_profile(p, arch("aarch64")).value();
    BOOST_TEST(verdict(filter, arch("aarch64"), 63) == allow);
    BOOST_TEST(verdict(filter, arch("arm"), 3) == allow);
    BOOST_TEST(verdict(filter, x86_64, 0) == kill_thread);
}

BOOST_AUTO_TEST_CASE(an_architecture_that_libseccomp_lacks_is_refused)
{
    profile p = profile_of({allowed({"read"})});
    p.architectures = {};
    const auto made = seccomp_filter::from_profile(p, arch("m68k"));
    BOOST_TEST(describe(made) == impossible("no filter can be made for m68k: libseccomp: Invalid argument"));
}

BOOST_AUTO_TEST_CASE(calls_inside_a_multiplexer_go_both_ways_on_i386)
{
    const auto filter = filter_of({allowed({"socket", "shmget"})});
    BOOST_TEST(verdict(filter, x86_64, 41) == allow);
    BOOST_TEST(verdict(filter, x32, x32_bit + 41) == allow);
    BOOST_TEST(verdict(filter, i386, 359) == allow);
    BOOST_TEST(verdict(filter, i386, 395) == allow);
    for (std::uint64_t inner = 0; inner != 30; ++inner) {
        BOOST_TEST(verdict(filter, i386, 102, {inner}) == (inner == 1 ? allow : eperm), inner);
        BOOST_TEST(verdict(filter, i386, 117, {inner}) == (inner == 23 ? allow : eperm), inner);
    }
}

BOOST_AUTO_TEST_CASE(every_verdict_is_passed_on_with_its_value)
{
    profile p = profile_of(
        {rule({"read"}, {filter_action::kill_process, 0}), rule({"write"}, {filter_action::kill_thread, 0}),
         rule({"open"}, {filter_action::trap, 0}), rule({"close"}, fails_with(38)),
         rule({"stat"}, {filter_action::trace, 7}), rule({"fstat"}, {filter_action::log, 0}),
         allowed({"lstat"}), rule({"poll", "mseal"}, fails_with(0)), rule({"cachestat"}, fails_with(4094)),
         rule({"lseek"}, fails_with(EPERM))});
    const auto filter = seccomp_filter::from_profile(p, x86_64).value();
    const std::vector<std::uint32_t> expected{SECCOMP_RET_KILL_PROCESS,
                                              SECCOMP_RET_KILL_THREAD,
                                              SECCOMP_RET_TRAP,
                                              SECCOMP_RET_ERRNO | 38,
                                              SECCOMP_RET_TRACE | 7,
                                              SECCOMP_RET_LOG,
                                              SECCOMP_RET_ALLOW,
                                              SECCOMP_RET_ERRNO,
                                              eperm,
                                              eperm};
    for (std::size_t number = 0; number != expected.size(); ++number) {
        BOOST_TEST(verdict(filter, x86_64, static_cast<std::int64_t>(number)) == expected[number], number);
    }
    BOOST_TEST(verdict(filter, i386, 462) == std::uint32_t{SECCOMP_RET_ERRNO});
    BOOST_TEST(verdict(filter, i386, 451) == (SECCOMP_RET_ERRNO | 4094U));

    p.default_verdict = {filter_action::allow, 0};
    p.rules = {rule({"read"}, fails_with(13)), allowed({"write"})};
    const auto deny_list = seccomp_filter::from_profile(p, x86_64).value();
    BOOST_TEST(verdict(deny_list, x86_64, 0) == (SECCOMP_RET_ERRNO | 13U));
    BOOST_TEST(verdict(deny_list, x86_64, 1) == allow);
}

BOOST_AUTO_TEST_CASE(conditions_compare_64_bits_as_unsigned_numbers)
{
    // One that libseccomp knows, and one that it does not.
    for (const auto& [name, number] :
         std::vector<std::pair<std::string, int>>{{"lseek", 8}, {"mseal", 462}}) {
        for (const unsigned index : {0U, 2U, 5U}) {
            for (const argument_condition& condition : conditions_on(index)) {
                const auto filter = filter_of({allowed({name}, {condition})});
                for (const std::uint64_t argument : words_of_64_bits) {
                    std::array<std::uint64_t, 6> arguments{};
                    arguments[index] = argument;
                    BOOST_TEST(verdict(filter, x86_64, number, arguments) ==
                                   (holds(condition, argument) ? allow : eperm),
                               name << " " << static_cast<int>(condition.op) << " " << condition.value << " "
                                    << argument);
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(the_kernel_judges_conditions_as_the_filter_says)
{
    if (!is_x86_64()) {
        return test::skip("the calls are those of x86_64");
    }
    for (const auto& [name, number] :
         std::vector<std::pair<std::string, int>>{{"lseek", 8}, {"mseal", 462}}) {
        for (const argument_condition& condition : conditions_on(1)) {
            profile p = profile_of({rule({name}, fails_with(1234), {condition})});
            p.default_verdict = {filter_action::allow, 0};
            const auto filter = seccomp_filter::from_profile(p, x86_64).value();
            const auto refused = test::in_child([&filter, number = number] {
                test::require(install(filter) == 0, "install");
                std::string text;
                for (const std::uint64_t argument : words_of_64_bits) {
                    text += ::syscall(number, -1L, argument, 99L) == -1 && errno == 1234 ? 'r' : '-';
                }
                return text;
            });
            std::string expected;
            for (const std::uint64_t argument : words_of_64_bits) {
                expected += holds(condition, argument) ? 'r' : '-';
            }
            BOOST_TEST(refused == expected, name << " " << static_cast<int>(condition.op));
        }
    }
}

BOOST_AUTO_TEST_CASE(conditions_on_several_arguments_must_all_hold)
{
    for (const auto& [name, number] :
         std::vector<std::pair<std::string, int>>{{"lseek", 8}, {"mseal", 462}}) {
        const auto filter =
            filter_of({allowed({name}, {{0, comparison::equal, 1, 0}, {2, comparison::greater, 5, 0}})});
        BOOST_TEST(verdict(filter, x86_64, number, {1, 0, 6}) == allow);
        BOOST_TEST(verdict(filter, x86_64, number, {1, 0, 5}) == eperm);
        BOOST_TEST(verdict(filter, x86_64, number, {2, 0, 6}) == eperm);
        BOOST_TEST(verdict(filter, x86_64, number, {high_bit + 1, 0, 6}) == eperm);
    }
}

BOOST_AUTO_TEST_CASE(where_two_conditions_are_about_one_argument_any_of_all_is_enough)
{
    for (const auto& [name, number] :
         std::vector<std::pair<std::string, int>>{{"lseek", 8}, {"mseal", 462}}) {
        const auto filter = filter_of({allowed(
            {name},
            {{0, comparison::equal, 1, 0}, {0, comparison::equal, 3, 0}, {2, comparison::equal, 9, 0}})});
        BOOST_TEST(verdict(filter, x86_64, number, {1, 0, 0}) == allow);
        BOOST_TEST(verdict(filter, x86_64, number, {3, 0, 0}) == allow);
        BOOST_TEST(verdict(filter, x86_64, number, {2, 0, 9}) == allow);
        BOOST_TEST(verdict(filter, x86_64, number, {2, 0, 0}) == eperm);
    }
}

BOOST_AUTO_TEST_CASE(rules_for_one_call_add_up_and_one_without_conditions_wins)
{
    // Docker's profile, for one that libseccomp knows.
    for (const auto& [name, number] :
         std::vector<std::pair<std::string, int>>{{"personality", 135}, {"mseal", 462}}) {
        std::vector<profile_rule> rules;
        const std::vector<std::uint64_t> values{0, 8, 0x20000, 0x20008, 0xffffffff};
        for (const std::uint64_t value : values) {
            rules.push_back(allowed({name}, {{0, comparison::equal, value, 0}}));
        }
        const auto filter = filter_of(rules);
        for (const std::uint64_t value : values) {
            BOOST_TEST(verdict(filter, x86_64, number, {value}) == allow);
            BOOST_TEST(verdict(filter, x86_64, number, {value + 1}) == eperm);
            BOOST_TEST(verdict(filter, x86_64, number, {value + high_bit}) == eperm);
        }
        rules.push_back(rule({name}, fails_with(7)));
        const auto refused = filter_of(rules);
        BOOST_TEST(verdict(refused, x86_64, number, {0}) == (SECCOMP_RET_ERRNO | 7U));
        BOOST_TEST(verdict(refused, x86_64, number, {1}) == (SECCOMP_RET_ERRNO | 7U));
    }
}

BOOST_AUTO_TEST_CASE(rules_that_contradict_each_other_are_refused)
{
    const profile p = profile_of({allowed({"lseek"}, {{0, comparison::equal, 1, 0}}),
                                  rule({"lseek"}, fails_with(2), {{0, comparison::equal, 1, 0}})});
    BOOST_TEST(describe(seccomp_filter::from_profile(p, x86_64)) ==
               impossible("the rule for lseek cannot be added (SCMP_ACT_ERRNO 2): another rule for the same "
                          "call contradicts it"));
}

BOOST_AUTO_TEST_CASE(a_condition_on_a_seventh_argument_is_refused)
{
    const profile p = profile_of({allowed({"lseek"}, {{6, comparison::equal, 1, 0}})});
    BOOST_TEST(
        describe(seccomp_filter::from_profile(p, x86_64)) ==
        impossible("the rule for lseek cannot be added (SCMP_ACT_ALLOW): libseccomp: Invalid argument"));
}

BOOST_AUTO_TEST_CASE(an_errno_that_libseccomp_does_not_take_is_refused)
{
    profile p = profile_of({rule({"lseek"}, fails_with(4095))});
    BOOST_TEST(describe(seccomp_filter::from_profile(p, x86_64)) ==
               impossible("the rule for lseek cannot be added (SCMP_ACT_ERRNO 4095): libseccomp: Invalid "
                          "argument"));
    p.default_verdict = fails_with(5000);
    BOOST_TEST(describe(seccomp_filter::from_profile(p, x86_64)) ==
               impossible("libseccomp cannot begin a filter whose default action is SCMP_ACT_ERRNO 5000"));
}

BOOST_AUTO_TEST_CASE(a_profile_that_becomes_too_long_is_refused)
{
    std::vector<profile_rule> rules;
    for (std::uint64_t value = 0; value != 3000; ++value) {
        rules.push_back(allowed({"lseek"}, {{0, comparison::equal, value * high_bit, 0}}));
    }
    const auto made = seccomp_filter::from_profile(profile_of(std::move(rules)), x86_64);
    BOOST_TEST(describe(made).starts_with(impossible("the filter would have ")), describe(made));
    BOOST_TEST(describe(made).ends_with("and the kernel takes 4096; give the profile fewer rules with "
                                        "conditions, or fewer architectures"),
               describe(made));
}

BOOST_AUTO_TEST_CASE(a_profile_that_asks_for_a_listener_is_refused)
{
    const auto expected = impossible("the profile asks for SCMP_ACT_NOTIFY, and nobody would answer; choose "
                                     "another action");
    profile p = profile_of({rule({"read"}, {filter_action::notify, 0})});
    BOOST_TEST(describe(seccomp_filter::from_profile(p, x86_64)) == expected);
    p = profile_of({});
    p.default_verdict = {filter_action::notify, 0};
    BOOST_TEST(describe(seccomp_filter::from_profile(p, x86_64)) == expected);
}

BOOST_AUTO_TEST_CASE(of_the_flags_log_and_spec_allow_are_passed_on)
{
    profile p = profile_of({});
    p.flags = {filter_flag::tsync, filter_flag::wait_killable_recv, filter_flag::log};
    BOOST_TEST(seccomp_filter::from_profile(p, x86_64)->flags() == std::uint32_t{SECCOMP_FILTER_FLAG_LOG});
    p.flags.push_back(filter_flag::spec_allow);
    BOOST_TEST(seccomp_filter::from_profile(p, x86_64)->flags() ==
               (SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW));
}

namespace {

/// What becomes of a profile in a child process after some preparation.
template <class Prepare>
std::string made_after(Prepare prepare, filter_verdict verdict = {filter_action::allow, 0})
{
    return test::in_child([&] {
        prepare();
        return describe(seccomp_filter::from_profile(profile_of({rule({"read"}, verdict)}), x86_64));
    });
}

} // namespace

BOOST_AUTO_TEST_CASE(what_the_kernel_lacks_is_named)
{
    BOOST_TEST(made_after([] { test::fail_call(SYS_seccomp, EOPNOTSUPP, SECCOMP_GET_ACTION_AVAIL); }) ==
               impossible("the kernel does not know the action SCMP_ACT_ERRNO: Operation not supported"));
    BOOST_TEST(
        made_after([] { test::fail_call(SYS_seccomp, EINVAL, SECCOMP_FILTER_FLAG_LOG, 1); }) ==
        impossible("the kernel does not know the profile's flags, or not SECCOMP_FILTER_FLAG_LOG; they "
                   "came with Linux 4.14 to 4.17"));
}

BOOST_AUTO_TEST_CASE(what_libseccomp_refuses_is_named)
{
    // As on a kernel that is older than the action.
    const auto old_kernel = [] { test::require(seccomp_api_set(1) == 0, "seccomp_api_set"); };
    BOOST_TEST(made_after(old_kernel, {filter_action::log, 0}) ==
               impossible("the rule for read cannot be added (SCMP_ACT_LOG): libseccomp: Invalid argument"));
    const auto no_default = test::in_child([&] {
        old_kernel();
        profile p = profile_of({});
        p.default_verdict = {filter_action::log, 0};
        return describe(seccomp_filter::from_profile(p, x86_64));
    });
    BOOST_TEST(no_default ==
               impossible("libseccomp cannot begin a filter whose default action is SCMP_ACT_LOG"));
}

BOOST_AUTO_TEST_CASE(a_filter_that_cannot_be_read_back_is_an_error)
{
    const std::string no_file = made_after([] { test::fail_call(SYS_memfd_create, EMFILE); });
    BOOST_TEST(no_file.ends_with("no memory file for the filter: Too many open files"), no_file);
    const std::string not_written = made_after([] {
        // The number that the file is going to have.
        const int next = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
        ::close(next);
        test::fail_call(SYS_write, EIO, static_cast<std::uint32_t>(next));
    });
    BOOST_TEST(not_written.starts_with(impossible("the filter cannot be compiled: libseccomp: ")),
               not_written);
    // The C library makes one of the two; with a sanitizer's runtime it is the older one.
    const std::string no_size = made_after([] {
        test::fail_call(SYS_fstat, EIO);
        test::fail_call(SYS_newfstatat, EIO);
    });
    BOOST_TEST(no_size.ends_with("the filter cannot be read: Input/output error"), no_size);
    const std::string not_read = made_after([] { test::fail_call(SYS_pread64, EIO); });
    BOOST_TEST(not_read.ends_with("the filter cannot be read: Input/output error"), not_read);
}

BOOST_AUTO_TEST_CASE(no_descriptor_is_left_open)
{
    const auto next_free = [] {
        const int next = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
        ::close(next);
        return next;
    };
    const int before = next_free();
    filter_of({allowed({"read"})});
    BOOST_TEST(next_free() == before);
}

BOOST_AUTO_TEST_SUITE_END()

#include <sctrace/call_diff.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>
#include <vector>

namespace {

using sctrace::architecture;
using sctrace::argument_condition;
using sctrace::call_diff;
using sctrace::call_names;
using sctrace::counted_events;
using sctrace::error;
using sctrace::filter_action;
using sctrace::filter_flag;
using sctrace::filter_verdict;
using sctrace::profile;
using sctrace::profile_rule;
using sctrace::saved_calls;
using sctrace::syscall_key;
using sctrace::trace;

const architecture x86_64(0xc000003e);
const architecture i386(0x40000003);
const architecture aarch64(0xc00000b7);

constexpr filter_verdict allow{filter_action::allow, 0};
constexpr filter_verdict refuse{filter_action::errno_value, 38};

using notes = std::vector<std::string>;

saved_calls trace_with(const std::vector<syscall_key>& calls)
{
    trace counts;
    std::uint64_t count = 1;
    for (const syscall_key& call : calls) {
        counts.add(call, count++);
    }
    return {std::move(counts), {}};
}

saved_calls profile_with(std::vector<profile_rule> rules, std::vector<architecture> archs = {})
{
    profile p;
    p.architectures = std::move(archs);
    p.rules = std::move(rules);
    return {std::move(p), {}};
}

profile_rule allowed(std::vector<std::string> names, std::vector<argument_condition> conditions = {})
{
    return {std::move(names), allow, std::move(conditions)};
}

call_diff compare(const saved_calls& a, const saved_calls& b)
{
    auto diff = sctrace::compare_calls({"A", a}, {"B", b}, x86_64);
    BOOST_REQUIRE(diff.has_value());
    return *std::move(diff);
}

std::string text_of(const saved_calls& a, const saved_calls& b)
{
    const call_diff diff = compare(a, b);
    BOOST_TEST(diff.other.empty());
    BOOST_TEST(diff.equal() == diff.calls.empty());
    return sctrace::to_text(diff, x86_64);
}

void check_notes(const notes& found, const notes& expected)
{
    BOOST_TEST(found == expected, boost::test_tools::per_element());
}

} // namespace

BOOST_AUTO_TEST_SUITE(calls_compared)

BOOST_AUTO_TEST_CASE(equal_traces_do_not_differ_whatever_their_counts)
{
    const saved_calls a = trace_with({{x86_64, 0}, {x86_64, 1}, {i386, 3}});
    const saved_calls b = trace_with({{i386, 3}, {x86_64, 1}, {x86_64, 0}});
    BOOST_TEST(text_of(a, b).empty());
    BOOST_TEST(text_of(trace_with({}), trace_with({})).empty());
}

BOOST_AUTO_TEST_CASE(native_calls_come_first_and_all_are_sorted_by_name)
{
    const saved_calls a = trace_with({{x86_64, 1}, {x86_64, 500}, {i386, 3}, {aarch64, 64}, {x86_64, -1}});
    const saved_calls b = trace_with({{x86_64, 0}, {i386, 4}, {i386, 7}, {architecture(0x12345), 7}});
    BOOST_TEST(text_of(a, b) == "--1\n"
                                "-500\n"
                                "+read\n"
                                "-write\n"
                                "+7 (0x12345)\n"
                                "-write (aarch64)\n"
                                "-read (i386)\n"
                                "+waitpid (i386)\n"
                                "+write (i386)\n");
    BOOST_TEST(text_of(trace_with({}), trace_with({{x86_64, 0}})) == "+read\n");
    BOOST_TEST(text_of(trace_with({{x86_64, 0}}), trace_with({})) == "-read\n");
}

BOOST_AUTO_TEST_CASE(a_call_is_another_one_on_another_architecture)
{
    BOOST_TEST(text_of(trace_with({{x86_64, 0}}), trace_with({{i386, 3}})) == "-read\n+read (i386)\n");
}

BOOST_AUTO_TEST_CASE(all_records_of_events_are_compared)
{
    counted_events events;
    events.permitted.add({x86_64, 0});
    const saved_calls trace_of_both = trace_with({{x86_64, 0}, {x86_64, 1}});
    check_notes(compare({events, {}}, trace_of_both).notes, {});
    events.denied.add({x86_64, 1}, 3);
    const call_diff diff = compare({events, {}}, trace_of_both);
    BOOST_TEST(diff.equal());
    check_notes(diff.notes,
                {"A: 3 records do not show that the call was let through; these calls are compared as well"});
}

BOOST_AUTO_TEST_CASE(a_list_holds_native_calls)
{
    const saved_calls list{call_names{{"write", "read", "waitpid"}}, {}};
    BOOST_TEST(text_of(list, trace_with({{x86_64, 0}, {i386, 7}, {i386, 4}})) ==
               "-waitpid\n-write\n+waitpid (i386)\n+write (i386)\n");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(calls_compared_with_a_profile)

BOOST_AUTO_TEST_CASE(a_profile_that_permits_just_the_trace)
{
    BOOST_TEST(text_of(trace_with({{x86_64, 0}}), profile_with({allowed({"read"})})).empty());
    BOOST_TEST(text_of(profile_with({allowed({"read"})}), trace_with({{x86_64, 0}})).empty());
}

BOOST_AUTO_TEST_CASE(what_the_profile_does_not_permit_is_only_in_the_trace)
{
    const saved_calls a = trace_with({{x86_64, 0}, {x86_64, 1}, {x86_64, 500}, {i386, 3}});
    const saved_calls p = profile_with({allowed({"read", "getpid"}), {{"write"}, refuse, {}}});
    BOOST_TEST(text_of(a, p) == "-500\n+getpid\n-write\n-read (i386)\n");
    BOOST_TEST(text_of(p, a) == "+500\n-getpid\n+write\n+read (i386)\n");
}

BOOST_AUTO_TEST_CASE(a_name_that_the_trace_has_nowhere_stands_once)
{
    const saved_calls p = profile_with({allowed({"read", "write", "waitpid"})}, {aarch64, x86_64, i386});
    BOOST_TEST(text_of(trace_with({{i386, 3}}), p) == "+write\n+waitpid (i386)\n");
    BOOST_TEST(text_of(p, trace_with({})) == "-read\n-write\n-waitpid (i386)\n");
}

BOOST_AUTO_TEST_CASE(a_call_that_is_permitted_under_conditions_is_only_in_the_trace)
{
    const saved_calls p =
        profile_with({allowed({"read"}), allowed({"socket", "clone"}, {{.index = 0, .value = 1}})});
    const saved_calls a = trace_with({{x86_64, 41}, {x86_64, 56}, {x86_64, 1}, {i386, 120}});
    const call_diff diff = compare(a, p);
    BOOST_TEST(sctrace::to_text(diff, x86_64) == "-clone\n+read\n-socket\n-write\n-clone (i386)\n");
    check_notes(diff.notes, {"B permits only with certain arguments: clone and socket"});
    check_notes(compare(p, a).notes, {"A permits only with certain arguments: clone and socket"});
    check_notes(compare(trace_with({{i386, 120}}), p).notes, {});
}

BOOST_AUTO_TEST_CASE(a_deny_list_cannot_be_compared)
{
    profile p;
    p.default_verdict = allow;
    const saved_calls deny_list{p, {}};
    const saved_calls empty = trace_with({});
    const auto second = sctrace::compare_calls({"A", empty}, {"B", deny_list}, x86_64);
    BOOST_REQUIRE(!second);
    BOOST_TEST((second.error().code == error::not_expressible));
    BOOST_TEST(
        second.error().message ==
        "B: the profile permits what it does not name (its default is SCMP_ACT_ALLOW), so that what it "
        "permits cannot be listed; take a profile that names what it allows");
    const auto both = sctrace::compare_calls({"A", deny_list}, {"B", deny_list}, x86_64);
    BOOST_REQUIRE(!both);
    BOOST_TEST(both.error().message.starts_with("A: the profile permits"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(profiles_compared)

BOOST_AUTO_TEST_CASE(equal_profiles_do_not_differ_however_they_are_written)
{
    const argument_condition one{.index = 0, .value = 1};
    const argument_condition two{.index = 1, .value = 2};
    const saved_calls a =
        profile_with({allowed({"read", "write"}), allowed({"clone"}, {one, two})}, {x86_64, i386});
    const saved_calls b = profile_with({allowed({"clone"}, {two, one}),
                                        allowed({"write"}),
                                        allowed({"read", "write"}),
                                        {{"ptrace"}, {filter_action::errno_value, 1}, {}}},
                                       {i386, x86_64});
    BOOST_TEST(text_of(a, b).empty());
    BOOST_TEST(
        text_of(profile_with({allowed({"read"})}), profile_with({allowed({"read"})}, {x86_64})).empty());
}

BOOST_AUTO_TEST_CASE(conditions_of_which_one_is_enough_differ_from_such_that_all_must_hold)
{
    const argument_condition one{.index = 0, .value = 9};
    const argument_condition two{.index = 1, .value = 2};
    const call_diff diff = compare(profile_with({allowed({"socket"}, {one, one, two})}),
                                   profile_with({allowed({"socket"}, {one, two})}));
    BOOST_TEST(diff.calls.empty());
    check_notes(diff.other, {"A and B have different conditions or actions for socket"});
}

BOOST_AUTO_TEST_CASE(what_only_one_profile_permits_is_told_for_each_architecture)
{
    const saved_calls a = profile_with({allowed({"read", "write"})}, {x86_64, i386});
    const saved_calls b = profile_with({allowed({"read", "getpid"})}, {x86_64, i386});
    BOOST_TEST(text_of(a, b) == "+getpid\n-write\n+getpid (i386)\n-write (i386)\n");
}

BOOST_AUTO_TEST_CASE(a_profile_for_fewer_architectures)
{
    const call_diff diff =
        compare(profile_with({allowed({"read"})}, {x86_64, i386}), profile_with({allowed({"read"})}));
    BOOST_TEST(sctrace::to_text(diff, x86_64) == "-read (i386)\n");
    check_notes(diff.other, {"the architectures: i386 and x86_64 in A, x86_64 in B"});
}

BOOST_AUTO_TEST_CASE(profiles_that_permit_the_same_but_treat_others_differently)
{
    profile a;
    a.rules = {allowed({"read"}), allowed({"clone"}, {{.index = 0, .value = 1}}), {{"ptrace"}, refuse, {}}};
    profile b = a;
    b.rules[1].conditions[0].value = 2;
    b.rules[2].verdict.value = 13;
    const call_diff rules = compare({a, {}}, {b, {}});
    BOOST_TEST(!rules.equal());
    BOOST_TEST(rules.calls.empty());
    check_notes(rules.other, {"A and B have different conditions or actions for clone and ptrace"});

    profile c = a;
    c.default_verdict = {filter_action::kill_process, 0};
    c.flags = {filter_flag::log, filter_flag::tsync};
    const call_diff rest = compare({a, {}}, {c, {}});
    BOOST_TEST(!rest.equal());
    check_notes(rest.other,
                {"the default verdict: SCMP_ACT_ERRNO 1 in A, SCMP_ACT_KILL_PROCESS in B",
                 "the flags: none in A, SECCOMP_FILTER_FLAG_TSYNC and SECCOMP_FILTER_FLAG_LOG in B"});
}

BOOST_AUTO_TEST_CASE(an_action_that_lets_through_and_logs_is_another_one)
{
    profile a;
    a.rules = {allowed({"read", "write", "getpid"})};
    profile b = a;
    b.rules[0].verdict.action = filter_action::log;
    const call_diff diff = compare({a, {}}, {b, {}});
    BOOST_TEST(diff.calls.empty());
    check_notes(diff.other, {"A and B have different conditions or actions for getpid, read and write"});
}

BOOST_AUTO_TEST_CASE(a_call_that_is_told_is_not_told_again)
{
    const saved_calls a = profile_with({allowed({"read"}), allowed({"clone"})});
    const saved_calls b = profile_with({allowed({"read"}), allowed({"clone"}, {{.index = 0, .value = 1}})});
    BOOST_TEST(text_of(a, b) == "-clone\n");
}

BOOST_AUTO_TEST_SUITE_END()

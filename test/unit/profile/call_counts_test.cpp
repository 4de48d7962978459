#include <sctrace/call_counts.hpp>

#include <boost/test/unit_test.hpp>

#include <limits>
#include <string>
#include <vector>

namespace {

using sctrace::architecture;
using sctrace::call_names;
using sctrace::count_calls;
using sctrace::counted_events;
using sctrace::error;
using sctrace::filter_action;
using sctrace::profile;
using sctrace::saved_calls;
using sctrace::trace;

const architecture x86_64(0xc000003e);
const architecture i386(0x40000003);

using notes = std::vector<std::string>;

} // namespace

BOOST_AUTO_TEST_SUITE(calls_counted)

BOOST_AUTO_TEST_CASE(a_trace_counts_as_it_is)
{
    trace counts;
    counts.add({x86_64, 0}, 42);
    const auto counted = count_calls(saved_calls{counts, {}}, x86_64);
    BOOST_REQUIRE(counted.has_value());
    BOOST_TEST(counted->counts.count({x86_64, 0}) == 42U);
    BOOST_TEST(counted->notes.empty());
}

BOOST_AUTO_TEST_CASE(all_records_of_events_count)
{
    counted_events events;
    events.permitted.add({x86_64, 0}, 5);
    const auto permitted = count_calls(saved_calls{events, {}}, x86_64);
    BOOST_REQUIRE(permitted.has_value());
    BOOST_TEST(permitted->notes.empty());

    events.denied.add({x86_64, 0}, 2);
    const auto counted = count_calls(saved_calls{events, {}}, x86_64);
    BOOST_REQUIRE(counted.has_value());
    BOOST_TEST(counted->counts.count({x86_64, 0}) == 7U);
    BOOST_TEST(counted->notes ==
                   notes{"2 of 7 records do not show that the call was let through; they are counted too"},
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(events_that_no_number_can_count)
{
    counted_events events;
    events.permitted.add({x86_64, 0}, std::numeric_limits<std::uint64_t>::max());
    events.denied.add({x86_64, 0});
    const auto counted = count_calls(saved_calls{events, {}}, x86_64);
    BOOST_REQUIRE(!counted);
    BOOST_TEST((counted.error().code == error::count_overflow));
}

BOOST_AUTO_TEST_CASE(each_call_that_a_profile_permits_counts_once_on_each_architecture)
{
    profile p;
    p.architectures = {x86_64, i386, x86_64};
    p.rules.push_back({{"read", "waitpid", "read"}, {filter_action::allow, 0}, {}});
    p.rules.push_back({{"write"}, {filter_action::errno_value, 1}, {}});
    const auto counted = count_calls(saved_calls{p, {}}, x86_64);
    BOOST_REQUIRE(counted.has_value());
    BOOST_TEST(sctrace::to_ndjson(counted->counts, x86_64) ==
               "{\"syscall\":0,\"name\":\"read\",\"count\":1}\n"
               "{\"syscall\":3,\"name\":\"read\",\"count\":1,\"arch\":\"i386\"}\n"
               "{\"syscall\":7,\"name\":\"waitpid\",\"count\":1,\"arch\":\"i386\"}\n");
    BOOST_TEST(counted->notes == notes{"a profile: every call that it permits counts once, 3 in all"},
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(calls_that_a_profile_permits_on_conditions_do_not_count)
{
    profile p;
    p.rules.push_back({{"read"}, {filter_action::allow, 0}, {}});
    p.rules.push_back({{"socket"}, {filter_action::allow, 0}, {{.index = 0, .value = 1}}});
    const auto counted = count_calls(saved_calls{p, {}}, i386);
    BOOST_REQUIRE(counted.has_value());
    BOOST_TEST(sctrace::to_ndjson(counted->counts, i386) ==
               "{\"syscall\":3,\"name\":\"read\",\"count\":1}\n");
    BOOST_TEST(counted->notes ==
                   (notes{"a profile: every call that it permits counts once, 1 in all",
                          "calls that the profile permits only with certain arguments do not count"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_a_deny_list_permits_cannot_be_counted)
{
    profile p;
    for (const auto& [action, name] :
         {std::pair(filter_action::allow, "SCMP_ACT_ALLOW"), std::pair(filter_action::log, "SCMP_ACT_LOG")}) {
        p.default_verdict = {action, 0};
        const auto counted = count_calls(saved_calls{p, {}}, x86_64);
        BOOST_REQUIRE(!counted);
        BOOST_TEST((counted.error().code == error::not_expressible));
        BOOST_TEST(
            counted.error().message ==
            "the profile permits what it does not name (its default is " + std::string(name) +
                "), so that what it permits cannot be listed; take a profile that names what it allows");
    }
}

BOOST_AUTO_TEST_CASE(each_name_of_a_list_counts_once_on_the_native_architecture)
{
    const saved_calls list{call_names{{"write", "waitpid", "write"}}, {}};
    const auto counted = count_calls(list, x86_64);
    BOOST_REQUIRE(counted.has_value());
    BOOST_TEST(sctrace::to_ndjson(counted->counts, x86_64) ==
               "{\"syscall\":1,\"name\":\"write\",\"count\":1}\n");
    BOOST_TEST(counted->notes == (notes{"waitpid is no call of x86_64; it was left out",
                                        "a list: every call counts once, 1 in all"}),
               boost::test_tools::per_element());
    BOOST_TEST(count_calls(list, i386)->counts.size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

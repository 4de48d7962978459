#include "common/temporary_folder.hpp"
#include "recording/recording_plan.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <string>

namespace {

using sctrace::error;
using sctrace::follow_kind;
using sctrace::detail::plan_recording;

sctrace::recorder_options for_command()
{
    sctrace::recorder_options o;
    o.command.emplace().command = {"true"};
    return o;
}

sctrace::recorder_options for_process()
{
    sctrace::recorder_options o;
    o.pids = {42};
    return o;
}

void check_refused(const sctrace::recorder_options& o, error code)
{
    const auto plan = plan_recording(o);
    BOOST_REQUIRE(!plan);
    BOOST_TEST((plan.error().code == code));
    BOOST_TEST(!plan.error().message.empty());
}

} // namespace

BOOST_AUTO_TEST_SUITE(recording_plan)

BOOST_AUTO_TEST_CASE(a_command_is_found_and_followed_by_its_session)
{
    const auto plan = plan_recording(for_command());
    BOOST_REQUIRE(plan.has_value());
    BOOST_TEST((plan->following == follow_kind::session));
    BOOST_REQUIRE(plan->command.has_value());
    BOOST_TEST(plan->command->path().ends_with("/true"));
    BOOST_TEST(!plan->output.has_value());
}

BOOST_AUTO_TEST_CASE(processes_are_recorded_alone_unless_asked_otherwise)
{
    auto o = for_process();
    BOOST_TEST((plan_recording(o)->following == follow_kind::none));
    o.follow = follow_kind::container;
    BOOST_TEST((plan_recording(o)->following == follow_kind::container));
    BOOST_TEST(!plan_recording(o)->command.has_value());
}

BOOST_AUTO_TEST_CASE(nothing_and_both_are_refused)
{
    check_refused({}, error::invalid_options);
    auto both = for_command();
    both.pids = {42};
    check_refused(both, error::invalid_options);
}

BOOST_AUTO_TEST_CASE(what_does_not_go_together_is_refused)
{
    auto known = for_process();
    known.known = {{sctrace::architecture::native(), 0}};
    check_refused(known, error::invalid_options);
    auto session = for_process();
    session.follow = follow_kind::session;
    check_refused(session, error::invalid_options);
    auto container = for_command();
    container.follow = follow_kind::container;
    check_refused(container, error::invalid_options);
}

BOOST_AUTO_TEST_CASE(a_command_that_is_not_there_is_told_before_the_output_is_looked_at)
{
    auto o = for_command();
    o.command->command = {"no-such-command-anywhere"};
    o.output = "/";
    check_refused(o, error::command_not_found);
}

BOOST_AUTO_TEST_CASE(nothing_is_written_yet)
{
    const sctrace::test::temporary_folder folder;
    auto o = for_command();
    o.output = folder.file("trace.ndjson");
    const auto plan = plan_recording(o);
    BOOST_REQUIRE(plan.has_value());
    BOOST_TEST(plan->output.has_value());
    BOOST_TEST(!std::filesystem::exists(o.output));
}

BOOST_AUTO_TEST_SUITE_END()

#include "async/context.hpp"
#include "async/contract/object_operations.hpp"
#include "common/temporary_folder.hpp"

#include <sctrace/child.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <csignal>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using sctrace::exit_status;

struct with_child {
    sctrace::test::checked_context context;
    sctrace::child child{context.get()};

    ~with_child()
    {
        child.close();
        context.run();
    }

    static sctrace::launch_options command(std::vector<std::string> words)
    {
        auto options = sctrace::test::child_wait::options();
        options.command = std::move(words);
        return options;
    }

    exit_status wait()
    {
        std::optional<exit_status> status;
        child.async_wait([&](error_code ec, exit_status s) {
            BOOST_TEST(!ec);
            status = s;
        });
        BOOST_TEST(!status.has_value());
        context.run();
        BOOST_REQUIRE(status.has_value());
        return *status;
    }
};

bool exists(pid_t pid)
{
    return ::kill(pid, 0) == 0;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(child, with_child)

BOOST_AUTO_TEST_CASE(before_it_has_started_there_is_nothing)
{
    BOOST_TEST(!child.is_open());
    BOOST_TEST(child.pid() == 0);
    BOOST_TEST(child.native_handle() == -1);
    BOOST_TEST(!child.session().has_value());
    BOOST_TEST(child.session_note().empty());
    BOOST_TEST(!child.no_new_privs());
    BOOST_TEST(child.filters() == 0U);
    BOOST_TEST(!child.filters_now().has_value());
    BOOST_TEST((child.terminate().error() == boost::system::errc::no_such_process));
    error_code ec;
    child.signal(SIGTERM, ec);
    BOOST_TEST((ec == boost::system::errc::no_such_process));
    child.async_wait([&](error_code waited, exit_status) { ec = waited; });
    context.run();
    BOOST_TEST((ec == boost::system::errc::no_child_process));
}

BOOST_AUTO_TEST_CASE(its_exit_code_is_handed_on_and_can_be_had_again)
{
    child.start(command({"sh", "-c", "exit 7"})).value();
    for (int i = 0; i < 2; ++i) {
        const exit_status status = wait();
        BOOST_TEST(status.code == 7);
        BOOST_TEST(!status.signaled);
        BOOST_TEST(!status.lost);
    }
    BOOST_TEST((child.terminate().error() == boost::system::errc::no_such_process));
}

BOOST_AUTO_TEST_CASE(it_can_be_told_to_end)
{
    child.start(command({"sleep", "1000"})).value();
    BOOST_TEST(child.pid() > 0);
    BOOST_TEST(child.native_handle() >= 0);
    BOOST_TEST(child.filters() >= 1U);
    error_code ec = asio::error::eof;
    child.terminate(ec);
    BOOST_TEST(!ec);
    const exit_status status = wait();
    BOOST_TEST(status.signaled);
    BOOST_TEST(status.code == SIGKILL);
}

BOOST_AUTO_TEST_CASE(all_who_wait_are_told)
{
    child.start(command({"sleep", "1000"})).value();
    int told = 0;
    for (int i = 0; i < 3; ++i) {
        child.async_wait([&](error_code ec, exit_status s) { told += !ec && s.code == SIGTERM; });
    }
    context.get().poll();
    BOOST_TEST(child.signal(SIGTERM).has_value());
    context.run();
    BOOST_TEST(told == 3);
}

BOOST_AUTO_TEST_CASE(closing_kills_and_reaps_it)
{
    child.start(command({"sleep", "1000"})).value();
    const pid_t pid = child.pid();
    BOOST_TEST(exists(pid));
    child.close();
    BOOST_TEST(!exists(pid));
    BOOST_TEST(!child.is_open());
}

BOOST_AUTO_TEST_CASE(the_destructor_kills_and_reaps_it_although_somebody_waits)
{
    pid_t pid = 0;
    error_code ec;
    {
        sctrace::child own(context.get());
        own.start(command({"sleep", "1000"})).value();
        pid = own.pid();
        own.async_wait([&](error_code waited, exit_status) { ec = waited; });
    }
    BOOST_TEST(!exists(pid));
    context.run();
    BOOST_TEST((ec == asio::error::operation_aborted));
}

BOOST_AUTO_TEST_CASE(cancelling_the_wait_leaves_the_child_alone)
{
    child.start(command({"sleep", "1000"})).value();
    error_code ec;
    child.async_wait([&](error_code waited, exit_status) { ec = waited; });
    context.get().poll();
    child.cancel();
    context.run();
    BOOST_TEST((ec == asio::error::operation_aborted));
    BOOST_TEST(exists(child.pid()));
    BOOST_TEST(child.signal(SIGTERM).has_value());
    BOOST_TEST(wait().code == SIGTERM);
}

BOOST_AUTO_TEST_CASE(one_runs_at_a_time)
{
    child.start(command({"sleep", "1000"})).value();
    const pid_t pid = child.pid();
    error_code ec;
    child.start(command({"true"}), ec);
    BOOST_TEST((ec == sctrace::error::already_running));
    auto prepared = sctrace::launcher::prepare(command({"true"}));
    BOOST_TEST((child.start(std::move(*prepared)).error().code == sctrace::error::already_running));
    BOOST_TEST(child.pid() == pid);
    child.close();
    child.start(command({"true"}), ec);
    BOOST_TEST(!ec);
    BOOST_TEST(wait().code == 0);
}

BOOST_AUTO_TEST_CASE(what_was_prepared_before_is_started)
{
    auto prepared = sctrace::launcher::prepare(command({"sh", "-c", "exit 3"}));
    BOOST_REQUIRE(prepared.has_value());
    child.start(std::move(*prepared)).value();
    BOOST_TEST(wait().code == 3);
}

BOOST_AUTO_TEST_CASE(a_command_that_cannot_run_is_told_by_code_words_and_exception)
{
    error_code ec;
    child.start(command({"no-such-command"}), ec);
    BOOST_TEST((ec == sctrace::error::command_not_found));
    BOOST_TEST(!child.is_open());
    sctrace::test::temporary_folder folder;
    const auto script = folder.script("script", "#!/no/such/interpreter\n");
    const auto started = child.start(command({script}));
    BOOST_REQUIRE(started.has_error());
    BOOST_TEST(started.error().message.find(script) != std::string::npos);
    BOOST_TEST(!child.is_open());
    BOOST_CHECK_EXCEPTION(child.start(command({script})).value(), boost::system::system_error,
                          [](const auto& e) { return e.code() == sctrace::error::command_not_found; });
}

BOOST_AUTO_TEST_CASE(a_launcher_that_has_started_is_refused_and_its_child_ended)
{
    auto prepared = sctrace::launcher::prepare(command({"sleep", "1000"}));
    BOOST_REQUIRE(prepared.has_value());
    BOOST_REQUIRE(prepared->start().has_value());
    const pid_t pid = prepared->pid();
    const auto started = child.start(std::move(*prepared));
    BOOST_REQUIRE(started.has_error());
    BOOST_TEST((started.error().code == sctrace::error::already_running));
    BOOST_TEST(!child.is_open());
    BOOST_TEST(!exists(pid));
}

BOOST_AUTO_TEST_SUITE_END()

#include "common/paths.hpp"
#include "common/temporary_folder.hpp"
#include "kernel/generator_process.hpp"
#include "kernel/in_child.hpp"
#include "kernel/kernel_recording.hpp"

#include <sctrace/launcher.hpp>
#include <sctrace/recorder.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using sctrace::follow_kind;
using sctrace::source_kind;
using sctrace::verdict;
using sctrace::test::can_record;
using sctrace::test::generator_path;
using sctrace::test::generator_process;
using sctrace::test::kernel_recording;
using sctrace::test::temporary_folder;

// No program makes calls of this number by itself.
constexpr std::int64_t own_call = 999;

// The time in a record is somewhat old: within that time nobody can tell which of two processes it is of.
constexpr std::chrono::milliseconds two_lags{220};

const std::string generator = generator_path();

struct following : kernel_recording {
    explicit following(std::optional<follow_kind> how = {})
    {
        options.source = source_kind::audit;
        options.lift_ratelimit = false;
        options.follow = how;
    }

    void run_shell(const std::string& script) { run({"/bin/sh", "-c", script}); }

    void run_for(std::chrono::milliseconds time)
    {
        const auto end = std::chrono::steady_clock::now() + time;
        BOOST_REQUIRE(context.run_until([end] { return std::chrono::steady_clock::now() >= end; }));
    }
};

/// A shell's subprocess that ends when the test has ended, whichever way.
std::string lasting_as_long_as(const temporary_folder& folder)
{
    return "(while [ -e " + folder.path() + " ]; do sleep 0.05; done) >/dev/null 2>&1";
}

/// A shell under a filter that waits for a file to appear and then runs a script.
class waiting_shell {
public:
    explicit waiting_shell(const std::string& script)
        : shell_(sctrace::launcher::prepare(options_for(script, go_file())).value())
    {
        shell_.start().value();
    }

    pid_t pid() const { return shell_.pid(); }
    void release() const { std::ofstream(go_file()) << "go"; }

private:
    static sctrace::launch_options options_for(const std::string& script, const std::string& file)
    {
        sctrace::launch_options options;
        options.new_session = false;
        options.command = {"/bin/sh", "-c", "while [ ! -e " + file + " ]; do sleep 0.05; done; " + script};
        return options;
    }

    std::string go_file() const { return folder_.path() + "/go"; }

    temporary_folder folder_;
    sctrace::launcher shell_;
};

/// Children of this thread are born in a pid namespace of their own while it lives.
class child_namespace {
public:
    child_namespace()
        : own_(::open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC))
    {
        BOOST_REQUIRE(::unshare(CLONE_NEWPID) == 0);
    }
    child_namespace(const child_namespace&) = delete;
    child_namespace& operator=(const child_namespace&) = delete;
    ~child_namespace()
    {
        leave();
        ::close(own_);
    }

    void leave() const { ::setns(own_, CLONE_NEWPID); }

    static void enter_that_of(pid_t pid)
    {
        const std::string path = "/proc/" + std::to_string(pid) + "/ns/pid";
        const int other = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        BOOST_REQUIRE(::setns(other, CLONE_NEWPID) == 0);
        ::close(other);
    }

private:
    int own_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(follow)

BOOST_AUTO_TEST_CASE(a_descendant_that_takes_another_session_is_still_followed)
{
    if (!can_record()) {
        return;
    }
    following r;
    r.run_shell("(echo 0 >/proc/self/loginuid; " + generator + " 999:500; true); " + generator +
                " 999:20; true");
    BOOST_TEST(r.count(own_call) == 520U);
    BOOST_TEST((r.report.judged.what == verdict::complete), r.why());
    BOOST_TEST(r.report.session.has_value());
}

BOOST_AUTO_TEST_CASE(without_fork_events_a_changed_session_is_a_doubt)
{
    if (!can_record()) {
        return;
    }
    // In another network namespace there are neither fork events nor the audit socket.
    const std::string said = sctrace::test::in_child([] {
        if (::unshare(CLONE_NEWNET) != 0) {
            return std::string("no network namespaces");
        }
        boost::asio::io_context context;
        sctrace::recorder_options options;
        options.command.emplace().command = {"/bin/sh", "-c",
                                             "echo 0 >/proc/self/loginuid; " + generator + " 999:5; true"};
        options.source = source_kind::kmsg;
        options.lift_ratelimit = true;
        sctrace::recorder recorder(context, options);
        std::ostringstream out;
        recorder.async_run([&](boost::system::error_code, const sctrace::report& r) {
            out << to_string(r.judged.what) << ": ";
            for (const std::string& w : r.judged.why) {
                out << w << "; ";
            }
        });
        context.run();
        return out.str();
    });
    BOOST_TEST(said.find("unproven") == 0U, said);
    BOOST_TEST(said.find("may be those of descendants that changed theirs") != std::string::npos, said);
}

BOOST_AUTO_TEST_CASE(a_commands_tree_is_followed_without_a_session)
{
    if (!can_record()) {
        return;
    }
    following r(follow_kind::tree);
    r.run_shell(generator + " 999:100 & (" + generator + " --processes 3 999:10; true) & " + generator +
                " 999:7; wait");
    BOOST_TEST(r.count(own_call) == 137U);
    BOOST_TEST((r.report.judged.what == verdict::complete), r.why());
    BOOST_TEST(!r.report.session.has_value());
}

BOOST_AUTO_TEST_CASE(nobody_else_is_followed_on_request)
{
    if (!can_record()) {
        return;
    }
    following r(follow_kind::none);
    r.run_shell(generator + " 999:100; exec " + generator + " 999:7");
    BOOST_TEST(r.count(own_call) == 7U);
    BOOST_TEST((r.report.judged.what == verdict::complete), r.why());
}

BOOST_AUTO_TEST_CASE(existing_descendants_of_a_process_are_found)
{
    if (!can_record()) {
        return;
    }
    generator_process family({"--processes", "4", "999:50"});
    following r(follow_kind::tree);
    r.options.pids = {family.pid()};
    r.start();
    family.release();
    BOOST_TEST(family.wait() == 0);
    // It ends by itself when the last member has.
    r.finish();
    BOOST_TEST(r.count(own_call) == 200U);
    BOOST_TEST((r.report.judged.what == verdict::complete), r.why());
}

BOOST_AUTO_TEST_CASE(descendants_born_while_recording_are_found)
{
    if (!can_record()) {
        return;
    }
    const waiting_shell shell("for i in 1 2 3 4 5; do (" + generator + " 999:9; true) & done; wait");
    following r(follow_kind::tree);
    r.options.pids = {shell.pid()};
    r.start();
    shell.release();
    r.finish();
    BOOST_TEST(r.count(own_call) == 45U);
    BOOST_TEST((r.report.judged.what == verdict::complete), r.why());
}

BOOST_AUTO_TEST_CASE(a_process_that_gets_the_same_number_is_another_one)
{
    if (!can_record()) {
        return;
    }
    for (const follow_kind how : {follow_kind::none, follow_kind::tree}) {
        generator_process lasting({"999:3"});
        generator_process first({"999:20"});
        const pid_t number = first.pid();
        following r(how);
        r.options.pids = {number, lasting.pid()};
        r.start();
        first.release();
        BOOST_TEST(first.wait() == 0);
        r.run_for(two_lags);
        generator_process second({"999:40"}, number);
        if (second.pid() != number) {
            sctrace::test::skip("process ids cannot be chosen here");
            return;
        }
        r.run_for(two_lags);
        second.release();
        BOOST_TEST(second.wait() == 0);
        lasting.release();
        BOOST_TEST(lasting.wait() == 0);
        r.finish();
        BOOST_TEST(r.count(own_call) == 23U);
        BOOST_TEST((r.report.judged.what == verdict::complete || r.why_mentions("may be descendants")),
                   r.why());
    }
}

BOOST_AUTO_TEST_CASE(who_enters_the_container_belongs_to_it)
{
    if (!can_record()) {
        return;
    }
    const child_namespace container;
    generator_process init({"999:5"});
    container.leave();
    following r(follow_kind::container);
    r.options.pids = {init.pid()};
    r.start();
    child_namespace::enter_that_of(init.pid());
    generator_process entrant({"--processes", "2", "999:30"});
    container.leave();
    generator_process outsider({"999:1000"});
    // The recorder looks at the newcomers while they wait.
    r.run_for(two_lags);
    outsider.release();
    entrant.release();
    BOOST_TEST(entrant.wait() == 0);
    BOOST_TEST(outsider.wait() == 0);
    init.release();
    BOOST_TEST(init.wait() == 0);
    r.finish();
    BOOST_TEST(r.count(own_call) == 65U);
    // Other logging processes of the host may have ended before their namespace could be looked at.
    BOOST_TEST((r.report.judged.what == verdict::complete || r.why_mentions("may be descendants")), r.why());
}

BOOST_AUTO_TEST_CASE(who_enters_a_container_without_a_filter_is_a_doubt)
{
    if (!can_record()) {
        return;
    }
    const child_namespace container;
    generator_process init({"999:5"});
    container.leave();
    following r(follow_kind::container);
    r.options.pids = {init.pid()};
    r.start();
    child_namespace::enter_that_of(init.pid());
    const pid_t entrant = ::fork();
    if (entrant == 0) {
        ::pause();
        ::_exit(0);
    }
    container.leave();
    r.run_for(two_lags);
    ::kill(entrant, SIGKILL);
    ::waitpid(entrant, nullptr, 0);
    init.release();
    BOOST_TEST(init.wait() == 0);
    r.finish();
    BOOST_TEST(r.count(own_call) == 5U);
    BOOST_TEST((r.report.judged.what == verdict::unproven), r.why());
    BOOST_TEST(r.why_mentions("entered the container"), r.why());
}

BOOST_AUTO_TEST_CASE(the_container_of_a_process_that_is_in_none_is_not_the_whole_host)
{
    if (!can_record()) {
        return;
    }
    generator_process family({"--processes", "2", "999:5"});
    following r(follow_kind::container);
    r.options.pids = {family.pid()};
    r.start();
    family.release();
    BOOST_TEST(family.wait() == 0);
    r.finish();
    BOOST_TEST(r.noticed("is in no container"), r.notices);
    BOOST_TEST(r.count(own_call) == 10U);
    BOOST_TEST((r.report.judged.what == verdict::complete), r.why());
}

BOOST_AUTO_TEST_CASE(descendants_that_outlive_the_command_are_told_of)
{
    if (!can_record()) {
        return;
    }
    following r;
    const temporary_folder folder;
    r.run_shell(lasting_as_long_as(folder) + " & true");
    BOOST_TEST(r.noticed("run on"), r.notices);
    BOOST_TEST((r.report.judged.what == verdict::complete), r.why());
}

BOOST_AUTO_TEST_CASE(descendants_that_outlive_the_command_are_waited_for_on_request)
{
    if (!can_record()) {
        return;
    }
    for (const follow_kind how : {follow_kind::session, follow_kind::tree}) {
        following r(how);
        r.options.wait_for_descendants = true;
        // Twice forked, so that its parent is not the command any more.
        r.run_shell("((sleep 0.3; " + generator + " 999:50; true) &) ; exit 3");
        BOOST_TEST(r.count(own_call) == 50U);
        BOOST_TEST(r.report.child.value().code == 3);
        BOOST_TEST((r.report.judged.what == verdict::complete), r.why());
        BOOST_TEST(!r.noticed("run on"), r.notices);
    }
}

BOOST_AUTO_TEST_CASE(waiting_for_descendants_ends_with_the_duration)
{
    if (!can_record()) {
        return;
    }
    following r;
    r.options.wait_for_descendants = true;
    r.options.duration = std::chrono::milliseconds(500);
    const temporary_folder folder;
    r.run_shell(lasting_as_long_as(folder) + " & true");
    BOOST_TEST(r.report.child.value().shell_code() == 0);
    BOOST_TEST(r.noticed("run on"), r.notices);
}

BOOST_AUTO_TEST_CASE(logging_switched_off_for_a_moment_is_a_doubt)
{
    if (!can_record()) {
        return;
    }
    const std::string setting = "/proc/sys/kernel/seccomp/actions_logged";
    generator_process target({"999:10"});
    following r;
    r.options.pids = {target.pid()};
    r.start();
    {
        const sctrace::test::kept_setting off(setting,
                                              "kill_process kill_thread trap errno user_notif trace");
        target.release();
        BOOST_TEST(target.wait() == 0);
    }
    r.finish();
    BOOST_TEST((r.report.judged.what == verdict::unproven), r.why());
    BOOST_TEST(r.why_mentions("actions_logged was written while recording"), r.why());
}

BOOST_AUTO_TEST_CASE(a_setting_that_cannot_be_watched_is_a_doubt)
{
    if (!can_record()) {
        return;
    }
    std::vector<int> queues;
    for (int queue = ::inotify_init1(IN_CLOEXEC); queue >= 0; queue = ::inotify_init1(IN_CLOEXEC)) {
        queues.push_back(queue);
    }
    following r;
    r.run({generator_path(), "999:5"});
    for (const int queue : queues) {
        ::close(queue);
    }
    BOOST_TEST(r.count(own_call) == 5U);
    BOOST_TEST((r.report.judged.what == verdict::unproven), r.why());
    BOOST_TEST(r.why_mentions("cannot be watched"), r.why());
}

BOOST_AUTO_TEST_CASE(two_trees_at_once_are_each_exact)
{
    if (!can_record()) {
        return;
    }
    const waiting_shell one(generator + " --processes 3 999:300; true");
    const waiting_shell other(generator + " --processes 2 999:200; true");
    following first(follow_kind::tree);
    following second(follow_kind::tree);
    first.options.pids = {one.pid()};
    second.options.pids = {other.pid()};
    first.start();
    second.start();
    one.release();
    other.release();
    first.finish();
    second.finish();
    BOOST_TEST(first.count(own_call) == 900U);
    BOOST_TEST(second.count(own_call) == 400U);
    for (const following* r : {&first, &second}) {
        // Each shell has short-lived children, and the other one could be an orphan of these.
        BOOST_TEST((r->report.judged.what == verdict::complete || r->why_mentions("overlooked")), r->why());
    }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_followed_is_refused)
{
    for (const bool command : {true, false}) {
        boost::asio::io_context context;
        sctrace::recorder_options options;
        if (command) {
            options.command.emplace().command = {"true"};
            options.follow = follow_kind::container;
        } else {
            options.pids = {::getpid()};
            options.follow = follow_kind::session;
        }
        sctrace::recorder recorder(context, options);
        boost::system::error_code result;
        recorder.async_run([&](boost::system::error_code ec, const sctrace::report&) { result = ec; });
        context.run();
        BOOST_TEST((result == sctrace::error::invalid_options), result.message());
    }
}

BOOST_AUTO_TEST_SUITE_END()

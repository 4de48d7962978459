#include "audit_listener.hpp"
#include "common/skip.hpp"
#include "in_child.hpp"

#include <sctrace/bracket.hpp>
#include <sctrace/error.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <csignal>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <sys/wait.h>

using namespace sctrace;

namespace {

using identity = std::pair<pid_t, std::int64_t>;

std::atomic<int> child_signals = 0;

void count_child_signal(int)
{
    ++child_signals;
}

std::vector<identity> emit_from_threads(std::size_t threads, std::size_t each)
{
    std::vector<std::vector<identity>> emitted(threads);
    std::vector<std::thread> workers;
    for (auto& mine : emitted) {
        workers.emplace_back([&mine, each] {
            for (std::size_t i = 0; i != each; ++i) {
                if (const auto made = emit_bracket()) {
                    mine.emplace_back(made->pid, made->syscall);
                }
            }
        });
    }
    for (auto& worker : workers) {
        worker.join();
    }
    std::vector<identity> all;
    for (const auto& mine : emitted) {
        all.insert(all.end(), mine.begin(), mine.end());
    }
    return all;
}

template <class Prepare>
std::string error_in_child(Prepare prepare)
{
    return test::in_child([prepare] {
        prepare();
        const auto made = emit_bracket();
        return made ? std::string("made") : made.error().to_string();
    });
}

std::string system_code(int number)
{
    return boost::system::error_code(number, boost::system::system_category()).to_string();
}

} // namespace

BOOST_AUTO_TEST_SUITE(bracket_test)

BOOST_AUTO_TEST_CASE(record_comes_back)
{
    test::audit_listener listener;
    if (!listener.is_open()) {
        return test::skip("the audit multicast socket needs CAP_AUDIT_READ");
    }
    const auto made = emit_bracket();
    BOOST_REQUIRE(made.has_value());
    BOOST_TEST(made->syscall >= 0x10000000);
    BOOST_TEST(made->syscall <= 0x3fffffff);
    bool found = false;
    const auto before = listener.records_until(*made, found);
    BOOST_TEST(found);
    for (const auto& record : before) {
        BOOST_TEST(record.pid != made->pid, "the child's only record is the bracket");
    }
}

BOOST_AUTO_TEST_CASE(from_several_threads)
{
    test::audit_listener listener;
    if (!listener.is_open()) {
        return test::skip("the audit multicast socket needs CAP_AUDIT_READ");
    }
    const auto old_handler = std::signal(SIGCHLD, count_child_signal);
    const auto emitted = emit_from_threads(4, 50);
    std::signal(SIGCHLD, old_handler);

    BOOST_TEST(child_signals == 0);
    BOOST_TEST(emitted.size() == 200U);
    BOOST_TEST(std::set<identity>(emitted.begin(), emitted.end()).size() == 200U);
    BOOST_TEST(::waitpid(-1, nullptr, WNOHANG | __WALL) == -1);
    BOOST_TEST(errno == ECHILD);

    const auto last = emit_bracket();
    BOOST_REQUIRE(last.has_value());
    bool found = false;
    std::set<identity> heard;
    for (const auto& record : listener.records_until(*last, found)) {
        heard.emplace(record.pid, record.syscall);
    }
    BOOST_TEST(found);
    for (const auto& each : emitted) {
        BOOST_TEST(heard.contains(each));
    }
}

BOOST_AUTO_TEST_CASE(probe_of_several_calls_in_a_session_of_its_own)
{
    test::audit_listener listener;
    if (!listener.is_open()) {
        return test::skip("the audit multicast socket needs CAP_AUDIT_READ");
    }
    const auto made = emit_probe(3);
    BOOST_REQUIRE(made.has_value());
    BOOST_TEST(made->calls == 3U);
    BOOST_REQUIRE_MESSAGE(made->session.has_value(), made->session_error.message());
    const auto mark = emit_bracket();
    BOOST_REQUIRE(mark.has_value());
    bool found = false;
    std::vector<std::int64_t> calls;
    for (const auto& record : listener.records_until(*mark, found)) {
        if (record.pid == made->pid) {
            calls.push_back(record.syscall);
            BOOST_TEST(record.session == *made->session);
        }
    }
    BOOST_TEST(found);
    const std::vector<std::int64_t> expected{made->syscall, made->syscall + 1, made->syscall + 2};
    BOOST_TEST(calls == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(every_probe_has_another_session)
{
    const auto one = emit_probe(0);
    const auto other = emit_probe(1);
    BOOST_REQUIRE((one.has_value() && other.has_value()));
    if (!one->session) {
        return test::skip("no login uid can be set here: " + one->session_error.message());
    }
    BOOST_TEST(*one->session != other->session.value());
}

BOOST_AUTO_TEST_CASE(probe_of_too_many_calls)
{
    const auto made = emit_probe(max_probe_calls + 1);
    BOOST_TEST(made.error() == boost::system::errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(probe_without_a_session)
{
    const auto session_error_in_child = [](auto prepare) {
        return test::in_child([prepare] {
            prepare();
            const auto made = emit_probe(1);
            return made && !made->session ? made->session_error.to_string() : std::string("unexpected");
        });
    };
    if (::geteuid() == 0) {
        BOOST_TEST(session_error_in_child(test::hide_proc) == system_code(ENOENT));
    }
    // The child opens its files with flags that the caller does not use.
    const auto no_writing = [] { test::fail_call(SYS_openat, EPERM, O_WRONLY | O_CLOEXEC, 2); };
    BOOST_TEST(session_error_in_child(no_writing) == system_code(EPERM));
    static constexpr std::uint32_t bytes_read_of_session = 15;
    const auto no_reading = [] { test::fail_call(SYS_read, EIO, bytes_read_of_session, 2); };
    BOOST_TEST(session_error_in_child(no_reading) == system_code(EIO));
}

BOOST_AUTO_TEST_CASE(probe_that_cannot_be_made)
{
    const auto error = test::in_child([] {
        test::fail_call(SYS_seccomp, ENOMEM, SECCOMP_SET_MODE_FILTER);
        return emit_probe(1).error().to_string();
    });
    BOOST_TEST(error == system_code(ENOMEM));
}

BOOST_AUTO_TEST_CASE(leaves_signals_as_they_were)
{
    sigset_t before;
    sigset_t after;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
    BOOST_REQUIRE(emit_bracket().has_value());
    ::pthread_sigmask(SIG_SETMASK, nullptr, &after);
    for (int number = 1; number < NSIG; ++number) {
        BOOST_TEST(::sigismember(&before, number) == ::sigismember(&after, number));
    }
}

BOOST_AUTO_TEST_CASE(needs_no_privilege)
{
    if (::geteuid() != 0) {
        return test::skip("only root can become another user");
    }
    BOOST_TEST(error_in_child(test::become_nobody) == "made");
}

BOOST_AUTO_TEST_CASE(unnoticed_where_children_are_ignored)
{
    BOOST_TEST(error_in_child([] { std::signal(SIGCHLD, SIG_IGN); }) == "made");
}

BOOST_AUTO_TEST_CASE(no_log_action)
{
    const auto prepare = [] { test::fail_call(SYS_seccomp, EOPNOTSUPP, SECCOMP_GET_ACTION_AVAIL); };
    BOOST_TEST(error_in_child(prepare) == system_code(EOPNOTSUPP));
}

BOOST_AUTO_TEST_CASE(no_random_number)
{
    BOOST_TEST(error_in_child([] { test::fail_call(SYS_getrandom, ENOSYS); }) == system_code(ENOSYS));
}

BOOST_AUTO_TEST_CASE(no_child)
{
    BOOST_TEST(error_in_child([] { test::fail_call(SYS_clone, EAGAIN); }) == system_code(EAGAIN));
}

BOOST_AUTO_TEST_CASE(no_filter)
{
    const auto prepare = [] { test::fail_call(SYS_seccomp, ENOMEM, SECCOMP_SET_MODE_FILTER); };
    BOOST_TEST(error_in_child(prepare) == system_code(ENOMEM));
}

BOOST_AUTO_TEST_CASE(child_killed)
{
    const auto prepare = [] { test::answer_call(SYS_prctl, SECCOMP_RET_KILL_PROCESS, PR_SET_NO_NEW_PRIVS); };
    BOOST_TEST(error_in_child(prepare) == make_error_code(error::launch_failed).to_string());
}

BOOST_AUTO_TEST_SUITE_END()

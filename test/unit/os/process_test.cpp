#include "common/skip.hpp"
#include "kernel/in_child.hpp"
#include "os/process.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

using namespace sctrace;

namespace {

using pids = std::vector<pid_t>;

[[noreturn]] void wait_for_ever()
{
    for (;;) {
        ::pause();
    }
}

/// Forks a process that waits until its parent ends; a parent that ended before would never be noticed.
pid_t fork_waiting()
{
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return -1;
    }
    const pid_t child = ::fork();
    char ready = 0;
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, static_cast<long>(SIGKILL), 0L, 0L, 0L);
        static_cast<void>(!::write(ends[1], &ready, 1));
        wait_for_ever();
    }
    static_cast<void>(!::read(ends[0], &ready, 1));
    ::close(ends[0]);
    ::close(ends[1]);
    return child;
}

/// A child that has run a function, has told a number that came of it, and waits until the end of this
/// object.
class relative {
public:
    template <class Prepare>
    explicit relative(Prepare prepare)
    {
        std::array<int, 2> ends{};
        BOOST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            const std::int64_t number = prepare();
            if (::write(ends[1], &number, sizeof number) == sizeof number) {
                wait_for_ever();
            }
            ::_exit(1);
        }
        ::close(ends[1]);
        const bool is_told = ::read(ends[0], &number_, sizeof number_) == sizeof number_;
        ::close(ends[0]);
        BOOST_REQUIRE(is_told);
    }
    relative(const relative&) = delete;
    relative& operator=(const relative&) = delete;
    ~relative()
    {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

    pid_t pid() const { return pid_; }
    std::int64_t number() const { return number_; }
    pid_t child() const { return static_cast<pid_t>(number_); }

private:
    pid_t pid_ = 0;
    std::int64_t number_ = -1;
};

std::int64_t nothing()
{
    return 0;
}

pids ascending(pids all)
{
    std::sort(all.begin(), all.end());
    return all;
}

bool has_state(pid_t pid, char state)
{
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(file, text);
    const auto at = text.rfind(") ");
    return at != std::string::npos && text[at + 2] == state;
}

void wait_for_state(pid_t pid, char state)
{
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!has_state(pid, state) && std::chrono::steady_clock::now() < end) {
        std::this_thread::yield();
    }
    BOOST_REQUIRE(has_state(pid, state));
}

/// A process whose first thread has ended is dead only when its other threads have ended too.
void wait_for_death(pid_t pid)
{
    wait_for_state(pid, 'Z');
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (detail::is_alive(pid) && std::chrono::steady_clock::now() < end) {
        std::this_thread::yield();
    }
}

/// Opens an audit session; its number, or -1 where that is not permitted.
std::int64_t enter_new_session()
{
    std::ofstream("/proc/self/loginuid") << ::getuid() << std::flush;
    std::uint32_t session = 0;
    return std::ifstream("/proc/self/sessionid") >> session && session != ~std::uint32_t{0}
               ? std::int64_t{session}
               : -1;
}

} // namespace

BOOST_AUTO_TEST_SUITE(process_scan)

BOOST_AUTO_TEST_CASE(descendants_are_found_by_their_parents)
{
    const relative family([] { return fork_waiting(); });
    const relative stranger(nothing);
    const pids roots{family.pid()};
    BOOST_TEST(detail::with_descendants(roots) == ascending({family.pid(), family.child()}),
               boost::test_tools::per_element());
    const pids me{::getpid()};
    BOOST_TEST(detail::with_descendants(me) ==
                   ascending({::getpid(), family.pid(), family.child(), stranger.pid()}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(roots_may_be_related_repeated_or_gone)
{
    const relative family([] { return fork_waiting(); });
    pid_t gone = 0;
    {
        const relative short_lived(nothing);
        gone = short_lived.pid();
    }
    const pids roots{family.child(), family.pid(), gone, family.pid()};
    BOOST_TEST(detail::with_descendants(roots) == ascending({family.pid(), family.child()}),
               boost::test_tools::per_element());
    BOOST_TEST(detail::with_descendants({}).empty());
}

BOOST_AUTO_TEST_CASE(a_name_can_look_like_the_fields_behind_it)
{
    for (const char* const name : {") R 1 (", "a) Z 1 1 1 (b", ") Z 0", "x y\nz", "(("}) {
        const relative family([name] {
            ::prctl(PR_SET_NAME, name);
            return fork_waiting();
        });
        const pids roots{family.pid()};
        BOOST_TEST(detail::is_alive(family.pid()), name);
        BOOST_TEST(detail::with_descendants(roots).size() == 2U, name);
        BOOST_TEST(detail::ancestors_of(family.child()).at(0) == family.pid(), name);
        BOOST_TEST(detail::ancestors_of(family.pid()).at(0) == ::getpid(), name);
    }
}

BOOST_AUTO_TEST_CASE(ancestors_begin_with_the_parent_and_end_with_the_first_process)
{
    const relative family([] { return fork_waiting(); });
    const pids all = detail::ancestors_of(family.child());
    BOOST_REQUIRE(all.size() >= 3U);
    BOOST_TEST(all[0] == family.pid());
    BOOST_TEST(all[1] == ::getpid());
    BOOST_TEST(all[2] == ::getppid());
    BOOST_TEST(detail::ancestors_of(1).empty());
}

BOOST_AUTO_TEST_CASE(zombies_are_dead)
{
    const relative mother([]() -> std::int64_t {
        const pid_t child = ::fork();
        if (child == 0) {
            ::_exit(0);
        }
        return child;
    });
    wait_for_death(mother.child());
    BOOST_TEST(detail::is_alive(mother.pid()));
    BOOST_TEST(!detail::is_alive(mother.child()));
    const pids roots{mother.pid(), mother.child()};
    BOOST_TEST(detail::with_descendants(roots) == pids{mother.pid()}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_process_outlives_its_first_thread)
{
    const relative mother([]() -> std::int64_t {
        const pid_t child = ::fork();
        if (child == 0) {
            std::thread(wait_for_ever).detach();
            ::prctl(PR_SET_PDEATHSIG, static_cast<long>(SIGKILL), 0L, 0L, 0L);
            ::syscall(SYS_exit, 0);
        }
        return child;
    });
    wait_for_state(mother.child(), 'Z');
    BOOST_TEST(detail::is_alive(mother.child()));
    const pids roots{mother.pid()};
    BOOST_TEST(detail::with_descendants(roots).size() == 2U);
    ::kill(mother.child(), SIGKILL);
}

BOOST_AUTO_TEST_CASE(who_is_gone_is_dead)
{
    pid_t gone = 0;
    {
        const relative short_lived(nothing);
        gone = short_lived.pid();
        BOOST_TEST(detail::is_alive(gone));
    }
    BOOST_TEST(!detail::is_alive(gone));
    BOOST_TEST(detail::ancestors_of(gone).empty());
    BOOST_TEST(!detail::pid_namespace_of(gone).has_value());
}

BOOST_AUTO_TEST_CASE(the_processes_of_a_pid_namespace_are_found)
{
    const relative outside(
        []() -> std::int64_t { return ::unshare(CLONE_NEWPID) == 0 ? fork_waiting() : -1; });
    if (outside.child() <= 0) {
        test::skip("this user may not make a pid namespace");
        return;
    }
    const auto mine = detail::pid_namespace_of(::getpid());
    const auto inner = detail::pid_namespace_of(outside.child());
    BOOST_REQUIRE(mine.has_value());
    BOOST_REQUIRE(inner.has_value());
    BOOST_TEST(*mine != *inner);
    BOOST_TEST(*detail::pid_namespace_of(outside.pid()) == *mine);
    BOOST_TEST(detail::processes_in_pid_namespace(*inner) == pids{outside.child()},
               boost::test_tools::per_element());
    const pids around = detail::processes_in_pid_namespace(*mine);
    BOOST_TEST(std::binary_search(around.begin(), around.end(), outside.pid()));
    BOOST_TEST(!std::binary_search(around.begin(), around.end(), outside.child()));
}

BOOST_AUTO_TEST_CASE(the_living_processes_of_a_session_are_found)
{
    const relative leader([] {
        const std::int64_t session = enter_new_session();
        fork_waiting();
        if (::fork() == 0) {
            ::_exit(0);
        }
        return session;
    });
    if (leader.number() < 0) {
        test::skip("this user may not open an audit session");
        return;
    }
    const auto session = static_cast<std::uint32_t>(leader.number());
    const pids roots{leader.pid()};
    // The ended child may need a moment to become a zombie.
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (detail::processes_in_session(session).size() != 2 && std::chrono::steady_clock::now() < end) {
        std::this_thread::yield();
    }
    BOOST_TEST(detail::processes_in_session(session) == detail::with_descendants(roots),
               boost::test_tools::per_element());
    BOOST_TEST(detail::processes_in_session(session).size() == 2U);
}

BOOST_AUTO_TEST_CASE(without_proc_only_life_itself_can_be_told)
{
    if (::geteuid() != 0) {
        test::skip("needs root");
        return;
    }
    const relative other(nothing);
    const std::string result = test::in_child([&]() -> std::string {
        test::hide_proc();
        const pids roots{::getpid(), other.pid()};
        const bool is_right =
            detail::is_alive(other.pid()) && !detail::is_alive((1 << 22) + 1) &&
            detail::with_descendants(roots) == ascending(roots) && detail::ancestors_of(::getpid()).empty() &&
            !detail::pid_namespace_of(::getpid()) && detail::processes_in_session(1).empty();
        return is_right ? "right" : "wrong";
    });
    BOOST_TEST(result == "right");
}

BOOST_AUTO_TEST_SUITE_END()

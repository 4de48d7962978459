#include "common/skip.hpp"
#include "in_child.hpp"

#include <sctrace/fork_source.hpp>
#include <sctrace/process_tree.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <linux/connector.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <sys/socket.h>
#include <sys/utsname.h>

using namespace sctrace;

namespace {

constexpr std::chrono::seconds deadline{30};

/// Since Linux 6.6 everyone may listen, and each socket has a subscription of its own.
bool has_own_subscriptions()
{
    utsname name = {};
    ::uname(&name);
    int version = 0;
    int patchlevel = 0;
    return std::sscanf(name.release, "%d.%d", &version, &patchlevel) == 2 &&
           (version > 6 || (version == 6 && patchlevel >= 6));
}

/// Runs a function in a child and waits for its end.
template <class Function>
pid_t run_child(Function function)
{
    const pid_t child = ::fork();
    if (child == 0) {
        function();
        ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
    return child;
}

pid_t run_child()
{
    return run_child([] {});
}

pid_t clone_process(std::uint64_t flags)
{
    clone_args arguments = {};
    arguments.flags = flags;
    arguments.exit_signal = (flags & CLONE_PARENT) != 0 ? 0 : SIGCHLD;
    return static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
}

struct listening {
    boost::asio::io_context context;
    fork_source source{context};
    process_event_batch batch;

    bool open(std::size_t buffer = fork_source::default_receive_buffer)
    {
        const auto opened = source.open(buffer);
        if (!opened) {
            test::skip(opened.error().message);
        }
        return opened.has_value();
    }

    void drain() { BOOST_TEST(!source.read_available(batch)); }

    template <class Condition>
    bool receive_until(Condition done)
    {
        const auto end = std::chrono::steady_clock::now() + deadline;
        drain();
        while (!done() && std::chrono::steady_clock::now() < end) {
            source.async_read_events(batch, [](boost::system::error_code, std::size_t) {});
            context.restart();
            context.run_until(end);
        }
        return done();
    }

    const process_event* find(process_event::kind what, pid_t process, pid_t thread) const
    {
        const auto found = std::find_if(batch.events.begin(), batch.events.end(), [&](const auto& e) {
            return e.what == what && e.process == process && e.thread == thread;
        });
        return found == batch.events.end() ? nullptr : &*found;
    }
    const process_event* birth_of(pid_t process) const
    {
        return find(process_event::kind::fork, process, process);
    }
    const process_event* death_of(pid_t process) const
    {
        return find(process_event::kind::exit, process, process);
    }

    void expect_life_of(pid_t process, pid_t parent)
    {
        BOOST_REQUIRE(receive_until([&] { return death_of(process); }));
        const process_event* const birth = birth_of(process);
        const process_event* const death = death_of(process);
        BOOST_REQUIRE(birth);
        BOOST_TEST(birth->parent == parent);
        BOOST_TEST(birth < death);
        BOOST_TEST((birth->time < death->time));
    }
};

/// What open() says in a process that was changed before.
template <class Change>
std::string refusal_after(Change change)
{
    return test::in_child([&] {
        change();
        boost::asio::io_context context;
        fork_source source(context);
        const auto opened = source.open();
        return opened ? "opened" : opened.error().message;
    });
}

bool contains(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

void leave_namespace(int flags)
{
    test::require(::unshare(flags) == 0, "unshare");
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(real_fork_source, listening)

BOOST_AUTO_TEST_CASE(a_child_is_born_and_ends)
{
    if (!open()) {
        return;
    }
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    const pid_t child = run_child();
    expect_life_of(child, ::getpid());
    BOOST_TEST((birth_of(child)->time >= now));
    BOOST_TEST((birth_of(child)->time < now + deadline));
    BOOST_TEST(batch.overruns == 0U);
}

BOOST_AUTO_TEST_CASE(the_birth_is_there_before_the_child_runs)
{
    if (!open()) {
        return;
    }
    const pid_t child = ::fork();
    if (child == 0) {
        process_event_batch seen;
        static_cast<void>(source.read_available(seen));
        const auto is_mine = [](const process_event& e) { return e.process == ::getpid(); };
        ::_exit(std::any_of(seen.events.begin(), seen.events.end(), is_mine) ? 7 : 8);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    BOOST_TEST(WEXITSTATUS(status) == 7);
}

BOOST_AUTO_TEST_CASE(a_thread_belongs_to_its_process)
{
    if (!open()) {
        return;
    }
    pid_t thread = 0;
    std::thread([&] { thread = static_cast<pid_t>(::syscall(SYS_gettid)); }).join();
    // Joining waits for less than the event of the end.
    BOOST_TEST(receive_until([&] { return find(process_event::kind::exit, ::getpid(), thread); }));
    BOOST_TEST(find(process_event::kind::fork, ::getpid(), thread));
}

BOOST_AUTO_TEST_CASE(children_of_vfork_and_clone3_are_seen)
{
    if (!open()) {
        return;
    }
    const pid_t vforked = ::vfork();
    if (vforked == 0) {
        ::_exit(0);
    }
    ::waitpid(vforked, nullptr, 0);
    const pid_t cloned = clone_process(0);
    if (cloned == 0) {
        ::_exit(0);
    }
    ::waitpid(cloned, nullptr, 0);
    expect_life_of(vforked, ::getpid());
    expect_life_of(cloned, ::getpid());
}

BOOST_AUTO_TEST_CASE(a_sibling_has_its_makers_parent)
{
    if (!open()) {
        return;
    }
    const pid_t maker = run_child([] {
        if (clone_process(CLONE_PARENT) == 0) {
            ::_exit(0);
        }
    });
    const pid_t sibling = ::waitpid(-1, nullptr, __WALL);
    BOOST_TEST(sibling > 0);
    expect_life_of(maker, ::getpid());
    expect_life_of(sibling, ::getpid());
}

BOOST_AUTO_TEST_CASE(of_a_thousand_children_none_is_missing)
{
    if (!open()) {
        return;
    }
    constexpr std::size_t count = 1000;
    std::set<pid_t> made;
    for (std::size_t i = 0; i < count; ++i) {
        made.insert(run_child());
    }
    const auto count_of = [&](process_event::kind what) {
        const auto counted = std::count_if(batch.events.begin(), batch.events.end(), [&](const auto& e) {
            return e.what == what && e.thread == e.process && made.contains(e.process);
        });
        return static_cast<std::size_t>(counted);
    };
    drain();
    BOOST_TEST(count_of(process_event::kind::fork) == count);
    BOOST_TEST(receive_until([&] { return count_of(process_event::kind::exit) == count; }));
    BOOST_TEST(batch.overruns == 0U);
}

BOOST_AUTO_TEST_CASE(births_come_in_the_order_of_descent)
{
    if (!open()) {
        return;
    }
    // Two chains side by side, each process the child of the one before.
    constexpr int length = 200;
    for (int chain = 0; chain < 2; ++chain) {
        if (::fork() == 0) {
            for (int i = 0; i < length; ++i) {
                if (const pid_t next = ::fork(); next != 0) {
                    ::waitpid(next, nullptr, 0);
                    ::_exit(0);
                }
            }
            ::_exit(0);
        }
    }
    while (::waitpid(-1, nullptr, 0) > 0) {
    }
    drain();
    std::set<pid_t> known{::getpid()};
    for (const process_event& e : batch.events) {
        if (e.what == process_event::kind::fork && known.contains(e.parent)) {
            known.insert(e.process);
        }
    }
    BOOST_TEST(known.size() == 1U + 2U * (length + 1U));
}

BOOST_AUTO_TEST_CASE(a_buffer_that_overruns_says_so_and_goes_on)
{
    if (!open(1)) {
        return;
    }
    BOOST_TEST(source.receive_buffer() < 8192U);
    for (int i = 0; i < 100; ++i) {
        run_child();
    }
    drain();
    BOOST_TEST(batch.overruns >= 1U);
    BOOST_TEST(batch.events.size() < 200U);
    // Others' events may fill it again and again.
    const auto end = std::chrono::steady_clock::now() + deadline;
    pid_t child = 0;
    do {
        batch.clear();
        drain();
        child = run_child();
        drain();
    } while (!birth_of(child) && std::chrono::steady_clock::now() < end);
    BOOST_TEST(birth_of(child));
}

BOOST_AUTO_TEST_CASE(an_overrun_completes_a_read)
{
    if (!open(1)) {
        return;
    }
    const auto end = std::chrono::steady_clock::now() + deadline;
    std::size_t reads = 0;
    while (batch.overruns == 0 && std::chrono::steady_clock::now() < end) {
        source.async_read_events(batch, [&](boost::system::error_code ec, std::size_t) { reads += !ec; });
        for (int i = 0; i < 100; ++i) {
            run_child();
        }
        context.restart();
        context.run_until(end);
    }
    BOOST_TEST(batch.overruns >= 1U);
    BOOST_TEST(reads >= 1U);
}

BOOST_AUTO_TEST_CASE(a_real_tree_is_followed_through_threads_and_exec)
{
    if (!open()) {
        return;
    }
    process_tree tree;
    tree.add(::getpid(), std::chrono::steady_clock::now().time_since_epoch());
    const auto catch_up = [&] {
        drain();
        std::for_each(batch.events.begin(), batch.events.end(), [&](const auto& e) { tree.apply(e); });
        batch.clear();
    };
    std::array<int, 2> pause{};
    BOOST_REQUIRE(::pipe2(pause.data(), O_CLOEXEC) == 0);
    // Its first thread has gone when another one execs a program that waits for the pipe's end.
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(pause[0], STDIN_FILENO);
        ::close(pause[1]);
        std::thread([] {
            ::execl("/bin/cat", "cat", nullptr);
            ::_exit(1);
        }).detach();
        ::syscall(SYS_exit, 0);
    }
    ::close(pause[0]);
    BOOST_TEST(receive_until([&] { return death_of(child); }));
    catch_up();
    const auto lives = [&](pid_t pid) {
        const auto living = tree.living();
        return std::find(living.begin(), living.end(), pid) != living.end();
    };
    BOOST_TEST(lives(child));
    ::close(pause[1]);
    int status = 0;
    ::waitpid(child, &status, 0);
    BOOST_TEST(status == 0);
    BOOST_TEST(receive_until([&] {
        catch_up();
        return !lives(child);
    }));
    BOOST_TEST(lives(::getpid()));
}

BOOST_AUTO_TEST_CASE(messages_of_others_than_the_kernel_are_dropped)
{
    const int receiver = ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_CONNECTOR);
    const int sender = ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_CONNECTOR);
    sockaddr_nl address = {};
    address.nl_family = AF_NETLINK;
    BOOST_REQUIRE(::bind(receiver, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    socklen_t length = sizeof address;
    BOOST_REQUIRE(::getsockname(receiver, reinterpret_cast<sockaddr*>(&address), &length) == 0);
    source.assign(receiver);

    // A birth of process 0 as the kernel would send it.
    std::array<std::uint32_t, 19> forged{76, NLMSG_DONE, 0, 0, CN_IDX_PROC, CN_VAL_PROC, 0, 0, 40, 1};
    const auto sent = ::sendto(sender, forged.data(), sizeof forged, 0,
                               reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ::close(sender);
    if (sent < 0) {
        test::skip("this user may not send to other processes");
        return;
    }
    drain();
    BOOST_TEST(batch.events.empty());
    BOOST_TEST(batch.overruns == 0U);
}

BOOST_AUTO_TEST_CASE(closing_ends_the_subscription)
{
    const auto opened = detail::open_fork_socket(65536);
    if (!opened || !has_own_subscriptions()) {
        test::skip("subscriptions are shared before Linux 6.6, or there are none");
        return;
    }
    source.assign(opened->descriptor);
    expect_life_of(run_child(), ::getpid());
    batch.clear();
    detail::end_fork_events(opened->descriptor);
    drain();
    batch.clear();
    run_child();
    drain();
    BOOST_TEST(batch.events.empty());
}

BOOST_AUTO_TEST_CASE(a_fork_of_the_process_leaves_the_subscription_alone)
{
    if (!open()) {
        return;
    }
    run_child([&] { source.close(); });
    batch.clear();
    expect_life_of(run_child(), ::getpid());
}

BOOST_AUTO_TEST_CASE(a_source_can_be_opened_again)
{
    for (int i = 0; i < 3; ++i) {
        if (!open()) {
            return;
        }
        expect_life_of(run_child(), ::getpid());
        batch.clear();
        source.close();
        BOOST_TEST(!source.is_open());
    }
}

BOOST_AUTO_TEST_CASE(two_sources_see_the_same)
{
    listening other;
    if (!open() || !other.open()) {
        return;
    }
    const pid_t child = run_child();
    expect_life_of(child, ::getpid());
    other.expect_life_of(child, ::getpid());
    other.source.close();
    expect_life_of(run_child(), ::getpid());
}

BOOST_AUTO_TEST_CASE(other_namespaces_are_refused_with_advice)
{
    if (::geteuid() != 0 || !open()) {
        test::skip("needs root");
        return;
    }
    const std::string in_network = refusal_after([] { leave_namespace(CLONE_NEWNET); });
    BOOST_TEST(contains(in_network, "the initial network namespace"), in_network);

    const std::string in_pids = test::in_child([] {
        leave_namespace(CLONE_NEWPID);
        return refusal_after([] {});
    });
    BOOST_TEST(contains(in_pids, "the initial pid and user namespaces"), in_pids);
}

BOOST_AUTO_TEST_CASE(another_user_namespace_is_refused_with_advice)
{
    if (::geteuid() != 0 || !open()) {
        test::skip("needs root");
        return;
    }
    const std::string refusal = refusal_after([] { leave_namespace(CLONE_NEWUSER); });
    if (refusal == "exception: unshare") {
        test::skip("no user namespaces here, or a sanitizer's thread is in the way");
        return;
    }
    BOOST_TEST(contains(refusal, "the initial pid and user namespaces"), refusal);
}

BOOST_AUTO_TEST_CASE(an_ordinary_user_may_listen_or_is_told_what_it_takes)
{
    if (::geteuid() != 0 || !open()) {
        test::skip("needs root");
        return;
    }
    const std::string result = test::in_child([] {
        test::become_nobody();
        listening mine;
        if (const auto opened = mine.source.open(); !opened) {
            return opened.error().message;
        }
        const pid_t child = run_child();
        static_cast<void>(mine.source.read_available(mine.batch));
        return std::string(mine.birth_of(child) && mine.death_of(child) ? "seen" : "not seen");
    });
    if (has_own_subscriptions()) {
        BOOST_TEST(result == "seen");
    } else {
        BOOST_TEST(contains(result, "CAP_NET_ADMIN"), result);
    }
}

BOOST_AUTO_TEST_CASE(a_kernel_without_the_connector_is_named)
{
    const std::string without =
        refusal_after([] { test::fail_call(SYS_socket, EPROTONOSUPPORT, NETLINK_CONNECTOR, 2); });
    BOOST_TEST(contains(without, "CONFIG_CONNECTOR"), without);
}

BOOST_AUTO_TEST_CASE(a_refusal_to_join_names_the_capability)
{
    const std::string refused = refusal_after([] { test::fail_call(SYS_bind, EPERM); });
    BOOST_TEST(contains(refused, "CAP_NET_ADMIN"), refused);
}

BOOST_AUTO_TEST_CASE(any_other_failure_is_told_in_the_kernels_words)
{
    const std::string failed = refusal_after([] { test::fail_call(SYS_socket, EMFILE); });
    BOOST_TEST(contains(failed, "Too many open files"), failed);
}

BOOST_AUTO_TEST_CASE(a_failing_socket_is_an_error)
{
    if (!open()) {
        return;
    }
    const std::string failed = test::in_child([&] {
        test::fail_call(SYS_recvmmsg, EIO);
        return source.read_available(batch).message();
    });
    BOOST_TEST(failed == "Input/output error");
}

BOOST_AUTO_TEST_SUITE_END()

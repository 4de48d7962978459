#include "launch/audit_session.hpp"
#include "os/fork_safety.hpp"
#include "os/kernel.hpp"
#include "os/os_error.hpp"

#include <sctrace/bracket.hpp>
#include <sctrace/error.hpp>

#include <array>
#include <cerrno>
#include <cstddef>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __GLIBC__
// What clone() is an alias of. Sanitizers replace clone() by a version that takes the child for a copy of the
// process and resets, in the memory that both share, their notes on its threads.
extern "C" int __clone(int (*function)(void*), void* stack, int flags, void* argument, ...);
#endif

namespace sctrace {
namespace {

using boost::system::error_code;
using boost::system::result;

#ifdef __GLIBC__
constexpr auto plain_clone = &::__clone;
#else
constexpr auto plain_clone = &::clone;
#endif

using number_filter = std::array<sock_filter, 5>;

number_filter log_only(std::uint32_t first, std::uint32_t count)
{
    return {sock_filter{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
            sock_filter{BPF_JMP | BPF_JGE | BPF_K, 0, 2, first},
            sock_filter{BPF_JMP | BPF_JGE | BPF_K, 1, 0, first + count},
            sock_filter{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_LOG},
            sock_filter{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
}

struct child_task {
    number_filter filter{};
    sock_fprog program{};
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    bool wants_session = false;
    detail::audit_session session;
    int error = 0;
    bool called = false;
    pid_t pid = 0;
};

// Runs in the caller's memory, on a stack that sanitizers know nothing of and as a thread that they have
// never seen: no instrumentation, and nothing but system calls.
__attribute__((no_sanitize("address", "thread", "undefined"))) int make_the_calls(void* argument)
{
    auto* const task = static_cast<child_task*>(argument);
    if (task->wants_session) {
        take_session(task->session);
    }
    if (::syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) != 0 ||
        ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0L, &task->program) != 0) {
        task->error = errno;
        return 1;
    }
    for (std::uint32_t i = 0; i != task->count; ++i) {
        ::syscall(static_cast<long>(task->first + i));
    }
    task->called = true;
    return 0;
}

// CLONE_VFORK: the caller waits until the child has ended, so both may use what is on the caller's stack.
// No exit signal: SIGCHLD handlers and waitpid(-1) of the program never notice the child.
void clone_and_reap(child_task& task)
{
    alignas(16) std::array<std::byte, 16 * 1024> stack;
    const detail::signal_block no_signals;
    task.pid = plain_clone(make_the_calls, stack.data() + stack.size(), CLONE_VM | CLONE_VFORK, &task);
    if (task.pid < 0) {
        task.error = errno;
        return;
    }
    while (::waitpid(task.pid, nullptr, __WALL) < 0 && errno == EINTR) {
    }
}

// The first of so many numbers.
result<std::uint32_t> random_number(std::uint32_t calls) noexcept
{
    std::uint32_t bits = 0;
    while (::getrandom(&bits, sizeof bits, 0) < 0) {
        if (errno != EINTR) {
            return detail::system_error();
        }
    }
    // Far above every real number, and below bit 30, which marks x32 calls.
    constexpr std::uint32_t first = 0x10000000;
    constexpr std::uint32_t count = 0x30000000;
    return first + bits % (count - calls);
}

// Makes the child do what is left to be done of a task: choose the numbers, install the filter, call.
error_code make_calls(child_task& task) noexcept
{
    if (const auto ec = detail::check_log_action()) {
        return ec;
    }
    const auto number = random_number(task.count);
    if (!number) {
        return number.error();
    }
    task.first = *number;
    task.filter = log_only(task.first, task.count);
    task.program = {static_cast<unsigned short>(task.filter.size()), task.filter.data()};
    clone_and_reap(task);
    if (task.error != 0) {
        return detail::system_error(task.error);
    }
    return task.called ? error_code() : make_error_code(error::launch_failed);
}

} // namespace

result<bracket> emit_bracket() noexcept
{
    child_task task;
    task.count = 1;
    if (const auto ec = make_calls(task)) {
        return ec;
    }
    return bracket{task.pid, static_cast<std::int64_t>(task.first)};
}

result<probe> emit_probe(std::uint32_t calls) noexcept
{
    if (calls > max_probe_calls) {
        return detail::system_error(EINVAL);
    }
    child_task task;
    task.count = calls;
    task.wants_session = true;
    task.session = detail::prepare_session(::getuid());
    if (const auto ec = make_calls(task)) {
        return ec;
    }
    const int why = task.session.error;
    return probe{task.pid, static_cast<std::int64_t>(task.first), calls, detail::id_of(task.session),
                 why != 0 ? detail::system_error(why) : error_code()};
}

} // namespace sctrace

#include "os/log_action.hpp"
#include "os/signal_block.hpp"
#include "os/system_error.hpp"
#include "os/unique_descriptor.hpp"

#include <sctrace/bracket.hpp>
#include <sctrace/error.hpp>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <string_view>
#include <system_error>

#include <fcntl.h>
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

// What the kernel prints for a 32-bit number, and room to spare.
constexpr std::size_t number_size = 16;

struct child_task {
    number_filter filter{};
    sock_fprog program{};
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    // What to write to the login uid, which gives the child an audit session; null: no session is wanted.
    const char* login_uid = nullptr;
    std::size_t login_uid_size = 0;
    char session[number_size] = {};
    int session_error = 0;
    int error = 0;
    bool called = false;
};

// Opens a file, reads or writes it once, and closes it. Returns 0 or the errno.
__attribute__((no_sanitize("address", "thread", "undefined"))) int
transfer(const char* path, int flags, long call, const void* memory, std::size_t size)
{
    const long file = ::syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0);
    if (file < 0) {
        return errno;
    }
    const int error = ::syscall(call, file, memory, size) < 0 ? errno : 0;
    ::syscall(SYS_close, file);
    return error;
}

// Any successful write to the login uid makes a new session, also if the value stays the same
// (kernel/audit.c, audit_set_loginuid()).
__attribute__((no_sanitize("address", "thread", "undefined"))) void take_session(child_task* task)
{
    task->session_error =
        transfer("/proc/self/loginuid", O_WRONLY, SYS_write, task->login_uid, task->login_uid_size);
    if (task->session_error == 0) {
        task->session_error =
            transfer("/proc/self/sessionid", O_RDONLY, SYS_read, task->session, number_size - 1);
    }
}

// Runs in the caller's memory, on a stack that sanitizers know nothing of and as a thread that they have
// never seen: no instrumentation, and nothing but system calls.
__attribute__((no_sanitize("address", "thread", "undefined"))) int make_the_calls(void* argument)
{
    auto* const task = static_cast<child_task*>(argument);
    if (task->login_uid != nullptr) {
        take_session(task);
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
pid_t clone_and_reap(child_task& task)
{
    alignas(16) std::array<std::byte, 16 * 1024> stack;
    const detail::signal_block no_signals;
    const pid_t pid = plain_clone(make_the_calls, stack.data() + stack.size(), CLONE_VM | CLONE_VFORK, &task);
    if (pid < 0) {
        task.error = errno;
        return pid;
    }
    while (::waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) {
    }
    return pid;
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
error_code make_calls(child_task& task, pid_t& pid) noexcept
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
    pid = clone_and_reap(task);
    if (task.error != 0) {
        return detail::system_error(task.error);
    }
    return task.called ? error_code() : make_error_code(error::launch_failed);
}

// The caller's own login uid as text, without a newline: its uid when it is unset. Returns the errno.
int read_login_uid(std::array<char, number_size>& text, std::size_t& size) noexcept
{
    const detail::unique_descriptor file(::open("/proc/thread-self/loginuid", O_RDONLY | O_CLOEXEC));
    const ssize_t got = file ? ::read(file.get(), text.data(), text.size()) : -1;
    if (got < 0) {
        return errno;
    }
    size = static_cast<std::size_t>(got);
    constexpr std::string_view unset = "4294967295";
    if (std::string_view(text.data(), size).starts_with(unset)) {
        size = static_cast<std::size_t>(
            std::to_chars(text.data(), text.data() + text.size(), ::getuid()).ptr - text.data());
    }
    return 0;
}

std::optional<std::uint32_t> session_of(const child_task& task) noexcept
{
    std::uint32_t session = 0;
    const auto parsed = std::from_chars(task.session, task.session + number_size, session);
    const bool taken = task.session_error == 0 && parsed.ec == std::errc{};
    return taken ? std::optional(session) : std::nullopt;
}

} // namespace

result<bracket> emit_bracket() noexcept
{
    child_task task;
    task.count = 1;
    pid_t pid = 0;
    if (const auto ec = make_calls(task, pid)) {
        return ec;
    }
    return bracket{pid, static_cast<std::int64_t>(task.first)};
}

result<probe> emit_probe(std::uint32_t calls) noexcept
{
    if (calls > max_probe_calls) {
        return detail::system_error(EINVAL);
    }
    child_task task;
    task.count = calls;
    std::array<char, number_size> login_uid;
    task.session_error = read_login_uid(login_uid, task.login_uid_size);
    if (task.session_error == 0) {
        task.login_uid = login_uid.data();
    }
    pid_t pid = 0;
    if (const auto ec = make_calls(task, pid)) {
        return ec;
    }
    const auto why = task.session_error != 0 ? detail::system_error(task.session_error) : error_code();
    return probe{pid, static_cast<std::int64_t>(task.first), calls, session_of(task), why};
}

} // namespace sctrace

#ifndef SCTRACE_SRC_LAUNCH_CHILD_HPP
#define SCTRACE_SRC_LAUNCH_CHILD_HPP

#include "launch/user_identity.hpp"
#include "os/exit_quietly.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

namespace sctrace::detail {

/// How far a child has come.
enum class launch_step { session, user, capabilities, death_signal, filter, exec };

/// What the child tells its parent, in memory that both share: written without a system call, so that even a
/// failed execve leaves no further record.
struct launch_report {
    launch_step step = launch_step::session;
    /// The errno of the step at which the child gave up, or 0.
    int error = 0;
    /// The errno that kept the child from an audit session of its own, or 0.
    int session_error = 0;
    std::optional<std::uint32_t> session;
    bool no_new_privs = false;
};

/// All that the child needs, prepared before fork(): after it, in a program with threads, nothing may
/// allocate.
struct launch_plan {
    const char* path = nullptr;
    char* const* arguments = nullptr;
    char* const* environment = nullptr;
    /// Null: stay who we are.
    const user_identity* user = nullptr;
    bool new_session = false;
    pid_t parent = 0;
    sigset_t signal_mask{};
    sock_fprog filter{};
    /// SECCOMP_FILTER_FLAG_*
    std::uint32_t filter_flags = 0;
    launch_report* report = nullptr;
};

/// The child's side of a launch, from fork() to execve(2). Async-signal-safe. The ids are changed with bare
/// system calls: those of the C library would look for other threads, which are not there after fork().
class launch_child {
public:
    explicit launch_child(const launch_plan& plan) noexcept
        : plan_(plan)
        , report_(*plan.report)
    {
    }

    [[noreturn]] void run() noexcept
    {
        if (plan_.new_session) {
            report_.session_error = take_session();
        }
        if (plan_.user != nullptr) {
            become_user(*plan_.user);
            keep_only_sys_admin();
        }
        end_with_parent();
        restore_signals();
        install_filter();
        execute();
    }

private:
    // Room for a 32-bit number and a newline.
    using number_buffer = std::array<char, 16>;

    void enter(launch_step step) noexcept { report_.step = step; }

    [[noreturn]] void give_up(int error) noexcept
    {
        report_.error = error;
        exit_quietly(127);
    }

    void require(bool success) noexcept
    {
        if (!success) {
            give_up(errno);
        }
    }

    // Every successful write to loginuid gives the task a fresh session id, also if the value stays the same.
    // It comes before the change of user: after that, /proc/self belongs to root until the next exec.
    int take_session() noexcept
    {
        number_buffer buffer;
        std::string_view login_uid;
        if (const int error = read_number("/proc/self/loginuid", buffer, login_uid)) {
            return error;
        }
        constexpr std::string_view unset = "4294967295";
        if (login_uid == unset) {
            login_uid = print(plan_.user != nullptr ? plan_.user->uid : ::getuid(), buffer);
        }
        if (const int error = write_number("/proc/self/loginuid", login_uid)) {
            return error;
        }
        std::string_view session;
        if (const int error = read_number("/proc/self/sessionid", buffer, session)) {
            return error;
        }
        report_.session = parse(session);
        return 0;
    }

    void become_user(const user_identity& user) noexcept
    {
        enter(launch_step::user);
        require(::prctl(PR_SET_KEEPCAPS, 1L, 0L, 0L, 0L) == 0);
        require(::syscall(set_groups, user.groups.size(), user.groups.data()) == 0);
        require(::syscall(set_group_ids, user.gid, user.gid, user.gid) == 0);
        require(::syscall(set_user_ids, user.uid, user.uid, user.uid) == 0);
    }

    // The filter needs CAP_SYS_ADMIN once more. Nothing is inheritable or ambient, so that exec drops it.
    void keep_only_sys_admin() noexcept
    {
        enter(launch_step::capabilities);
        __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
        std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
        require(::syscall(SYS_capget, &header, sets.data()) == 0);
        const std::uint32_t kept = sets[0].permitted & (std::uint32_t{1} << CAP_SYS_ADMIN);
        sets = {__user_cap_data_struct{kept, kept, 0}};
        require(::syscall(SYS_capset, &header, sets.data()) == 0);
        require(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0L, 0L, 0L) == 0);
    }

    // A change of ids clears the death signal, so it is set after that. A parent that ended before has sent
    // none. (0 is a parent outside the pid namespace whose first process we are.)
    void end_with_parent() noexcept
    {
        enter(launch_step::death_signal);
        require(::prctl(PR_SET_PDEATHSIG, SIGTERM) == 0);
        const pid_t parent = ::getppid();
        if (parent != plan_.parent && parent != 0) {
            give_up(ESRCH);
        }
    }

    // The mask lets signals through again before exec, and the program's handlers must not run in the child.
    void restore_signals() noexcept
    {
        for (int number = 1; number < NSIG; ++number) {
            struct sigaction action {};
            if (::sigaction(number, nullptr, &action) != 0 || action.sa_handler == SIG_IGN) {
                continue;
            }
            action = {};
            action.sa_handler = SIG_DFL;
            ::sigaction(number, &action, nullptr);
        }
        ::sigprocmask(SIG_SETMASK, &plan_.signal_mask, nullptr);
    }

    void install_filter() noexcept
    {
        enter(launch_step::filter);
        if (set_filter()) {
            return;
        }
        if (errno != EACCES) {
            give_up(errno);
        }
        report_.no_new_privs = true;
        require(::prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) == 0);
        require(set_filter());
    }

    bool set_filter() const noexcept
    {
        const auto flags = static_cast<unsigned long>(plan_.filter_flags);
        return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &plan_.filter) == 0;
    }

    // Every system call is logged now, or refused: there must be none but this one.
    [[noreturn]] void execute() noexcept
    {
        enter(launch_step::exec);
        ::syscall(SYS_execve, plan_.path, plan_.arguments, plan_.environment);
        give_up(errno);
    }

    static int read_number(const char* path, number_buffer& buffer, std::string_view& text) noexcept
    {
        const int file = ::open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0) {
            return errno;
        }
        const ssize_t size = ::read(file, buffer.data(), buffer.size());
        const int error = size < 0 ? errno : 0;
        ::close(file);
        text = {buffer.data(), size < 0 ? 0 : static_cast<std::size_t>(size)};
        text = text.substr(0, text.find('\n'));
        return error;
    }

    static int write_number(const char* path, std::string_view text) noexcept
    {
        const int file = ::open(path, O_WRONLY | O_CLOEXEC);
        if (file < 0) {
            return errno;
        }
        const int error = ::write(file, text.data(), text.size()) < 0 ? errno : 0;
        ::close(file);
        return error;
    }

    static std::string_view print(std::uint32_t number, number_buffer& buffer) noexcept
    {
        const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
        return {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
    }

    static std::optional<std::uint32_t> parse(std::string_view text) noexcept
    {
        std::uint32_t number = 0;
        const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
        return parsed.ec == std::errc{} ? std::optional(number) : std::nullopt;
    }

    // The plain names are calls with 16-bit ids on old 32-bit architectures.
#ifdef SYS_setresuid32
    static constexpr long set_groups = SYS_setgroups32;
    static constexpr long set_group_ids = SYS_setresgid32;
    static constexpr long set_user_ids = SYS_setresuid32;
#else
    static constexpr long set_groups = SYS_setgroups;
    static constexpr long set_group_ids = SYS_setresgid;
    static constexpr long set_user_ids = SYS_setresuid;
#endif

    const launch_plan& plan_;
    launch_report& report_;
};

} // namespace sctrace::detail

#endif

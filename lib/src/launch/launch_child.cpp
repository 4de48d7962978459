#include "launch/launch_child.hpp"

#include "os/fork_safety.hpp"

#include <array>
#include <cerrno>
#include <cstdint>

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sctrace::detail {

namespace {

/// Async-signal-safe. The ids are changed with bare system calls: those of the C library would look for other
/// threads, which are not there after fork().
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
            // Before the change of user: after that, /proc/self belongs to root until the next exec.
            take_session(report_.session);
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

} // namespace

void run_launch_child(const launch_plan& plan) noexcept
{
    launch_child(plan).run();
}

} // namespace sctrace::detail

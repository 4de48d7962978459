#include "host/ratelimit_guardian.hpp"

#include "host/ratelimit_state.hpp"
#include "os/fork_safety.hpp"
#include "os/os_error.hpp"

#include <array>
#include <cerrno>
#include <climits>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sctrace::detail {

namespace {

/// The guardian's side: joins the hold, waits until its holder has gone, leaves the hold.
/**
 * All signals stay blocked, so that neither a terminal nor a service manager ends it before its holder.
 */
class ratelimit_guardian {
public:
    ratelimit_guardian(int holder, const printk_ratelimit_paths& paths) noexcept
        : holder_(holder)
        , sysctl_(paths.sysctl.c_str())
        , state_path_(paths.state.c_str())
    {
    }

    [[noreturn]] void run() noexcept
    {
        detach();
        join();
        wait_for_holder();
        leave();
        exit_quietly(0);
    }

private:
    // Keeps the holder's socket and nothing else of the program: no terminal, no pipe, no folder.
    void detach() noexcept
    {
        ::syscall(SYS_setsid);
        ::syscall(SYS_prctl, PR_SET_NAME, "sctrace-guard", 0L, 0L, 0L);
        if (::syscall(SYS_chdir, "/") != 0) {
            fail(errno);
        }
        close_other_files();
        open_standard_files();
    }

    // The socket moves out of the way of the standard descriptors first, should the program have closed
    // those.
    void close_other_files() noexcept
    {
        const int moved = ::fcntl(holder_, F_DUPFD, STDERR_FILENO + 1);
        if (moved < 0) {
            fail(errno);
        }
        holder_ = moved;
        const auto kept = static_cast<unsigned>(moved);
        close_range(0, kept - 1);
        close_range(kept + 1, UINT_MAX);
    }

    // They lead nowhere: a stray message of some library must not land in the state file.
    void open_standard_files() const noexcept
    {
        const int nowhere = open_file("/dev/null", O_RDWR);
        if (nowhere < 0 || ::syscall(SYS_dup, nowhere) < 0 || ::syscall(SYS_dup, nowhere) < 0) {
            fail(errno);
        }
    }

    // close_range(2) is there since Linux 5.9.
    static void close_range(unsigned first, unsigned last) noexcept
    {
        if (::syscall(SYS_close_range, first, last, 0U) == 0) {
            return;
        }
        rlimit limit{};
        ::getrlimit(RLIMIT_NOFILE, &limit);
        for (rlim_t descriptor = first; descriptor <= last && descriptor < limit.rlim_cur; ++descriptor) {
            ::syscall(SYS_close, descriptor);
        }
    }

    // The holder keeps the record lock until it has heard from us, so the path still names the file it
    // locked.
    void join() noexcept
    {
        state_ = open_file(state_path_, O_RDWR | O_NOFOLLOW);
        if (state_ < 0 || !become_member(state_)) {
            fail(errno);
        }
        tell(0);
    }

    void wait_for_holder() const noexcept
    {
        char byte = 0;
        while (::syscall(SYS_read, holder_, &byte, 1) < 0 && errno == EINTR) {
        }
    }

    void leave() const noexcept
    {
        if (set_record_lock(state_, F_OFD_SETLKW, F_WRLCK) == 0) {
            restore_if_last(state_, sysctl_, state_path_);
        }
    }

    void tell(int error) const noexcept
    {
        ::syscall(SYS_sendto, holder_, &error, sizeof error, MSG_NOSIGNAL, nullptr, 0);
    }

    [[noreturn]] void fail(int error) const noexcept
    {
        tell(error);
        exit_quietly(1);
    }

    int holder_;
    int state_ = -1;
    const char* sysctl_;
    const char* state_path_;
};

/// Copies this process; without an exit signal, the program's SIGCHLD handler and waitpid(-1) never notice
/// it. All other arguments of clone(2) are 0 too, so that their order, which differs, plays no part.
pid_t clone_unnoticed() noexcept
{
    return static_cast<pid_t>(::syscall(SYS_clone, 0L, 0L, 0L, 0L, 0L));
}

/// Starts a guardian as nobody's child: the process between it and us has ended when this returns.
int spawn_guardian(int holder, const printk_ratelimit_paths& paths) noexcept
{
    const signal_block no_signals;
    const pid_t between = clone_unnoticed();
    if (between < 0) {
        return errno;
    }
    if (between == 0) {
        const pid_t guardian = clone_unnoticed();
        if (guardian == 0) {
            ratelimit_guardian(holder, paths).run();
        }
        exit_quietly(0);
    }
    while (::waitpid(between, nullptr, __WALL) < 0 && errno == EINTR) {
    }
    return 0;
}

/// The errno that the guardian sends when it has joined or failed; 0 for success.
int await_guardian(int guardian) noexcept
{
    constexpr int deadline_ms = 5000;
    pollfd answer{guardian, POLLIN, 0};
    int ready = 0;
    do {
        ready = ::poll(&answer, 1, deadline_ms);
    } while (ready < 0 && errno == EINTR);
    if (ready <= 0) {
        return ready == 0 ? ETIMEDOUT : errno;
    }
    int error = 0;
    const ssize_t size = ::recv(guardian, &error, sizeof error, MSG_DONTWAIT);
    return size == ssize_t{sizeof error} ? error : EAGAIN;
}

} // namespace

boost::system::result<unique_descriptor> start_guardian(const printk_ratelimit_paths& paths) noexcept
{
    std::array<int, 2> ends{-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return system_error();
    }
    unique_descriptor ours(ends[0]);
    unique_descriptor guardians(ends[1]);
    if (const int error = spawn_guardian(guardians.get(), paths)) {
        return system_error(error);
    }
    guardians.reset();
    if (const int error = await_guardian(ours.get())) {
        return system_error(error);
    }
    return ours;
}

} // namespace sctrace::detail

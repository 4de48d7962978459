#ifndef SCTRACE_SRC_OS_FORK_SAFETY_HPP
#define SCTRACE_SRC_OS_FORK_SAFETY_HPP

#include <csignal>

#include <sys/syscall.h>
#include <unistd.h>

namespace sctrace::detail {

/// Blocks all signals of the calling thread: no handler of the program runs in a child that is just being
/// made.
class signal_block {
public:
    signal_block() noexcept
    {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    signal_block(const signal_block&) = delete;
    signal_block& operator=(const signal_block&) = delete;
    ~signal_block() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

    const sigset_t& before() const noexcept { return before_; }

private:
    sigset_t before_;
};

/// Ends a child that is a copy of the program: _exit(2) that no sanitizer replaces by one that writes out the
/// program's stdio buffers. Where a filter refuses the call, the child dies of a signal.
[[noreturn]] inline void exit_quietly(int code) noexcept
{
    ::syscall(SYS_exit_group, code);
    __builtin_trap();
}

} // namespace sctrace::detail

#endif

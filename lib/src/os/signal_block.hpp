#ifndef SCTRACE_SRC_SIGNAL_BLOCK_HPP
#define SCTRACE_SRC_SIGNAL_BLOCK_HPP

#include <csignal>

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

} // namespace sctrace::detail

#endif

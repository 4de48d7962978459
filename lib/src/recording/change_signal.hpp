#ifndef SCTRACE_SRC_RECORDING_CHANGE_SIGNAL_HPP
#define SCTRACE_SRC_RECORDING_CHANGE_SIGNAL_HPP

#include "recording/run_scope.hpp"

#include <boost/asio/basic_waitable_timer.hpp>

namespace sctrace::detail {

/// Has tasks of one strand wait until something has changed; each then looks whether it is what it waits for.
/**
 * Nothing is remembered: a task looks first, and waits without giving up the strand in between.
 */
template <class Clock>
class change_signal {
public:
    using strand_type = typename run_scope<Clock>::strand_type;
    template <class T>
    using task = typename run_scope<Clock>::template task<T>;

    explicit change_signal(const strand_type& strand)
        : never_(strand, Clock::time_point::max())
    {
    }

    task<void> wait() { co_await never_.async_wait(run_scope<Clock>::token()); }

    void notify() { never_.cancel(); }

private:
    boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, strand_type> never_;
};

} // namespace sctrace::detail

#endif

#ifndef ASIO_SCTRACE_STOP_SIGNALS_HPP
#define ASIO_SCTRACE_STOP_SIGNALS_HPP

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>

#include <signal.h>

namespace asio_sctrace {

/// INT, TERM and HUP as requests to stop, for a program with one thread.
/**
 * They are blocked and come through a descriptor, so that a wait for something else can wait for them too.
 * One that was ignored when the program started (nohup) stays ignored. After the first one INT and TERM have
 * their default action back: another one ends the program at once. A HUP after it does nothing, as
 * a service manager sends one right after TERM without waiting (systemd.kill(5), SendSIGHUP).
 */
class stop_signals {
public:
    /// @p on_stop is called by the context.
    /** @throws boost::system::system_error */
    stop_signals(boost::asio::io_context& context, std::function<void()> on_stop);
    stop_signals(const stop_signals&) = delete;
    stop_signals& operator=(const stop_signals&) = delete;
    ~stop_signals();

    /// Whether a signal has come and been taken.
    bool came() const noexcept { return came_; }

    /// Readable when a signal has come and has not been taken yet.
    int descriptor() { return signals_.native_handle(); }

    /// Gives the signals their default action back; one that has not been taken yet counts as having come.
    void end();

private:
    void take();
    void take_all();
    void unblock_impatient_ones();

    boost::asio::posix::stream_descriptor signals_;
    std::function<void()> on_stop_;
    sigset_t mask_before_;
    bool blocked_ = true;
    bool came_ = false;
};

} // namespace asio_sctrace

#endif

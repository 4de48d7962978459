#include "stop_signals.hpp"

#include <boost/asio/posix/descriptor_base.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <cerrno>
#include <utility>

#include <sys/signalfd.h>
#include <unistd.h>

namespace asio_sctrace {

namespace {

bool is_ignored(int number)
{
    struct sigaction now = {};
    return ::sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

/// The kernel drops an ignored signal only while it is not blocked (kernel/signal.c, sig_ignored()).
sigset_t signals_that_stop()
{
    sigset_t set;
    ::sigemptyset(&set);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        if (!is_ignored(number)) {
            ::sigaddset(&set, number);
        }
    }
    return set;
}

int open_signals()
{
    const sigset_t set = signals_that_stop();
    const int descriptor = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (descriptor < 0) {
        throw boost::system::system_error(errno, boost::system::system_category(), "signalfd");
    }
    return descriptor;
}

} // namespace

stop_signals::stop_signals(boost::asio::io_context& context, std::function<void()> on_stop)
    : signals_(context, open_signals())
    , on_stop_(std::move(on_stop))
{
    const sigset_t set = signals_that_stop();
    ::sigprocmask(SIG_BLOCK, &set, &mask_before_);
    signals_.async_wait(boost::asio::posix::descriptor_base::wait_read, [this](boost::system::error_code ec) {
        if (!ec) {
            take();
        }
    });
}

stop_signals::~stop_signals()
{
    end();
}

void stop_signals::end()
{
    boost::system::error_code ignored;
    signals_.cancel(ignored);
    if (std::exchange(blocked_, false)) {
        // What is still pending when the mask is put back kills.
        take_all();
        ::sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
    }
}

void stop_signals::take()
{
    take_all();
    unblock_impatient_ones();
    on_stop_();
}

void stop_signals::take_all()
{
    signalfd_siginfo signal = {};
    while (::read(signals_.native_handle(), &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal)) {
        came_ = true;
    }
}

void stop_signals::unblock_impatient_ones()
{
    sigset_t set;
    ::sigemptyset(&set);
    for (const int number : {SIGINT, SIGTERM}) {
        if (::sigismember(&mask_before_, number) == 0) {
            ::sigaddset(&set, number);
        }
    }
    ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

} // namespace asio_sctrace

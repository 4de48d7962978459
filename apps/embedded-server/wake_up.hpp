#ifndef EMBEDDED_SERVER_WAKE_UP_HPP
#define EMBEDDED_SERVER_WAKE_UP_HPP

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>

namespace embedded_server {

/// What coroutines of one thread wait for; one that is woken looks whether it is what it waited for.
class wake_up {
public:
    explicit wake_up(const boost::asio::any_io_executor& ex)
        : timer_(ex, boost::asio::steady_timer::time_point::max())
    {
    }

    void wake_all() { timer_.cancel(); }

    boost::asio::awaitable<void> wait()
    {
        co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }

    /// For one that waits alone: others would be woken by the next call.
    boost::asio::awaitable<void> wait_for(std::chrono::milliseconds at_most)
    {
        timer_.expires_after(at_most);
        co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }

private:
    boost::asio::steady_timer timer_;
};

} // namespace embedded_server

#endif

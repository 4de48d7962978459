#ifndef SCTRACE_SRC_FORK_FEED_HPP
#define SCTRACE_SRC_FORK_FEED_HPP

#include "recording/process_follower.hpp"
#include "recording/record_router.hpp"

#include <sctrace/fork_source.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <string>
#include <utility>

namespace sctrace::detail {

/// Feeds the process trees of a router's subscribers from the kernel's process connector.
template <class Executor>
class fork_feed {
public:
    /// @p router must outlive the feed.
    fork_feed(const Executor& ex, record_router& router)
        : forks_(ex)
        , router_(router)
    {
    }

    /// From now on events are received; if this fails, why_not() tells why.
    bool open()
    {
        if (in_shifted_time_namespace()) {
            why_not_ = "in a time namespace of one's own the times of fork events cannot be understood";
            return false;
        }
        const auto opened = forks_.open();
        why_not_ = opened ? std::string() : opened.error().message;
        events_.clear();
        closing_ = false;
        return opened.has_value();
    }

    bool is_open() const noexcept { return forks_.is_open(); }
    const std::string& why_not() const noexcept { return why_not_; }

    /// Applies what has happened up to now: to be called between the arrival of records and looking at them.
    /**
     * The kernel queues a process's birth before the process runs (kernel/fork.c, copy_process()), so that
     * each process whose record has arrived is known then.
     */
    void catch_up()
    {
        if (is_open()) {
            note_end(forks_.read_available(events_));
            apply();
        }
    }

    /// Applies events as they come, until cancel(), so that they do not pile up while no records come.
    boost::asio::awaitable<void, Executor> run()
    {
        constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable_t<Executor>{});
        for (;;) {
            const auto [ec, count] = co_await forks_.async_read_events(events_, token);
            static_cast<void>(count);
            if (closing_) {
                co_return;
            }
            note_end(ec);
            apply();
            if (ec) {
                co_return;
            }
        }
    }

    /// Ends run(), soon.
    void cancel()
    {
        closing_ = true;
        forks_.cancel();
    }

    void close() { forks_.close(); }

private:
    void apply()
    {
        applied_.clear();
        std::swap(applied_, events_);
        router_.take(applied_);
    }

    void note_end(boost::system::error_code ec)
    {
        if (ec && ec != boost::asio::error::would_block && !closing_) {
            router_.fork_events_ended("reading fork events failed: " + ec.message());
        }
    }

    basic_fork_source<Executor> forks_;
    record_router& router_;
    process_event_batch events_;
    // Not in events_ any more, should applying them fail.
    process_event_batch applied_;
    std::string why_not_;
    bool closing_ = false;
};

} // namespace sctrace::detail

#endif

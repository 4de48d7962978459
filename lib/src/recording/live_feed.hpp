#ifndef SCTRACE_SRC_RECORDING_LIVE_FEED_HPP
#define SCTRACE_SRC_RECORDING_LIVE_FEED_HPP

#include "recording/change_signal.hpp"
#include "recording/live_queue.hpp"
#include "recording/run_outcome.hpp"
#include "recording/run_scope.hpp"

#include <sctrace/error.hpp>
#include <sctrace/live_records.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <memory>

namespace sctrace::detail {

/// The live feed of one recording: its queue, and the operation that waits for what comes into it.
/**
 * Everything is to be called on the strand.
 */
template <class Clock>
class live_feed {
public:
    using strand_type = typename run_scope<Clock>::strand_type;
    template <class T>
    using task = typename run_scope<Clock>::template task<T>;
    using outcome = basic_run_outcome<std::size_t>;

    /// @p capacity in records; with 0 there is no feed.
    live_feed(const strand_type& strand, std::size_t capacity)
        : queue_(capacity)
        , changed_(strand)
    {
    }

    live_queue& queue() noexcept { return queue_; }

    /// Waits for records and hands them out; ends early when @p cancelled becomes true and wake() is called.
    /** @p owner of the feed lives until then. */
    task<outcome> receive(live_records& records, std::shared_ptr<const bool> cancelled,
                          std::shared_ptr<void> owner)
    {
        static_cast<void>(owner);
        if (!queue_.is_wanted()) {
            co_return refused<outcome>({error::invalid_options, "recorder_options::live_records is 0"});
        }
        if (is_receiving_) {
            co_return refused<outcome>({error::already_running, "another receive operation is outstanding"});
        }
        is_receiving_ = true;
        while (queue_.empty() && !has_ended_ && !*cancelled) {
            co_await changed_.wait();
        }
        is_receiving_ = false;
        if (queue_.empty()) {
            co_return outcome{*cancelled ? make_error_code(boost::asio::error::operation_aborted)
                                         : make_error_code(boost::asio::error::eof),
                              0};
        }
        queue_.take(records);
        co_return outcome{{}, records.records().size()};
    }

    /// Has the receiver look at the queue again.
    void wake() { changed_.notify(); }

    void wake_if_filled()
    {
        if (!queue_.empty()) {
            wake();
        }
    }

    /// No records will come any more.
    void end()
    {
        has_ended_ = true;
        wake();
    }

private:
    live_queue queue_;
    change_signal<Clock> changed_;
    bool is_receiving_ = false;
    bool has_ended_ = false;
};

} // namespace sctrace::detail

#endif

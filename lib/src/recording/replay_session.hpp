#ifndef SCTRACE_SRC_RECORDING_REPLAY_SESSION_HPP
#define SCTRACE_SRC_RECORDING_REPLAY_SESSION_HPP

#include "log/log_parser.hpp"
#include "recording/part_order.hpp"
#include "recording/replay_account.hpp"
#include "recording/run_outcome.hpp"
#include "recording/run_session.hpp"

#include <sctrace/aggregator.hpp>
#include <sctrace/error.hpp>
#include <sctrace/replay_options.hpp>
#include <sctrace/replay_source.hpp>
#include <sctrace/report.hpp>
#include <sctrace/trace_file.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/errc.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sctrace::detail {

/// The course of one replay.
/**
 * Several parsers read and parse parts of a log at the same time, on the executor. What must happen in the
 * log's order (telling copies, accounting for losses, events) each does on the strand, when it is its part's
 * turn. The counts go to the aggregator in any order.
 */
class replay_session final : public run_session<std::chrono::steady_clock, run_core<report>> {
public:
    using executor_type = boost::asio::any_io_executor;

    replay_session(const executor_type& ex, replay_options options);

    void request_stop() noexcept override;

private:
    template <class T>
    using parallel_task = boost::asio::awaitable<T, executor_type>;
    using timer_type =
        boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                          boost::asio::wait_traits<std::chrono::steady_clock>, strand_type>;

    /// What one of the parsers works with.
    struct parser {
        parser(const strand_type& strand, const replay_options& options)
            : batch(record_batch::default_messages, basic_replay_source<executor_type>::batch_bytes)
            , words(options.native, options.filter, options.on_events != nullptr)
            , turn(strand)
        {
        }

        record_batch batch;
        log_parser words;
        parsed_part part;
        std::vector<syscall_key> calls;
        timer_type turn;
    };

    static auto parallel_token()
    {
        return boost::asio::as_tuple(boost::asio::use_awaitable_t<executor_type>{});
    }

    task<run_outcome> run_course() override;

    // Inline, because the shared library exports no function that takes something of Asio's.
    void cancel_now(boost::asio::cancellation_type type) override
    {
        scope_.cancel(type);
        if (scope_.stop_asked()) {
            source_.cancel();
        }
    }

    boost::system::result<void, failure> prepare();

    task<void> read_log(const std::string& log);

    /// What follows a failure, or comes by order of who cancelled, needs no words of its own.
    void note_stop(const std::string& text);

    void note_unread(const std::string& log) { note_stop("stopped before " + log + " was read"); }

    /// A stream is read by one only.
    void make_parsers();

    void spawn(parser& p);

    /// The others may fail for the same reason, which is told once.
    void break_off(std::exception_ptr thrown);

    parallel_task<void> parse_parts(parser& p);

    /// Any other error than the end or a stop is the log's problem.
    parallel_task<void> end_of_parser(boost::system::error_code ec);

    /// Takes over what a part says, in the order of the parts.
    void settle(parser& p);

    task<run_outcome> finish();

    /// An empty trace is not to stand for logs that could not be opened.
    task<failure> write_trace();

    void tell_what_was_left_out(const trace& counts);

    /// The first problem is the operation's error; each is told, and what was not read is not proved.
    void note_problem(const failure& why);

    void notice(const std::string& text, advice advised = advice::none) const;

    executor_type executor_;
    replay_options options_;
    std::atomic<bool> ended_{false};

    basic_replay_source<executor_type> source_;
    std::optional<trace_file> output_;
    std::optional<basic_aggregator<executor_type>> aggregator_;
    std::vector<std::unique_ptr<parser>> parsers_;
    part_order<timer_type> order_;
    bool broken_ = false;

    replay_account account_;
    std::chrono::system_clock::time_point began_{};
    std::string log_;
    std::size_t opened_ = 0;
    failure problem_;
};

} // namespace sctrace::detail

#endif

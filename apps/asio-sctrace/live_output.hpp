#ifndef ASIO_SCTRACE_LIVE_OUTPUT_HPP
#define ASIO_SCTRACE_LIVE_OUTPUT_HPP

#include "stop_signals.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string_view>

namespace asio_sctrace {

/// Standard output for lines that are to be seen at once.
/**
 * A slow reader holds the writer up, but not when it is to stop, or after a deadline: then what does not go
 * out within a second is given up. SIGPIPE must be ignored.
 */
class live_output {
public:
    using clock = std::chrono::steady_clock;

    /// @p on_closed is called by the context when the reader of the output has gone, even if nothing is
    /// written.
    live_output(boost::asio::io_context& context, stop_signals& signals, std::function<void()> on_closed);
    live_output(const live_output&) = delete;
    live_output& operator=(const live_output&) = delete;

    /// From then on writing goes on as after a stop.
    void set_deadline(clock::time_point deadline) { deadline_ = deadline; }

    /// Writes whole lines; after a failure it writes nothing more.
    void write(std::string_view lines);

    /// Why writing failed. That the reader has gone, or read nothing while it was to stop, is no failure.
    std::optional<boost::system::error_code> failure() const;

    /// Whether lines were given up because nothing read them.
    bool has_given_up() const noexcept { return over_ && !error_; }

    /// Whether lines can't be written any more.
    bool is_over() const noexcept { return over_; }

    /// Does not look any more whether the reader has gone.
    void end();

private:
    bool wait_for_space();
    bool wait_until_stop();
    int time_to_deadline() const;
    std::size_t write_some(std::string_view lines);
    void fail(int error);

    stop_signals& signals_;
    boost::asio::posix::stream_descriptor reader_watch_;
    std::function<void()> on_closed_;
    std::optional<clock::time_point> deadline_;
    boost::system::error_code error_;
    bool over_ = false;
};

} // namespace asio_sctrace

#endif

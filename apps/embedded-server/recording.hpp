#ifndef EMBEDDED_SERVER_RECORDING_HPP
#define EMBEDDED_SERVER_RECORDING_HPP

#include "call_counters.hpp"
#include "event_stream.hpp"
#include "recording_request.hpp"
#include "wake_up.hpp"

#include <sctrace/event.hpp>
#include <sctrace/hub.hpp>
#include <sctrace/live_records.hpp>
#include <sctrace/recorder.hpp>
#include <sctrace/report.hpp>
#include <sctrace/trace.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace embedded_server {

/// Totals of all recordings, which outlive them.
struct recording_totals {
    call_counters calls;
    std::uint64_t live_dropped = 0;
    std::uint64_t complete = 0;
    std::uint64_t incomplete = 0;
    std::uint64_t unproven = 0;
    std::uint64_t failed = 0;
};

enum class recording_state { starting, running, stopping, ended, failed };

std::string_view to_string(recording_state state) noexcept;

/// One recording from its request to its report, and the clients that watch it.
/** Everything happens on the one thread of the server's io_context. */
class recording : public std::enable_shared_from_this<recording> {
public:
    struct setting {
        std::string id;
        recording_request wanted;
        /// Where the trace and the report go; empty: nowhere.
        std::string trace_path;
        std::string report_path;
        std::function<void(std::string_view)> say;
        /// Called once, when everything that had started is over.
        std::function<void()> on_ended;
    };

    recording(sctrace::hub& hub, setting given, recording_totals& totals);

    /// Begins; the object lives on until it has ended.
    void start();
    /// Ends it in an orderly way; may be called at any time.
    void stop();

    /// Waits until calls are counted, or there will be none.
    boost::asio::awaitable<void> wait_until_started();
    boost::asio::awaitable<void> wait_until_ended();

    /// The counts so far, or at the end.
    boost::asio::awaitable<boost::system::result<sctrace::trace, sctrace::failure>> counts();

    /// A stream of what comes from now on; it ends with the recording.
    std::shared_ptr<event_stream> subscribe();

    const std::string& id() const noexcept { return given_.id; }
    const recording_request& wanted() const noexcept { return given_.wanted; }
    recording_state state() const noexcept { return state_; }
    bool is_over() const noexcept;
    /// Meaningful when it is over.
    std::chrono::steady_clock::time_point when_over() const noexcept { return when_over_; }
    /// Whether it ever recorded.
    bool has_started() const noexcept { return started_.has_value(); }
    std::optional<std::chrono::system_clock::time_point> started() const noexcept { return started_; }
    std::uint64_t calls() const noexcept;
    /// Empty until it is over.
    const std::optional<sctrace::report>& report() const noexcept { return report_; }
    /// How it went wrong, if it did.
    boost::system::error_code failure() const noexcept { return failure_; }

private:
    static boost::asio::awaitable<void> hand_out(std::shared_ptr<recording> self);

    sctrace::recorder_options options();
    void take(const sctrace::live_records& live);
    void take_report(boost::system::error_code ec, sctrace::report report);
    void end_if_all_has_come();
    void count_unseen();
    void count_verdict();
    void write_report();
    std::string summary() const;
    std::vector<std::shared_ptr<event_stream>> listeners();

    setting given_;
    recording_totals& totals_;
    boost::asio::any_io_executor executor_;
    std::optional<sctrace::recorder> recorder_;
    wake_up changed_;

    recording_state state_ = recording_state::starting;
    std::optional<std::chrono::system_clock::time_point> started_;
    std::chrono::steady_clock::time_point when_over_;
    std::optional<sctrace::report> report_;
    boost::system::error_code failure_;

    sctrace::event_writer writer_;
    std::vector<std::weak_ptr<event_stream>> streams_;
    /// What came through the live feed.
    sctrace::trace seen_;
    std::uint64_t dropped_ = 0;
    bool reported_ = false;
    bool handed_out_ = false;
};

} // namespace embedded_server

#endif

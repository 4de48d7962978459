#ifndef SCTRACE_DETAIL_RECORDER_CORE_HPP
#define SCTRACE_DETAIL_RECORDER_CORE_HPP

#include <sctrace/detail/completion.hpp>
#include <sctrace/detail/run_core.hpp>
#include <sctrace/live_records.hpp>
#include <sctrace/recorder_options.hpp>
#include <sctrace/report.hpp>
#include <sctrace/source_options.hpp>
#include <sctrace/trace.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <memory>

namespace sctrace::detail {

/// What a hub's handle needs of it.
class hub_core {
public:
    hub_core() = default;
    hub_core(const hub_core&) = delete;
    hub_core& operator=(const hub_core&) = delete;
    virtual ~hub_core() = default;

    /// How many take part; may be called from any thread.
    virtual std::size_t size() const noexcept = 0;
};

/// What a recorder's handle needs of its recording.
class recorder_core : public run_core<report> {
public:
    using receive_signature = void(boost::system::error_code, std::size_t);
    using snapshot_signature = void(boost::system::error_code, trace);

    virtual void stop_unless_command_runs() = 0;
    virtual void signal_child(int number) = 0;
    virtual void async_receive(live_records& records, completion<receive_signature> done) = 0;
    virtual void async_snapshot(completion<snapshot_signature> done) = 0;
};

// The library has these for std::chrono::steady_clock.
template <class Clock>
std::shared_ptr<hub_core> make_hub(const boost::asio::any_io_executor& ex, source_options options);
template <class Clock>
std::shared_ptr<recorder_core> make_recorder(const boost::asio::any_io_executor& ex,
                                             recorder_options options);
/// @p hub was made with the same clock.
template <class Clock>
std::shared_ptr<recorder_core> make_recorder(const boost::asio::any_io_executor& ex,
                                             const std::shared_ptr<hub_core>& hub, recorder_options options);

} // namespace sctrace::detail

#endif

#ifndef SCTRACE_SRC_RECORDING_RECORDER_OPERATIONS_HPP
#define SCTRACE_SRC_RECORDING_RECORDER_OPERATIONS_HPP

#include "recording/run_outcome.hpp"
#include "recording/run_scope.hpp"

#include <sctrace/live_records.hpp>
#include <sctrace/trace.hpp>

#include <boost/asio/cancellation_type.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace sctrace::detail {

/// One receive operation of a recording's live feed, in the shape that initiate_run starts.
template <class Recording>
class live_reception {
public:
    template <class T>
    using task = typename Recording::template task<T>;

    live_reception(std::shared_ptr<Recording> of, live_records& records) noexcept
        : recording_(std::move(of))
        , records_(records)
    {
    }

    auto strand() const noexcept { return recording_->strand(); }

    /// Nothing is lost by it, so every type of cancellation is honoured.
    void cancel(boost::asio::cancellation_type)
    {
        cancelled_ = true;
        recording_->live().wake();
    }

    static task<basic_run_outcome<std::size_t>> run(std::shared_ptr<live_reception> self)
    {
        co_return co_await self->recording_->live().receive(self->records_, self->cancelled_);
    }

private:
    std::shared_ptr<Recording> recording_;
    live_records& records_;
    bool cancelled_ = false;
};

/// One look at a recording's counts, in the same shape.
template <class Recording>
class count_snapshot {
public:
    template <class T>
    using task = typename Recording::template task<T>;

    explicit count_snapshot(std::shared_ptr<Recording> of) noexcept
        : recording_(std::move(of))
    {
    }

    auto strand() const noexcept { return recording_->strand(); }

    /// It never waits for anything but its turn.
    void cancel(boost::asio::cancellation_type) {}

    static task<basic_run_outcome<trace>> run(std::shared_ptr<count_snapshot> self)
    {
        co_return co_await self->recording_->snapshot();
    }

private:
    std::shared_ptr<Recording> recording_;
};

} // namespace sctrace::detail

#endif

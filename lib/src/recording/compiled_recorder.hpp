#ifndef SCTRACE_SRC_COMPILED_RECORDER_HPP
#define SCTRACE_SRC_COMPILED_RECORDER_HPP

#include "recording/compiled_run.hpp"
#include "recording/recorder_operations.hpp"
#include "recording/recording_session.hpp"
#include "recording/source_hub.hpp"

#include <sctrace/detail/recorder_core.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <utility>

namespace sctrace::detail {

/// A recording behind the interface of its handle.
template <class Clock>
class compiled_recorder final : public compiled_run<recorder_core, recording_session<Clock>> {
public:
    using compiled_run<recorder_core, recording_session<Clock>>::compiled_run;

    void stop_unless_command_runs() override
    {
        boost::asio::post(this->state()->strand(), [s = this->state()] { s->stop_unless_command_runs(); });
    }

    void signal_child(int number) override
    {
        boost::asio::post(this->state()->strand(), [s = this->state(), number] { s->signal_child(number); });
    }

    void let_go() noexcept override
    {
        this->request_stop();
        try {
            boost::asio::post(this->state()->strand(),
                              [s = this->state()] { s->end_live_feed_unless_running(); });
        } catch (const std::exception&) {
            // Without memory a receiver of what has never begun waits until it is cancelled.
            return;
        }
    }

    void async_receive(live_records& records, completion<recorder_core::receive_signature> done) override
    {
        start_operation(std::make_shared<live_reception<recording_session<Clock>>>(this->state(), records),
                        std::move(done));
    }

    void async_snapshot(completion<recorder_core::snapshot_signature> done) override
    {
        start_operation(std::make_shared<count_snapshot<recording_session<Clock>>>(this->state()),
                        std::move(done));
    }
};

/// A source that several recordings share, behind the interface of its handle.
template <class Clock>
class compiled_hub final : public hub_core {
public:
    explicit compiled_hub(std::shared_ptr<source_hub<Clock>> hub) noexcept
        : hub_(std::move(hub))
    {
    }

    std::size_t size() const noexcept override { return hub_->size(); }
    const std::shared_ptr<source_hub<Clock>>& get() const noexcept { return hub_; }

private:
    std::shared_ptr<source_hub<Clock>> hub_;
};

template <class Clock>
std::shared_ptr<hub_core> make_hub(const boost::asio::any_io_executor& ex, source_options options)
{
    return std::make_shared<compiled_hub<Clock>>(std::make_shared<source_hub<Clock>>(ex, std::move(options)));
}

template <class Clock>
std::shared_ptr<recorder_core> make_recorder(const boost::asio::any_io_executor& ex, recorder_options options)
{
    return std::make_shared<compiled_recorder<Clock>>(
        std::make_shared<recording_session<Clock>>(ex, std::move(options)));
}

template <class Clock>
std::shared_ptr<recorder_core> make_recorder(const boost::asio::any_io_executor& ex,
                                             const std::shared_ptr<hub_core>& hub, recorder_options options)
{
    const auto& shared = static_cast<const compiled_hub<Clock>&>(*hub).get();
    return std::make_shared<compiled_recorder<Clock>>(
        std::make_shared<recording_session<Clock>>(ex, shared, std::move(options)));
}

} // namespace sctrace::detail

#endif

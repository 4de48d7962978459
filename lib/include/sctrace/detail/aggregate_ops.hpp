#ifndef SCTRACE_DETAIL_AGGREGATE_OPS_HPP
#define SCTRACE_DETAIL_AGGREGATE_OPS_HPP

#include <sctrace/trace.hpp>
#include <sctrace/trace_file.hpp>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/wait_traits.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sctrace {

struct aggregator_options;

namespace detail {

/// A timer that any thread may cancel for good.
template <class Timer>
class flush_timer {
public:
    template <class Executor>
    flush_timer(const Executor& ex, typename Timer::duration interval)
        : timer_(ex)
        , interval_(interval)
    {
    }

    void cancel()
    {
        const std::lock_guard lock(mutex_);
        cancelled_ = true;
        timer_.cancel();
    }

    /// Waits for the interval, unless cancelled: then returns false and leaves the handler alone.
    template <class Handler>
    bool wait(Handler& handler)
    {
        const std::lock_guard lock(mutex_);
        if (!cancelled_) {
            timer_.expires_after(interval_);
            timer_.async_wait(std::move(handler));
        }
        return !cancelled_;
    }

private:
    // A cancel() between a look at the flag and the wait would cancel nothing.
    std::mutex mutex_;
    bool cancelled_ = false;
    Timer timer_;
    typename Timer::duration interval_;
};

/// The timers of the operations that flush again and again.
/**
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Safe.
 */
template <class Timer>
class flush_timers {
public:
    void add(const std::shared_ptr<flush_timer<Timer>>& timer)
    {
        const std::lock_guard lock(mutex_);
        std::erase_if(timers_, [](const auto& known) { return known.expired(); });
        timers_.push_back(timer);
    }

    void cancel()
    {
        const std::lock_guard lock(mutex_);
        for (const auto& known : timers_) {
            if (const auto timer = known.lock()) {
                timer->cancel();
            }
        }
        timers_.clear();
    }

private:
    std::mutex mutex_;
    std::vector<std::weak_ptr<flush_timer<Timer>>> timers_;
};

/// The counts and the strand that protects them.
template <class Executor, class Clock>
struct aggregate {
    using strand_type = boost::asio::strand<Executor>;
    using timer_type = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Executor>;

    template <class Options>
    aggregate(const Executor& ex, Options&& options)
        : strand(boost::asio::make_strand(ex))
        , file(std::move(options.file))
        , native(options.native)
    {
    }

    /// Runs on the strand.
    failure flush(trace_file::durability how)
    {
        const bool last = how == trace_file::durability::final;
        if (!file || (!changed && !last)) {
            return {};
        }
        const auto written = file->write(to_ndjson(counts, native), how);
        if (!written) {
            return written.error();
        }
        changed = false;
        return {};
    }

    strand_type strand;
    std::optional<trace_file> file;
    architecture native;
    trace counts;
    bool changed = true;
    flush_timers<timer_type> timers;
};

/// The common shape of the operations: onto the strand, do the work, off the strand, complete.
/**
 * Leaving by post() and not by dispatch() keeps the completion handler from running within the strand when
 * both share a thread.
 */
template <class State, class Work>
class strand_op {
public:
    strand_op(std::shared_ptr<State> state, Work work)
        : state_(std::move(state))
        , work_(std::move(work))
    {
    }

    template <class Self>
    void operator()(Self& self)
    {
        switch (step_) {
        case step::enter: {
            step_ = step::work;
            const auto strand = state_->strand;
            boost::asio::dispatch(boost::asio::bind_executor(strand, std::move(self)));
            break;
        }
        case step::work:
            step_ = step::leave;
            work_(*state_);
            boost::asio::post(std::move(self));
            break;
        case step::leave:
            state_.reset();
            work_.complete(self);
            break;
        }
    }

private:
    enum class step { enter, work, leave };

    std::shared_ptr<State> state_;
    Work work_;
    step step_ = step::enter;
};

struct add_work {
    std::span<const syscall_key> calls;

    template <class State>
    void operator()(State& state)
    {
        for (const syscall_key& call : calls) {
            state.counts.add(call);
        }
        state.changed = state.changed || !calls.empty();
    }

    template <class Self>
    void complete(Self& self)
    {
        self.complete(boost::system::error_code{});
    }
};

struct merge_work {
    const trace* other;
    boost::system::error_code outcome{};

    template <class State>
    void operator()(State& state)
    {
        const auto merged = state.counts.merge(*other);
        outcome = merged ? boost::system::error_code() : merged.error().code;
        state.changed = state.changed || !other->empty();
    }

    template <class Self>
    void complete(Self& self)
    {
        self.complete(outcome);
    }
};

struct flush_work {
    trace_file::durability how;
    failure outcome{};

    template <class State>
    void operator()(State& state)
    {
        outcome = state.flush(how);
    }

    template <class Self>
    void complete(Self& self)
    {
        self.complete(outcome.code, std::move(outcome.message));
    }
};

struct snapshot_work {
    trace copy{};

    template <class State>
    void operator()(State& state)
    {
        copy = state.counts;
    }

    template <class Self>
    void complete(Self& self)
    {
        self.complete(boost::system::error_code{}, std::move(copy));
    }
};

/// Wait, flush, again.
/**
 * The timer is waited for on the handler's own executor, where cancellation is emitted too; only the flush
 * runs on the strand.
 */
template <class State>
class flush_every_op {
public:
    using timer_type = flush_timer<typename State::timer_type>;

    flush_every_op(std::shared_ptr<State> state, std::shared_ptr<timer_type> timer)
        : state_(std::move(state))
        , timer_(std::move(timer))
    {
    }

    template <class Self>
    void operator()(Self& self)
    {
        switch (step_) {
        case step::enter:
            self.reset_cancellation_state(boost::asio::enable_total_cancellation());
            wait(self);
            break;
        case step::flush:
            step_ = step::wait;
            state_->flush(trace_file::durability::interim);
            boost::asio::post(std::move(self));
            break;
        case step::wait:
            wait(self);
            break;
        case step::end:
            state_.reset();
            timer_.reset();
            self.complete(boost::system::error_code(boost::asio::error::operation_aborted));
            break;
        }
    }

    template <class Self>
    void operator()(Self& self, boost::system::error_code ec)
    {
        if (ec) {
            step_ = step::end;
            (*this)(self);
            return;
        }
        step_ = step::flush;
        const auto strand = state_->strand;
        boost::asio::dispatch(boost::asio::bind_executor(strand, std::move(self)));
    }

private:
    enum class step { enter, flush, wait, end };

    template <class Self>
    void wait(Self& self)
    {
        // The handler takes this object along.
        const auto timer = timer_;
        if (self.cancelled() != boost::asio::cancellation_type::none || !timer->wait(self)) {
            step_ = step::end;
            boost::asio::post(std::move(self));
        }
    }

    std::shared_ptr<State> state_;
    std::shared_ptr<timer_type> timer_;
    step step_ = step::enter;
};

} // namespace detail

} // namespace sctrace

#endif

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
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace sctrace {

struct aggregator_options;

namespace detail {

/// The timers of the operations that flush again and again.
/**
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Safe.
 */
template <class Timer>
class flush_timers {
public:
    /// A timer that is cancelled for good.
    struct entry {
        template <class Executor>
        entry(const Executor& ex, typename Timer::duration i)
            : timer(ex)
            , interval(i)
        {
        }

        Timer timer;
        typename Timer::duration interval;
        bool cancelled = false;
    };

    void add(const std::shared_ptr<entry>& added)
    {
        const std::lock_guard lock(mutex_);
        std::erase_if(entries_, [](const auto& known) { return known.expired(); });
        entries_.push_back(added);
    }

    void cancel()
    {
        const std::lock_guard lock(mutex_);
        for (const auto& known : entries_) {
            if (const auto found = known.lock()) {
                found->cancelled = true;
                found->timer.cancel();
            }
        }
        entries_.clear();
    }

    /// Waits for the interval, unless cancelled: then returns false and leaves the handler alone.
    template <class Handler>
    bool wait(entry& waited, Handler& handler)
    {
        const std::lock_guard lock(mutex_);
        if (waited.cancelled) {
            return false;
        }
        waited.timer.expires_after(waited.interval);
        waited.timer.async_wait(std::move(handler));
        return true;
    }

private:
    // A cancel() between a look at the flag and the wait would cancel nothing.
    std::mutex mutex_;
    std::vector<std::weak_ptr<entry>> entries_;
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

    /// Ends the operations that flush again and again.
    void let_go() { timers.cancel(); }

    // These run on the strand, and return what their operations complete with.

    std::tuple<boost::system::error_code> add(std::span<const syscall_key> calls)
    {
        for (const syscall_key& call : calls) {
            counts.add(call);
        }
        changed = changed || !calls.empty();
        return {};
    }

    std::tuple<boost::system::error_code> merge(const trace& other)
    {
        const auto merged = counts.merge(other);
        changed = changed || !other.empty();
        return merged ? boost::system::error_code() : merged.error().code;
    }

    std::tuple<boost::system::error_code, std::string> flush(trace_file::durability how)
    {
        const bool last = how == trace_file::durability::final;
        if (!file || (!changed && !last)) {
            return {};
        }
        const auto written = file->write(to_ndjson(counts, native), how);
        if (!written) {
            return {written.error().code, written.error().message};
        }
        changed = false;
        return {};
    }

    std::tuple<boost::system::error_code, trace> snapshot() const
    {
        return {boost::system::error_code(), counts};
    }

    strand_type strand;
    std::optional<trace_file> file;
    architecture native;
    trace counts;
    bool changed = true;
    flush_timers<timer_type> timers;
};

/// The common shape of the operations: onto the strand, do the work, off the strand, complete with its
/// outcome.
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
            outcome_.emplace(work_(*state_));
            boost::asio::post(std::move(self));
            break;
        case step::leave:
            state_.reset();
            std::apply([&self](auto&... results) { self.complete(std::move(results)...); }, *outcome_);
            break;
        }
    }

private:
    enum class step { enter, work, leave };

    std::shared_ptr<State> state_;
    Work work_;
    std::optional<std::invoke_result_t<Work&, State&>> outcome_;
    step step_ = step::enter;
};

/// Wait, flush, again.
/**
 * The timer is waited for on the handler's own executor, where cancellation is emitted too; only the flush
 * runs on the strand.
 */
template <class State>
class flush_every_op {
public:
    using timer_type = typename flush_timers<typename State::timer_type>::entry;

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
        const auto state = state_;
        const auto timer = timer_;
        if (self.cancelled() != boost::asio::cancellation_type::none || !state->timers.wait(*timer, self)) {
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

#ifndef SCTRACE_SRC_RECORDING_RUN_SCOPE_HPP
#define SCTRACE_SRC_RECORDING_RUN_SCOPE_HPP

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <stop_token>
#include <utility>

namespace sctrace::detail {

/// What the tasks of one operation share: their strand, the wish to stop, and waiting for each other.
/**
 * Everything but request_stop() and strand() is to be called on the strand.
 */
template <class Clock>
class run_scope {
public:
    using strand_type = boost::asio::strand<boost::asio::any_io_executor>;
    template <class T>
    using task = boost::asio::awaitable<T, strand_type>;

    /// Either token asks for a stop.
    run_scope(const strand_type& strand, std::stop_token stop, std::stop_token also = {})
        : strand_(strand)
        , stop_(std::move(stop))
        , also_(std::move(also))
        , wake_(strand_)
    {
    }

    strand_type strand() const noexcept { return strand_; }

    static auto token() { return boost::asio::as_tuple(boost::asio::use_awaitable_t<strand_type>{}); }

    /// Begins for @p owner, which each task keeps alive; false if it has begun before.
    bool begin(std::weak_ptr<void> owner)
    {
        if (begun_.exchange(true)) {
            return false;
        }
        owner_ = std::move(owner);
        return true;
    }

    bool has_begun() const noexcept { return begun_; }

    /// Safe to call from any thread.
    void request_stop() noexcept { stop_requested_ = true; }

    /// As request_stop(), at once.
    void stop_now()
    {
        stop_requested_ = true;
        wake();
    }

    void cancel(boost::asio::cancellation_type type)
    {
        using boost::asio::cancellation_type;
        if (type == cancellation_type::total) {
            return;
        }
        abandoned_ = abandoned_ || (type & cancellation_type::terminal) != cancellation_type::none;
        stop_now();
    }

    bool stop_asked() const noexcept
    {
        return stop_requested_ || stop_.stop_requested() || also_.stop_requested();
    }

    /// Whether nothing more is to be waited for.
    bool abandoned() const noexcept { return abandoned_; }

    /// Sleeps until the time is over or wake() is called; a call of wake() since the last sleep counts, too.
    task<void> sleep_until_woken(typename Clock::duration time)
    {
        if (!woken_) {
            wake_.expires_after(time);
            co_await wake_.async_wait(token());
        }
        woken_ = false;
    }

    void wake()
    {
        woken_ = true;
        wake_.cancel();
    }

    /// Runs @p work beside its caller; @p done takes the exception that ended it, if one did.
    template <class Done>
    void spawn(task<void> work, Done done)
    {
        auto ended = [held = guard(), done = std::move(done)](std::exception_ptr thrown) mutable {
            done(thrown);
            held.end();
        };
        boost::asio::co_spawn(strand_, std::move(work), std::move(ended));
    }

    task<void> wait_for_tasks()
    {
        while (tasks_ != 0) {
            co_await sleep_until_woken(std::chrono::hours(1));
        }
    }

    /// Something that is under way, and the owner that it needs.
    class scope_guard {
    public:
        scope_guard(scope_guard&& other) noexcept
            : scope_(std::exchange(other.scope_, nullptr))
            , owner_(std::move(other.owner_))
        {
        }
        scope_guard& operator=(scope_guard&&) = delete;
        ~scope_guard() { end(); }

        void end()
        {
            if (scope_) {
                std::exchange(scope_, nullptr)->task_ended();
            }
        }

    private:
        friend class run_scope;

        scope_guard(run_scope& of, std::shared_ptr<void> owner) noexcept
            : scope_(&of)
            , owner_(std::move(owner))
        {
        }

        run_scope* scope_;
        std::shared_ptr<void> owner_;
    };

    /// Counts what is about to be started as a task, until scope_guard::end() is called.
    scope_guard guard()
    {
        ++tasks_;
        return scope_guard(*this, owner_.lock());
    }

private:
    using timer_type = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, strand_type>;

    void task_ended()
    {
        --tasks_;
        wake();
    }

    strand_type strand_;
    std::stop_token stop_;
    std::stop_token also_;
    std::weak_ptr<void> owner_;
    std::atomic<bool> begun_{false};
    std::atomic<bool> stop_requested_{false};
    timer_type wake_;
    int tasks_ = 0;
    bool abandoned_ = false;
    bool woken_ = false;
};

} // namespace sctrace::detail

#endif

#ifndef SCTRACE_DETAIL_RUN_OP_HPP
#define SCTRACE_DETAIL_RUN_OP_HPP

#include <sctrace/detail/kept_work.hpp>
#include <sctrace/report.hpp>

#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <memory>
#include <new>
#include <string>
#include <utility>

namespace sctrace::detail {

/// How a run ended; its result may have a `failure_message`.
template <class Result>
struct basic_run_outcome {
    boost::system::error_code code;
    Result result;
};

/// How a run from source to report ended.
using run_outcome = basic_run_outcome<report>;

/// Puts the words into the result, if it has room for them.
template <class Outcome>
void explain(Outcome& outcome, std::string words)
{
    if constexpr (requires { outcome.result.failure_message; }) {
        outcome.result.failure_message = std::move(words);
    }
}

/// Maps an exception that ended a run to an outcome; one that is no system error is thrown on.
template <class Outcome = run_outcome>
Outcome outcome_of(std::exception_ptr thrown)
{
    Outcome outcome;
    try {
        std::rethrow_exception(thrown);
    } catch (const boost::system::system_error& e) {
        outcome.code = e.code();
        explain(outcome, e.what());
    } catch (const std::bad_alloc&) {
        outcome.code = make_error_code(boost::system::errc::not_enough_memory);
        explain(outcome, "out of memory");
    }
    return outcome;
}

/// The outcome of a run that ended before it began.
template <class Outcome = run_outcome>
Outcome refused(const failure& why)
{
    Outcome outcome;
    outcome.code = why.code;
    explain(outcome, why.message);
    return outcome;
}

/// Starts `State::run()` on the state's strand; completes on the handler's associated executor.
/**
 * A cancellation that is emitted through the handler's slot is passed on to `State::cancel()`, on the strand.
 */
template <class Executor>
struct initiate_run {
    using executor_type = Executor;

    Executor executor;

    executor_type get_executor() const noexcept { return executor; }

    template <class Handler, class State>
    void operator()(Handler&& handler, std::shared_ptr<State> s) const
    {
        using outcome_type = typename decltype(State::run(s))::value_type;
        connect_cancellation(handler, s);
        auto allocator = boost::asio::get_associated_allocator(handler);
        auto work = kept_work(boost::asio::get_associated_executor(handler, executor));
        auto done = [allocator, h = std::forward<Handler>(handler),
                     w = std::move(work)](std::exception_ptr thrown, outcome_type outcome) mutable {
            if (thrown) {
                outcome = outcome_of<outcome_type>(thrown);
            }
            const auto ex = w.get_executor();
            auto last = [h2 = std::move(h), result = std::move(outcome)]() mutable {
                disconnect_cancellation(h2);
                std::move(h2)(result.code, std::move(result.result));
            };
            boost::asio::post(ex, boost::asio::bind_allocator(allocator, std::move(last)));
            w.reset();
        };
        boost::asio::co_spawn(s->strand(), State::run(s),
                              boost::asio::bind_allocator(allocator, std::move(done)));
    }

private:
    /// On the handler's own executor, where cancellation is emitted too.
    template <class Handler>
    static void disconnect_cancellation(Handler& handler)
    {
        auto slot = boost::asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) {
            slot.clear();
        }
    }

    template <class Handler, class State>
    static void connect_cancellation(Handler& handler, const std::shared_ptr<State>& s)
    {
        auto slot = boost::asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) {
            slot.assign([weak = std::weak_ptr<State>(s)](boost::asio::cancellation_type type) {
                if (auto alive = weak.lock()) {
                    auto strand = alive->strand();
                    boost::asio::post(strand, [a = std::move(alive), type] { a->cancel(type); });
                }
            });
        }
    }
};

} // namespace sctrace::detail

#endif

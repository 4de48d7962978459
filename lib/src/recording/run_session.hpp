#ifndef SCTRACE_SRC_RECORDING_RUN_SESSION_HPP
#define SCTRACE_SRC_RECORDING_RUN_SESSION_HPP

#include "recording/run_outcome.hpp"
#include "recording/run_scope.hpp"
#include "recording/start_operation.hpp"

#include <sctrace/detail/run_core.hpp>
#include <sctrace/error.hpp>

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <exception>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

namespace sctrace::detail {

template <class Signature>
struct run_result;
template <class Result>
struct run_result<void(boost::system::error_code, Result)> {
    using type = Result;
};

/// A run from its beginning to its outcome, behind the interface `Core` of a handle.
template <class Clock, class Core>
class run_session : public Core, public std::enable_shared_from_this<run_session<Clock, Core>> {
public:
    using scope_type = run_scope<Clock>;
    using strand_type = typename scope_type::strand_type;
    template <class T>
    using task = typename scope_type::template task<T>;
    using outcome = basic_run_outcome<typename run_result<typename Core::signature>::type>;

    strand_type strand() const noexcept { return scope_.strand(); }

    void request_stop() noexcept override { scope_.request_stop(); }

    void cancel() override
    {
        boost::asio::post(strand(), [self = this->shared_from_this()] {
            self->cancel_now(boost::asio::cancellation_type::terminal);
        });
    }

    void async_run(completion<typename Core::signature> done) override
    {
        const auto self = this->shared_from_this();
        pass_cancellation_on(done, self, [](run_session& s, auto type) { s.cancel_now(type); });
        start_operation(strand(), run(self), std::move(done));
    }

protected:
    struct words {
        std::string runs_once;
        std::string was_cancelled;
    };

    /// Either token asks for a stop.
    run_session(const strand_type& strand, words said, std::stop_token stop = {}, std::stop_token also = {})
        : scope_(strand, std::move(stop), std::move(also))
        , words_(std::move(said))
    {
    }

    virtual task<outcome> run_course() = 0;
    /// Completes when nothing goes on any more that run_course() began.
    virtual task<void> stop_tasks() { co_await scope_.wait_for_tasks(); }
    /// The run is over.
    virtual void close() {}

    virtual void cancel_now(boost::asio::cancellation_type type) { scope_.cancel(type); }

    failure cancelled() const { return {boost::asio::error::operation_aborted, words_.was_cancelled}; }

    scope_type scope_;

private:
    static task<outcome> run(std::shared_ptr<run_session> self)
    {
        if (!self->scope_.begin(self)) {
            co_return refused<outcome>({error::already_running, self->words_.runs_once});
        }
        std::exception_ptr thrown;
        try {
            outcome ended = co_await self->run_course();
            self->close();
            co_return ended;
        } catch (...) {
            thrown = std::current_exception();
        }
        co_await self->stop_tasks();
        self->close();
        std::rethrow_exception(thrown);
    }

    words words_;
};

} // namespace sctrace::detail

#endif

#ifndef SCTRACE_SRC_START_OPERATION_HPP
#define SCTRACE_SRC_START_OPERATION_HPP

#include "recording/run_outcome.hpp"

#include <sctrace/detail/completion.hpp>

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <exception>
#include <memory>
#include <utility>

namespace sctrace::detail {

/// Starts `Operation::run()` on the operation's strand.
/**
 * A cancellation that is emitted through the handler's slot is passed on to `Operation::cancel()`, on the
 * strand.
 */
template <class Operation, class Result>
inline void start_operation(const std::shared_ptr<Operation>& operation,
                            completion<void(boost::system::error_code, Result)> done)
{
    done.on_cancellation([weak = std::weak_ptr<Operation>(operation)](boost::asio::cancellation_type type) {
        if (auto alive = weak.lock()) {
            const auto strand = alive->strand();
            boost::asio::post(strand, [a = std::move(alive), type] { a->cancel(type); });
        }
    });
    auto ended = [done = std::move(done)](std::exception_ptr thrown,
                                          basic_run_outcome<Result> outcome) mutable {
        if (thrown) {
            outcome = outcome_of<basic_run_outcome<Result>>(thrown);
        }
        done(outcome.code, std::move(outcome.result));
    };
    boost::asio::co_spawn(operation->strand(), Operation::run(operation), std::move(ended));
}

/// As a terminal cancellation of an operation, from any thread.
template <class Operation>
inline void cancel_on_strand(const std::shared_ptr<Operation>& operation)
{
    boost::asio::post(operation->strand(),
                      [operation] { operation->cancel(boost::asio::cancellation_type::terminal); });
}

} // namespace sctrace::detail

#endif

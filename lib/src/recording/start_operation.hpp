#ifndef SCTRACE_SRC_START_OPERATION_HPP
#define SCTRACE_SRC_START_OPERATION_HPP

#include "recording/run_outcome.hpp"

#include <sctrace/detail/completion.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <exception>
#include <memory>
#include <utility>

namespace sctrace::detail {

/// Has each cancellation that is emitted through the handler's slot passed to @p cancel, on the owner's
/// strand.
template <class Owner, class Signature, class Cancel>
inline void pass_cancellation_on(completion<Signature>& done, const std::shared_ptr<Owner>& owner,
                                 Cancel cancel)
{
    done.on_cancellation([weak = std::weak_ptr<Owner>(owner), cancel](boost::asio::cancellation_type type) {
        if (auto alive = weak.lock()) {
            const auto strand = alive->strand();
            boost::asio::post(strand, [a = std::move(alive), cancel, type] { cancel(*a, type); });
        }
    });
}

/// Runs @p work on the strand, and completes with its outcome.
template <class Strand, class Result>
inline void start_operation(const Strand& strand,
                            boost::asio::awaitable<basic_run_outcome<Result>, Strand> work,
                            completion<void(boost::system::error_code, Result)> done)
{
    auto ended = [done = std::move(done)](std::exception_ptr thrown,
                                          basic_run_outcome<Result> outcome) mutable {
        if (thrown) {
            outcome = outcome_of<basic_run_outcome<Result>>(thrown);
        }
        done(outcome.code, std::move(outcome.result));
    };
    boost::asio::co_spawn(strand, std::move(work), std::move(ended));
}

} // namespace sctrace::detail

#endif

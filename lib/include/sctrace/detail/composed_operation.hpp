#ifndef SCTRACE_DETAIL_COMPOSED_OPERATION_HPP
#define SCTRACE_DETAIL_COMPOSED_OPERATION_HPP

#include <sctrace/detail/kept_work.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/associator.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/compose.hpp>

#include <type_traits>
#include <utility>

namespace sctrace::detail {

/// The handler that a composed operation completes with.
/**
 * `async_compose` alone keeps only the object's executor at work: while an operation is on a strand of the
 * object's, the executor of a handler of another context would run out of work. And the operation's filter
 * would stay in the handler's cancellation slot.
 */
template <class Handler, class Executor>
class final_handler {
public:
    final_handler(Handler handler, const Executor& executor)
        : work_(boost::asio::get_associated_executor(handler, executor))
        , handler_(std::move(handler))
    {
    }

    const Handler& handler() const noexcept { return handler_; }

    template <class... Results>
    void operator()(Results&&... results)
    {
        auto slot = boost::asio::get_associated_cancellation_slot(handler_);
        if (slot.is_connected()) {
            slot.clear();
        }
        work_.reset();
        std::move(handler_)(std::forward<Results>(results)...);
    }

private:
    kept_work<boost::asio::associated_executor_t<Handler, Executor>> work_;
    Handler handler_;
};

/// Starts a composed operation.
template <class Signature, class Executor>
struct initiate_composed {
    using executor_type = Executor;

    Executor executor;

    executor_type get_executor() const noexcept { return executor; }

    template <class Handler, class Operation>
    void operator()(Handler&& handler, Operation&& operation) const
    {
        using last_type = final_handler<std::decay_t<Handler>, Executor>;
        last_type last(std::forward<Handler>(handler), executor);
        boost::asio::async_compose<last_type, Signature>(std::forward<Operation>(operation), last, executor);
    }
};

/// `async_compose`, with what Asio asks of an operation besides.
// `inline` keeps its instances out of what the shared library exports.
template <class Signature, class Executor, class Token, class Operation>
inline auto async_composed(const Executor& executor, Token&& token, Operation&& operation)
{
    return boost::asio::async_initiate<Token, Signature>(initiate_composed<Signature, Executor>{executor},
                                                         token, std::forward<Operation>(operation));
}

} // namespace sctrace::detail

template <template <class, class> class Associator, class Handler, class Executor, class Default>
struct boost::asio::associator<Associator, sctrace::detail::final_handler<Handler, Executor>, Default>
    : Associator<Handler, Default> {
    using handler_type = sctrace::detail::final_handler<Handler, Executor>;

    static typename Associator<Handler, Default>::type get(const handler_type& h) noexcept
    {
        return Associator<Handler, Default>::get(h.handler());
    }
    static auto get(const handler_type& h, const Default& otherwise) noexcept
        -> decltype(Associator<Handler, Default>::get(h.handler(), otherwise))
    {
        return Associator<Handler, Default>::get(h.handler(), otherwise);
    }
};

#endif

#ifndef SCTRACE_TEST_ASYNC_CONTRACT_OPERATION_HPP
#define SCTRACE_TEST_ASYNC_CONTRACT_OPERATION_HPP

#include "async/context.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <tuple>
#include <utility>

namespace sctrace::test {

/// What something from outside makes of an outstanding operation.
enum class effect {
    /// It goes on.
    none,
    /// It completes with `operation_aborted`.
    aborted,
    /// It completes early, without an error.
    orderly,
};

/// What each type of cancellation makes of an operation.
struct cancellation_effects {
    effect terminal;
    effect partial;
    effect total;

    constexpr effect of(boost::asio::cancellation_type type) const noexcept
    {
        using boost::asio::cancellation_type;
        return type == cancellation_type::terminal  ? terminal
               : type == cancellation_type::partial ? partial
                                                    : total;
    }

    static constexpr cancellation_effects all(effect e) noexcept { return {e, e, e}; }
};

/// What is common to the operations under test.
/**
 * An operation of the contract is a class that derives from this one and has
 *
 *     using signature = void(boost::system::error_code, ...);
 *     template <class Executor> class subject;   // see below
 *     static bool is_whole(const results<operation>&);   // whether it completed with all it was fed
 *
 * and, where they differ, the constants below. A subject is an object with the operation and what feeds it:
 *
 *     explicit subject(const Executor&);
 *     template <class... Token> auto start(Token&&... token);   // calls the initiating function
 *     void feed();   // lets an outstanding operation end by itself
 *     std::optional<...> object;
 */
struct operation {
    static constexpr cancellation_effects cancelled = cancellation_effects::all(effect::aborted);
    /// What the object's destruction does.
    static constexpr effect destroyed = effect::aborted;
    /// What the object's cancel() does.
    static constexpr effect object_cancelled = effect::aborted;
    /// Whether it can be started again on the same object when it was cancelled.
    static constexpr bool repeats = true;

    /// Whether it can be fed more than once.
    static constexpr bool refills = true;

    /// Whether a stop in an orderly way may end with @p ec.
    static bool is_orderly(const boost::system::error_code& ec) { return !ec; }
};

template <class Signature>
struct results_of;

template <class... Results>
struct results_of<void(Results...)> {
    using type = std::tuple<Results...>;
};

/// What an operation completes with.
template <class Operation>
using results = typename results_of<typename Operation::signature>::type;

template <class Operation, class Executor = boost::asio::any_io_executor>
using subject_of = typename Operation::template subject<Executor>;

/// A handler of any kind with its executor and its slot, so that an operation is compiled for one only.
/** `any_completion_handler` has an executor that nothing can be posted to (Boost 1.81). */
template <class Operation>
class any_handler {
public:
    using executor_type = boost::asio::any_io_executor;
    using cancellation_slot_type = boost::asio::cancellation_slot;

    template <class Handler>
    any_handler(Handler handler, const boost::asio::any_io_executor& otherwise)
        : executor_(boost::asio::get_associated_executor(handler, otherwise))
        , slot_(boost::asio::get_associated_cancellation_slot(handler))
        , call_([h = std::move(handler)](results<Operation> r) mutable { std::apply(h, std::move(r)); })
    {
    }

    executor_type get_executor() const noexcept { return executor_; }
    cancellation_slot_type get_cancellation_slot() const noexcept { return slot_; }

    template <class... Results>
    void operator()(Results&&... r)
    {
        call_(results<Operation>(std::forward<Results>(r)...));
    }

private:
    boost::asio::any_io_executor executor_;
    boost::asio::cancellation_slot slot_;
    std::function<void(results<Operation>)> call_;
};

/// Compiled once for each operation, in operations.cpp.
template <class Operation>
void begin_with(subject_of<Operation>& subject, any_handler<Operation> handler);

/// Starts an operation.
template <class Operation, class Handler>
void begin(subject_of<Operation>& subject, Handler handler)
{
    begin_with<Operation>(subject, {std::move(handler), subject.object->get_executor()});
}

/// After how many handlers something may happen to an operation in a test.
/**
 * More than any of them has that ends by itself; one that has not been fed waits, or looks at the same things
 * again and again.
 */
constexpr std::size_t steps_to_try(bool fed) noexcept
{
    return fed ? 40 : 6;
}

/// A context, an operation that runs on it, and what it completed with.
template <class Operation, class Executor = boost::asio::any_io_executor>
class workbench {
public:
    workbench() = default;
    workbench(const workbench&) = delete;
    workbench& operator=(const workbench&) = delete;
    ~workbench()
    {
        subject.object.reset();
        context.run();
    }

    auto on_end()
    {
        return [this](auto... values) {
            ++completions;
            result.emplace(std::move(values)...);
        };
    }

    bool is_whole() const { return result && Operation::is_whole(*result); }

    boost::system::error_code error() const
    {
        return result ? std::get<0>(*result) : boost::system::error_code();
    }

    /// Runs until the operation has completed; what else goes on is for the destructor to end.
    void run()
    {
        BOOST_TEST(context.run_until([this] { return completions != 0; }), "the operation does not end");
    }

    /// Feeds the operation and runs it to its end, which must be the right one.
    void finish()
    {
        subject.feed();
        run();
        BOOST_TEST(is_whole(), "ended with " << error().message());
        BOOST_TEST(completions == 1);
    }

    checked_context context;
    subject_of<Operation, Executor> subject{context.get_executor()};
    std::optional<results<Operation>> result;
    int completions = 0;
};

/// Whether an operation may have ended with @p r after something that has effect @p e on it.
/** What it had been fed may have ended it before. */
template <class Operation>
bool may_end_with(const results<Operation>& r, effect e)
{
    const boost::system::error_code ec = std::get<0>(r);
    return Operation::is_whole(r) || (e == effect::aborted && ec == boost::asio::error::operation_aborted) ||
           (e == effect::orderly && Operation::is_orderly(ec));
}

} // namespace sctrace::test

#endif

#ifndef SCTRACE_DETAIL_HANDLE_HPP
#define SCTRACE_DETAIL_HANDLE_HPP

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace sctrace::detail {

/// The executor's own default completion token, or `deferred` where it has none (Asio before 1.32).
template <class Executor>
using default_token_t =
    std::conditional_t<std::is_void_v<boost::asio::default_completion_token_t<Executor>>,
                       boost::asio::deferred_t, boost::asio::default_completion_token_t<Executor>>;

/// An executor, and what an object that runs on it shares with its operations.
/**
 * @tparam Shared Has `let_go()`, which is called when no object has it any more.
 */
template <class Executor, class Shared>
class handle {
public:
    /// The type of the executor.
    using executor_type = Executor;

    /// Takes over; @p other keeps its executor. Outstanding operations go on.
    handle(handle&& other) noexcept
        : executor_(other.executor_)
        , shared_(std::move(other.shared_))
    {
    }

    /// Ends what this object had as its destructor does, and takes over.
    handle& operator=(handle&& other) noexcept
    {
        if (this != &other) {
            let_go();
            executor_ = other.executor_;
            shared_ = std::move(other.shared_);
        }
        return *this;
    }

    /// The executor that it was made with.
    executor_type get_executor() const noexcept { return executor_; }

protected:
    /// @p shared is null while nothing is open.
    explicit handle(const Executor& ex, std::shared_ptr<Shared> shared = nullptr)
        : executor_(ex)
        , shared_(std::move(shared))
    {
    }

    ~handle() { let_go(); }

    /// Ends what is shared, if anything.
    void let_go() noexcept
    {
        if (const auto shared = std::exchange(shared_, nullptr)) {
            shared->let_go();
        }
    }

    /// Runs the operations.
    Executor executor_;
    /// What the operations keep alive.
    std::shared_ptr<Shared> shared_;
};

} // namespace sctrace::detail

#endif

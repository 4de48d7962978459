#ifndef SCTRACE_DETAIL_KEPT_WORK_HPP
#define SCTRACE_DETAIL_KEPT_WORK_HPP

#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/prefer.hpp>

#include <optional>
#include <type_traits>
#include <utility>

namespace sctrace::detail {

/// Keeps the context of an executor from running out of work.
/**
 * As `executor_work_guard`, which does not compile for a strand on a type-erased executor (Boost 1.81).
 */
template <class Executor>
class kept_work {
public:
    explicit kept_work(const Executor& ex)
        : work_(boost::asio::prefer(ex, boost::asio::execution::outstanding_work.tracked))
        , executor_(ex)
    {
    }

    const Executor& get_executor() const noexcept { return executor_; }

    void reset() noexcept { work_.reset(); }

private:
    using tracked = std::decay_t<decltype(boost::asio::prefer(
        std::declval<const Executor&>(), boost::asio::execution::outstanding_work.tracked))>;

    std::optional<tracked> work_;
    Executor executor_;
};

} // namespace sctrace::detail

#endif

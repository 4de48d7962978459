#ifndef SCTRACE_TEST_ASYNC_CONTRACT_TRACKING_EXECUTOR_HPP
#define SCTRACE_TEST_ASYNC_CONTRACT_TRACKING_EXECUTOR_HPP

#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>

#include <atomic>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace sctrace::test {

/// How often a tracking_executor ran something, and whether it does now.
class tracked_runs {
public:
    std::size_t count() const noexcept { return count_; }

    /// Whether the calling thread runs a function of this executor.
    bool running_here() const noexcept { return innermost_ == this; }

    template <class Function>
    void run(Function& function)
    {
        ++count_;
        const tracked_runs* const around = std::exchange(innermost_, this);
        std::move(function)();
        innermost_ = around;
    }

private:
    static inline thread_local const tracked_runs* innermost_ = nullptr;

    std::atomic<std::size_t> count_{0};
};

/// Another executor that counts what runs on it.
template <class Inner>
class tracking_executor {
public:
    tracking_executor(Inner inner, tracked_runs& runs) noexcept
        : inner_(std::move(inner))
        , runs_(&runs)
    {
    }

    template <class Property>
    decltype(auto) query(const Property& property)
        const noexcept requires boost::asio::can_query_v<const Inner&, const Property&>
    {
        return boost::asio::query(inner_, property);
    }

    template <class Property>
    auto require(const Property& property)
        const noexcept requires boost::asio::can_require_v<const Inner&, const Property&>
    {
        return tracking_executor<std::decay_t<decltype(boost::asio::require(inner_, property))>>(
            boost::asio::require(inner_, property), *runs_);
    }

    template <class Property>
    auto prefer(const Property& property)
        const noexcept requires boost::asio::can_prefer_v<const Inner&, const Property&>
    {
        return tracking_executor<std::decay_t<decltype(boost::asio::prefer(inner_, property))>>(
            boost::asio::prefer(inner_, property), *runs_);
    }

    template <class Function>
    void execute(Function function) const
    {
        inner_.execute([runs = runs_, function = std::move(function)]() mutable { runs->run(function); });
    }

    friend bool operator==(const tracking_executor& a, const tracking_executor& b) noexcept
    {
        return a.inner_ == b.inner_ && a.runs_ == b.runs_;
    }
    friend bool operator!=(const tracking_executor& a, const tracking_executor& b) noexcept
    {
        return !(a == b);
    }

private:
    Inner inner_;
    tracked_runs* runs_;
};

} // namespace sctrace::test

#endif

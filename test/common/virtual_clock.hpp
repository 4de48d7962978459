#ifndef SCTRACE_TEST_VIRTUAL_CLOCK_HPP
#define SCTRACE_TEST_VIRTUAL_CLOCK_HPP

#include <boost/asio/wait_traits.hpp>

#include <atomic>
#include <chrono>

namespace sctrace::test {

/// A clock that only moves when a test says so.
struct virtual_clock {
    using duration = std::chrono::steady_clock::duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<virtual_clock>;
    static constexpr bool is_steady = true;

    static time_point now() noexcept { return time_point(duration(ticks_.load())); }
    static void advance(duration by) noexcept { ticks_ += by.count(); }

private:
    static inline std::atomic<rep> ticks_{0};
};

} // namespace sctrace::test

/// Timers of the virtual clock are looked at again and again instead of being slept for.
template <>
struct boost::asio::wait_traits<sctrace::test::virtual_clock> {
    using duration = sctrace::test::virtual_clock::duration;

    static duration to_wait_duration(const duration& d)
    {
        return d > duration::zero() ? std::chrono::milliseconds(1) : duration::zero();
    }
    static duration to_wait_duration(const sctrace::test::virtual_clock::time_point& t)
    {
        return to_wait_duration(t - sctrace::test::virtual_clock::now());
    }
};

#endif

#ifndef SCTRACE_TEST_ASYNC_CONTEXT_HPP
#define SCTRACE_TEST_ASYNC_CONTEXT_HPP

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>

namespace sctrace::test {

/// A deadline that success never reaches.
constexpr std::chrono::seconds deadline{30};

/// An io_context that must have run out of work when the test ends: nothing may go on behind its back.
class checked_context {
public:
    ~checked_context() { BOOST_TEST(context_.stopped(), "the io_context still has work"); }

    boost::asio::io_context& get() noexcept { return context_; }
    auto get_executor() noexcept { return context_.get_executor(); }

    void run()
    {
        context_.restart();
        context_.run_for(deadline);
    }

    template <class Condition>
    bool run_until(Condition done)
    {
        const auto end = std::chrono::steady_clock::now() + deadline;
        context_.restart();
        while (!done() && std::chrono::steady_clock::now() < end) {
            context_.run_one_until(end);
        }
        return done();
    }

private:
    boost::asio::io_context context_;
};

} // namespace sctrace::test

#endif

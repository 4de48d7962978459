#ifndef SCTRACE_TEST_ASYNC_CONTRACT_OBJECT_OPERATIONS_HPP
#define SCTRACE_TEST_ASYNC_CONTRACT_OBJECT_OPERATIONS_HPP

#include "async/contract/operation.hpp"
#include "common/temporary_folder.hpp"

#include <sctrace/aggregator.hpp>
#include <sctrace/child.hpp>
#include <sctrace/profile.hpp>
#include <sctrace/seccomp_filter.hpp>

#include <boost/asio/error.hpp>

#include <array>
#include <chrono>
#include <csignal>
#include <string>
#include <utility>

namespace sctrace::test {

/// One that ends by itself, whatever happens to the object.
struct aggregates : operation {
    static constexpr cancellation_effects cancelled = cancellation_effects::all(effect::none);
    static constexpr effect destroyed = effect::none;
    static constexpr effect object_cancelled = effect::none;

    template <class Executor>
    class subject {
    public:
        using object_type = basic_aggregator<Executor>;

        explicit subject(const Executor& ex)
            : object(std::in_place, ex, options())
        {
        }

        void feed() {}

    private:
        aggregator_options options() const
        {
            aggregator_options o;
            o.file = trace_file::prepare(folder_.file("trace")).value();
            return o;
        }

        temporary_folder folder_;

    public:
        std::optional<object_type> object;
    };
};

struct aggregator_add : aggregates {
    using signature = void(boost::system::error_code);

    static bool is_whole(const std::tuple<boost::system::error_code>& r) { return !std::get<0>(r); }

    template <class Executor>
    class subject : public aggregates::subject<Executor> {
    public:
        using aggregates::subject<Executor>::subject;

        template <class... Token>
        auto start(Token&&... token)
        {
            return this->object->async_add(calls_, std::forward<Token>(token)...);
        }

    private:
        std::array<syscall_key, 1> calls_{syscall_key{architecture(0xc000003e), 1}};
    };
};

struct aggregator_merge : aggregates {
    using signature = void(boost::system::error_code);

    static bool is_whole(const std::tuple<boost::system::error_code>& r) { return !std::get<0>(r); }

    template <class Executor>
    class subject : public aggregates::subject<Executor> {
    public:
        using aggregates::subject<Executor>::subject;

        template <class... Token>
        auto start(Token&&... token)
        {
            return this->object->async_merge(counts_, std::forward<Token>(token)...);
        }

    private:
        trace counts_;
    };
};

struct aggregator_flush : aggregates {
    using signature = void(boost::system::error_code, std::string);

    static bool is_whole(const std::tuple<boost::system::error_code, std::string>& r)
    {
        return !std::get<0>(r) && std::get<1>(r).empty();
    }

    template <class Executor>
    class subject : public aggregates::subject<Executor> {
    public:
        using aggregates::subject<Executor>::subject;

        template <class... Token>
        auto start(Token&&... token)
        {
            return this->object->async_flush(trace_file::durability::interim, std::forward<Token>(token)...);
        }
    };
};

struct aggregator_snapshot : aggregates {
    using signature = void(boost::system::error_code, trace);

    static bool is_whole(const std::tuple<boost::system::error_code, trace>& r)
    {
        return !std::get<0>(r) && std::get<1>(r).total() == 0;
    }

    template <class Executor>
    class subject : public aggregates::subject<Executor> {
    public:
        using aggregates::subject<Executor>::subject;

        template <class... Token>
        auto start(Token&&... token)
        {
            return this->object->async_snapshot(std::forward<Token>(token)...);
        }
    };
};

/// Never ends but by order.
struct aggregator_flush_every : operation {
    using signature = void(boost::system::error_code);

    static bool is_whole(const std::tuple<boost::system::error_code>& r)
    {
        return std::get<0>(r) == boost::asio::error::operation_aborted;
    }

    template <class Executor>
    class subject : public aggregates::subject<Executor> {
    public:
        using aggregates::subject<Executor>::subject;

        template <class... Token>
        auto start(Token&&... token)
        {
            return this->object->async_flush_every(std::chrono::milliseconds(1),
                                                   std::forward<Token>(token)...);
        }

        void feed()
        {
            if (this->object) {
                this->object->cancel();
            }
        }
    };
};

/// A child under a filter that allows all, so that the kernel's log stays as it is.
struct child_wait : operation {
    using signature = void(boost::system::error_code, exit_status);

    static bool is_whole(const std::tuple<boost::system::error_code, exit_status>& r)
    {
        const exit_status status = std::get<1>(r);
        return !std::get<0>(r) && status.signaled && status.code == SIGTERM;
    }

    static launch_options options()
    {
        profile allow_all;
        allow_all.default_verdict = {filter_action::allow, 0};
        launch_options o;
        o.command = {"sleep", "1000"};
        o.new_session = false;
        o.filter = seccomp_filter::from_profile(allow_all, architecture::native()).value();
        return o;
    }

    template <class Executor>
    class subject {
    public:
        using object_type = basic_child<Executor>;

        explicit subject(const Executor& ex)
            : object(std::in_place, ex)
        {
            object->start(options()).value();
        }

        template <class... Token>
        auto start(Token&&... token)
        {
            return object->async_wait(std::forward<Token>(token)...);
        }

        /// It may have ended before.
        void feed() { static_cast<void>(object->signal(SIGTERM)); }

        std::optional<object_type> object;
    };
};

} // namespace sctrace::test

#endif

#ifndef SCTRACE_TEST_ASYNC_CONTRACT_RUN_OPERATIONS_HPP
#define SCTRACE_TEST_ASYNC_CONTRACT_RUN_OPERATIONS_HPP

#include "async/contract/operation.hpp"
#include "async/contract/source_operations.hpp"
#include "async/entry_pair.hpp"
#include "common/logged_record.hpp"

#include <sctrace/recorder.hpp>
#include <sctrace/replayer.hpp>
#include <sctrace/watcher.hpp>

#include <boost/asio/error.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

namespace sctrace::test {

/// A run that has side effects: it is stopped in an orderly way, or broken off.
struct runs_once : operation {
    static constexpr cancellation_effects cancelled{effect::aborted, effect::orderly, effect::none};
    static constexpr effect destroyed = effect::orderly;
    static constexpr bool repeats = false;
};

struct recorder_run : runs_once {
    using signature = void(boost::system::error_code, report);

    static bool is_whole(const std::tuple<boost::system::error_code, report>& r)
    {
        return !std::get<0>(r) && std::get<1>(r).counts.total() == 1;
    }

    template <class Executor>
    class subject {
    public:
        using object_type = basic_recorder<Executor>;

        explicit subject(const Executor& ex)
            : object(std::in_place, ex, options())
        {
        }

        template <class... Token>
        auto start(Token&&... token)
        {
            return object->async_run(std::forward<Token>(token)...);
        }

        void feed()
        {
            pair_.write_call(42, 0);
            pair_.close_writer();
        }

    private:
        recorder_options options()
        {
            recorder_options o;
            o.pids = {42};
            o.live_records = 16;
            o.kmsg_descriptor = pair_.take_reader();
            o.stop_check_interval = std::chrono::milliseconds(1);
            return o;
        }

        entry_pair pair_;

    public:
        std::optional<object_type> object;
    };
};

/// The live feed of a recorder that runs until it has been fed.
struct recorder_receive : operation {
    using signature = void(boost::system::error_code, std::size_t);

    static constexpr effect destroyed = effect::orderly;
    static constexpr effect object_cancelled = effect::orderly;
    static constexpr bool refills = false;

    static bool is_whole(const std::tuple<boost::system::error_code, std::size_t>& r)
    {
        return !std::get<0>(r) && std::get<1>(r) == 1;
    }

    static bool is_orderly(const boost::system::error_code& ec) { return ec == boost::asio::error::eof; }

    template <class Executor>
    class subject : public recorder_run::subject<Executor> {
    public:
        explicit subject(const Executor& ex)
            : recorder_run::subject<Executor>(ex)
        {
            this->object->async_run([](boost::system::error_code, const report&) {});
        }

        template <class... Token>
        auto start(Token&&... token)
        {
            return this->object->async_receive(records_, std::forward<Token>(token)...);
        }

    private:
        live_records records_;
    };
};

struct recorder_snapshot : operation {
    using signature = void(boost::system::error_code, trace);

    static constexpr cancellation_effects cancelled = cancellation_effects::all(effect::none);
    static constexpr effect destroyed = effect::none;
    static constexpr effect object_cancelled = effect::none;

    static bool is_whole(const std::tuple<boost::system::error_code, trace>& r) { return !std::get<0>(r); }

    template <class Executor>
    class subject {
    public:
        using object_type = basic_recorder<Executor>;

        explicit subject(const Executor& ex)
            : object(std::in_place, ex)
        {
        }

        template <class... Token>
        auto start(Token&&... token)
        {
            return object->async_snapshot(std::forward<Token>(token)...);
        }

        void feed() {}

        std::optional<object_type> object;
    };
};

struct watcher_run : runs_once {
    using signature = void(boost::system::error_code, watch_summary);

    static bool is_whole(const std::tuple<boost::system::error_code, watch_summary>& r)
    {
        return !std::get<0>(r) && std::get<1>(r).records == 1;
    }

    template <class Executor>
    class subject {
    public:
        using object_type = basic_watcher<Executor>;

        explicit subject(const Executor& ex)
            : object(std::in_place, ex, options())
        {
        }

        template <class... Token>
        auto start(Token&&... token)
        {
            return object->async_run(std::forward<Token>(token)...);
        }

        void feed()
        {
            pair_.write_call(42, 0);
            pair_.close_writer();
        }

    private:
        watcher_options options()
        {
            watcher_options o;
            o.kmsg_descriptor = pair_.take_reader();
            o.stop_check_interval = std::chrono::milliseconds(1);
            return o;
        }

        entry_pair pair_;

    public:
        std::optional<object_type> object;
    };
};

/// Reads a pipe, which can be stopped at any time without leaving a part unread.
struct replayer_run : runs_once {
    using signature = void(boost::system::error_code, report);

    /// It may have been stopped before it opened the log.
    static bool is_orderly(const boost::system::error_code& ec) { return !ec || ec == error::stopped_early; }

    static bool is_whole(const std::tuple<boost::system::error_code, report>& r)
    {
        return !std::get<0>(r) && std::get<1>(r).counts.total() == 1;
    }

    template <class Executor>
    class subject {
    public:
        using object_type = basic_replayer<Executor>;

        explicit subject(const Executor& ex)
            : object(std::in_place, ex, options())
        {
        }

        template <class... Token>
        auto start(Token&&... token)
        {
            return object->async_run(std::forward<Token>(token)...);
        }

        void feed()
        {
            pipe_.write(kmsg_line({}) + '\n');
            pipe_.close_writer();
        }

    private:
        replay_options options() const
        {
            replay_options o;
            o.logs = {"/dev/fd/" + std::to_string(pipe_.reader())};
            return o;
        }

        byte_pipe pipe_;

    public:
        std::optional<object_type> object;
    };
};

} // namespace sctrace::test

#endif

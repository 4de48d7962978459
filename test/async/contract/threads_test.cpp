#include "async/contract/operations.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
using asio::any_io_executor;
using sctrace::test::all_operations;
using sctrace::test::effect;
using sctrace::test::results;
using sctrace::test::subject_of;

constexpr std::size_t threads = 4;
constexpr int rounds = 10;

/// What an operation completed with, which another thread waits for.
template <class Operation>
class awaited_result {
public:
    auto on_end()
    {
        return [promise = promise_](auto... values) {
            promise->set_value(results<Operation>(std::move(values)...));
        };
    }

    results<Operation> get()
    {
        auto future = promise_->get_future();
        BOOST_REQUIRE((future.wait_for(sctrace::test::deadline) == std::future_status::ready));
        return future.get();
    }

private:
    std::shared_ptr<std::promise<results<Operation>>> promise_ =
        std::make_shared<std::promise<results<Operation>>>();
};

/// Objects that may be used from any thread only where it is written so: here all is done on one strand.
template <class Operation>
class on_a_strand {
public:
    ~on_a_strand()
    {
        run([this] { subject_.reset(); });
        pool_.join();
    }

    template <class Function>
    void run(Function function)
    {
        asio::post(strand_, asio::use_future(std::move(function))).get();
    }

    subject_of<Operation>& subject() { return *subject_; }

private:
    asio::thread_pool pool_{threads};
    any_io_executor strand_ = asio::make_strand(pool_.get_executor());
    std::optional<subject_of<Operation>> subject_{std::in_place, strand_};
};

} // namespace

BOOST_AUTO_TEST_SUITE(several_threads)

BOOST_AUTO_TEST_CASE_TEMPLATE(an_operation_on_a_strand_ends, Operation, all_operations)
{
    for (int round = 0; round < rounds; ++round) {
        on_a_strand<Operation> bench;
        awaited_result<Operation> result;
        bench.run([&] { sctrace::test::begin<Operation>(bench.subject(), result.on_end()); });
        bench.run([&] { bench.subject().feed(); });
        BOOST_TEST(Operation::is_whole(result.get()));
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_operation_is_cancelled_from_its_strand, Operation, all_operations)
{
    for (int round = 0; round < rounds; ++round) {
        on_a_strand<Operation> bench;
        awaited_result<Operation> result;
        asio::cancellation_signal signal;
        bench.run([&] {
            sctrace::test::begin<Operation>(bench.subject(),
                                            asio::bind_cancellation_slot(signal.slot(), result.on_end()));
        });
        bench.run([&] { signal.emit(asio::cancellation_type::terminal); });
        const auto r = result.get();
        if (Operation::cancelled.terminal == effect::aborted) {
            BOOST_TEST((std::get<0>(r) == asio::error::operation_aborted));
        } else {
            BOOST_TEST(Operation::is_whole(r));
        }
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_object_is_destroyed_on_its_strand_while_it_works, Operation, all_operations)
{
    for (int round = 0; round < rounds; ++round) {
        awaited_result<Operation> result;
        on_a_strand<Operation> bench;
        bench.run([&] { sctrace::test::begin<Operation>(bench.subject(), result.on_end()); });
        bench.run([&] {
            bench.subject().feed();
            bench.subject().object.reset();
        });
        BOOST_TEST((sctrace::test::may_end_with<Operation>(result.get(), Operation::destroyed)));
    }
}

using runs = std::tuple<sctrace::test::recorder_run, sctrace::test::watcher_run, sctrace::test::replayer_run>;

BOOST_AUTO_TEST_CASE_TEMPLATE(a_run_is_stopped_from_any_thread, Operation, runs)
{
    for (int round = 0; round < rounds; ++round) {
        asio::thread_pool pool(threads);
        subject_of<Operation> subject(pool.get_executor());
        awaited_result<Operation> result;
        sctrace::test::begin<Operation>(subject, result.on_end());
        {
            std::vector<std::jthread> others;
            for (std::size_t i = 0; i < threads; ++i) {
                others.emplace_back([&] { subject.object->request_stop(); });
            }
        }
        BOOST_TEST(Operation::is_orderly(std::get<0>(result.get())));
        pool.join();
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_run_is_cancelled_from_any_thread, Operation, runs)
{
    for (int round = 0; round < rounds; ++round) {
        asio::thread_pool pool(threads);
        subject_of<Operation> subject(pool.get_executor());
        awaited_result<Operation> result;
        sctrace::test::begin<Operation>(subject, result.on_end());
        {
            std::vector<std::jthread> others;
            for (std::size_t i = 0; i < threads; ++i) {
                others.emplace_back([&] { subject.object->cancel(); });
            }
        }
        BOOST_TEST((std::get<0>(result.get()) == asio::error::operation_aborted));
        pool.join();
    }
}

BOOST_AUTO_TEST_CASE(an_aggregator_is_used_from_any_thread)
{
    using namespace std::chrono_literals;
    constexpr int adds = 50;
    asio::thread_pool pool(threads);
    sctrace::aggregator counting(pool.get_executor());
    const std::vector<sctrace::syscall_key> calls(3, {sctrace::architecture(0xc000003e), 1});
    {
        std::vector<std::jthread> others;
        for (std::size_t i = 0; i < threads; ++i) {
            others.emplace_back([&] {
                auto flushing = counting.async_flush_every(100us, asio::use_future);
                for (int n = 0; n < adds; ++n) {
                    counting.async_add(calls, asio::use_future).get();
                    static_cast<void>(counting.async_snapshot(asio::use_future).get());
                }
                counting.cancel();
                flushing.wait();
            });
        }
    }
    const auto counts = counting.async_snapshot(asio::use_future).get();
    pool.join();
    BOOST_TEST(counts.total() == 3U * adds * threads);
}

BOOST_AUTO_TEST_SUITE_END()

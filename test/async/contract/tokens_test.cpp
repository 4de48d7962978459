#include "async/contract/operations.hpp"

#include <boost/asio/consign.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <tuple>
#include <utility>

namespace {

namespace asio = boost::asio;
using sctrace::test::all_operations;
using sctrace::test::results;
using sctrace::test::workbench;

/// The results of an operation as a tuple, from a token that throws the error code.
template <class Operation, class Get>
results<Operation> collect(Get get)
{
    results<Operation> r;
    try {
        if constexpr (std::tuple_size_v<results<Operation>> == 1) {
            get();
        } else {
            std::get<1>(r) = get();
        }
    } catch (const boost::system::system_error& e) {
        std::get<0>(r) = e.code();
    }
    return r;
}

} // namespace

BOOST_AUTO_TEST_SUITE(completion_tokens)

BOOST_AUTO_TEST_CASE_TEMPLATE(a_function_is_called_once, Operation, all_operations)
{
    workbench<Operation> bench;
    bench.subject.start(bench.on_end());
    bench.finish();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_function_that_can_only_be_moved_is_called, Operation, all_operations)
{
    workbench<Operation> bench;
    bench.subject.start(
        [end = bench.on_end(), only_moved = std::make_unique<int>(1)](auto... values) mutable {
            BOOST_TEST(*only_moved == 1);
            end(std::move(values)...);
        });
    bench.finish();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_future_is_made_ready, Operation, all_operations)
{
    workbench<Operation> bench;
    auto future = bench.subject.start(asio::use_future);
    bench.subject.feed();
    bench.context.run();
    BOOST_TEST(Operation::is_whole(collect<Operation>([&] { return future.get(); })));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(it_starts_when_a_deferred_operation_is_called, Operation, all_operations)
{
    workbench<Operation> bench;
    auto operation = bench.subject.start(asio::deferred);
    bench.context.get().poll();
    BOOST_TEST(!bench.result.has_value());
    std::move(operation)(bench.on_end());
    bench.finish();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_detached_operation_ends, Operation, all_operations)
{
    workbench<Operation> bench;
    auto held = std::make_shared<int>();
    const std::weak_ptr<int> watched = held;
    bench.subject.start(asio::consign(asio::detached, std::move(held)));
    BOOST_TEST(!watched.expired());
    bench.subject.feed();
    bench.context.run();
    BOOST_TEST(watched.expired());
}

BOOST_AUTO_TEST_SUITE_END()

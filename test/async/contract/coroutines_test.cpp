#include "async/contract/operations.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <exception>
#include <tuple>
#include <type_traits>
#include <utility>

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using sctrace::test::all_operations;
using sctrace::test::results;
using sctrace::test::workbench;

template <class Operation, class Awaited>
asio::awaitable<results<Operation>> collect_awaited(Awaited operation)
{
    results<Operation> r;
    try {
        if constexpr (std::tuple_size_v<results<Operation>> == 1) {
            co_await std::move(operation);
        } else {
            std::get<1>(r) = co_await std::move(operation);
        }
    } catch (const boost::system::system_error& e) {
        std::get<0>(r) = e.code();
    }
    co_return r;
}

/// Awaits what @p make returns, while the operation is fed.
template <class Operation, class Executor, class Make>
void await(workbench<Operation, Executor>& bench, Make make)
{
    auto course = [&]() -> asio::awaitable<void> {
        auto operation = make();
        bench.result = co_await std::move(operation);
    };
    asio::co_spawn(bench.context.get(), course, [](std::exception_ptr thrown) {
        if (thrown) {
            std::rethrow_exception(thrown);
        }
    });
    asio::post(bench.context.get(), [&] { bench.subject.feed(); });
    bench.context.run();
    BOOST_TEST(bench.is_whole(), "ended with " << bench.error().message());
}

} // namespace

BOOST_AUTO_TEST_SUITE(coroutines)

BOOST_AUTO_TEST_CASE_TEMPLATE(a_coroutine_awaits_it, Operation, all_operations)
{
    workbench<Operation> bench;
    await(bench, [&] { return collect_awaited<Operation>(bench.subject.start(asio::use_awaitable)); });
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_coroutine_awaits_it_as_a_tuple, Operation, all_operations)
{
    workbench<Operation> bench;
    await(bench, [&] { return bench.subject.start(asio::as_tuple(asio::use_awaitable)); });
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_coroutine_awaits_it_with_its_error_elsewhere, Operation, all_operations)
{
    workbench<Operation> bench;
    error_code ec;
    await(bench, [&]() -> asio::awaitable<results<Operation>> {
        auto r = co_await collect_awaited<Operation>(
            bench.subject.start(asio::redirect_error(asio::use_awaitable, ec)));
        BOOST_TEST(!std::get<0>(r));
        std::get<0>(r) = ec;
        co_return r;
    });
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_coroutine_awaits_it_without_any_token, Operation, all_operations)
{
    workbench<Operation> bench;
    await(bench, [&] { return collect_awaited<Operation>(bench.subject.start()); });
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_executors_default_token_is_used, Operation, all_operations)
{
    using executor = asio::use_awaitable_t<>::executor_with_default<asio::any_io_executor>;
    using any_object = typename sctrace::test::subject_of<Operation>::object_type;
    using object = typename sctrace::test::subject_of<Operation, executor>::object_type;
    static_assert(std::is_same_v<asio::use_awaitable_t<>::as_default_on_t<any_object>, object>);
    workbench<Operation, executor> bench;
    await(bench, [&] {
        auto operation = bench.subject.start();
        static_assert(
            std::is_same_v<decltype(operation), asio::awaitable<typename decltype(operation)::value_type>>);
        return collect_awaited<Operation>(std::move(operation));
    });
}

BOOST_AUTO_TEST_SUITE_END()

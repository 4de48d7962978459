#include "async/contract/operations.hpp"
#include "async/entry_pair.hpp"
#include "async/read_one.hpp"

#include <sctrace/sctrace.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace {

namespace asio = boost::asio;
using asio::any_io_executor;
using boost::system::error_code;
using boost::system::system_error;
using io_executor = asio::io_context::executor_type;
using sctrace::test::entry_pair;
using sctrace::test::read_one;

/// What every I/O object has.
template <template <class> class Basic, class Alias>
constexpr bool is_io_object()
{
    using rebound = typename Alias::template rebind_executor<io_executor>::other;
    static_assert(std::is_same_v<Alias, Basic<any_io_executor>>);
    static_assert(std::is_same_v<typename Alias::executor_type, any_io_executor>);
    static_assert(std::is_same_v<rebound, Basic<io_executor>>);
    static_assert(std::is_constructible_v<Alias, asio::io_context&>);
    static_assert(std::is_constructible_v<Alias, asio::thread_pool&>);
    static_assert(std::is_constructible_v<Alias, any_io_executor>);
    static_assert(std::is_constructible_v<Alias, io_executor>);
    static_assert(std::is_constructible_v<rebound, asio::io_context&>);
    static_assert(!std::is_convertible_v<asio::io_context&, Alias>);
    static_assert(!std::is_copy_constructible_v<Alias> && !std::is_copy_assignable_v<Alias>);
    static_assert(std::is_nothrow_move_constructible_v<Alias>);
    static_assert(std::is_nothrow_move_constructible_v<rebound>);
    static_assert(std::is_nothrow_destructible_v<Alias>);
    static_assert(std::is_move_assignable_v<Alias>);
    static_assert(noexcept(std::declval<const Alias&>().get_executor()));
    static_assert(requires(Alias & object) { object.cancel(); });
    return true;
}

/// What there is besides where one thing is open at a time.
template <class Alias>
constexpr bool opens_and_closes()
{
    using rebound = typename Alias::template rebind_executor<io_executor>::other;
    static_assert(std::is_constructible_v<Alias, rebound>);
    static_assert(std::is_assignable_v<Alias&, rebound>);
    static_assert(!std::is_constructible_v<rebound, Alias>);
    static_assert(requires(Alias & object, error_code & ec) {
        object.close();
        object.close(ec);
        object.cancel(ec);
        {
            object.is_open()
        }
        noexcept->std::same_as<bool>;
    });
    return true;
}

/// What wraps a descriptor.
template <class Alias>
constexpr bool wraps_a_descriptor()
{
    static_assert(std::is_constructible_v<Alias, any_io_executor, int>);
    static_assert(std::is_constructible_v<Alias, asio::io_context&, int>);
    static_assert(requires(Alias & object, error_code & ec) {
        object.assign(0);
        object.assign(0, ec);
        {
            object.native_handle()
            } -> std::same_as<int>;
        {
            object.release()
            } -> std::same_as<int>;
    });
    return opens_and_closes<Alias>();
}

template <class Executor>
using plain_kmsg_source = sctrace::basic_kmsg_source<Executor>;
template <class Executor>
using plain_aggregator = sctrace::basic_aggregator<Executor>;
template <class Executor>
using plain_recorder = sctrace::basic_recorder<Executor>;
template <class Executor>
using plain_watcher = sctrace::basic_watcher<Executor>;

static_assert(is_io_object<plain_kmsg_source, sctrace::kmsg_source>());
static_assert(is_io_object<sctrace::basic_audit_source, sctrace::audit_source>());
static_assert(is_io_object<sctrace::basic_fork_source, sctrace::fork_source>());
static_assert(is_io_object<sctrace::basic_replay_source, sctrace::replay_source>());
static_assert(is_io_object<plain_aggregator, sctrace::aggregator>());
static_assert(is_io_object<plain_recorder, sctrace::recorder>());
static_assert(is_io_object<plain_watcher, sctrace::watcher>());
static_assert(is_io_object<sctrace::basic_replayer, sctrace::replayer>());
static_assert(is_io_object<sctrace::basic_child, sctrace::child>());

static_assert(wraps_a_descriptor<sctrace::kmsg_source>());
static_assert(wraps_a_descriptor<sctrace::audit_source>());
static_assert(wraps_a_descriptor<sctrace::fork_source>());
static_assert(opens_and_closes<sctrace::replay_source>());
static_assert(opens_and_closes<sctrace::child>());

static_assert(sctrace::record_source<sctrace::kmsg_source>);
static_assert(sctrace::record_source<sctrace::audit_source>);
static_assert(sctrace::record_source<sctrace::replay_source>);

using on_descriptors =
    std::tuple<sctrace::test::kmsg_read, sctrace::test::audit_read, sctrace::test::fork_read>;
using that_open = std::tuple<sctrace::test::kmsg_read, sctrace::test::audit_read, sctrace::test::fork_read,
                             sctrace::test::replay_read, sctrace::test::child_wait>;

bool is_open_descriptor(int descriptor)
{
    return ::fcntl(descriptor, F_GETFD) >= 0;
}

bool is_non_blocking(int descriptor)
{
    return (::fcntl(descriptor, F_GETFL) & O_NONBLOCK) != 0;
}

} // namespace

BOOST_AUTO_TEST_SUITE(io_objects)

BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_not_open_says_so, Operation, that_open)
{
    sctrace::test::workbench<Operation> bench;
    auto& object = *bench.subject.object;
    BOOST_TEST(object.is_open());
    object.close();
    BOOST_TEST(!object.is_open());
    object.close();
    object.cancel();
    error_code ec = asio::error::eof;
    object.close(ec);
    BOOST_TEST(!ec);
    object.cancel(ec);
    BOOST_TEST((ec == asio::error::bad_descriptor));
    sctrace::test::begin<Operation>(bench.subject, bench.on_end());
    BOOST_TEST(bench.completions == 0);
    bench.context.run();
    BOOST_REQUIRE(bench.completions == 1);
    BOOST_TEST((bench.error() == asio::error::bad_descriptor ||
                bench.error() == boost::system::errc::no_child_process));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(closing_ends_what_is_outstanding, Operation, that_open)
{
    sctrace::test::workbench<Operation> bench;
    sctrace::test::begin<Operation>(bench.subject, bench.on_end());
    bench.context.get().poll();
    bench.subject.object->close();
    bench.context.run();
    BOOST_TEST((bench.error() == asio::error::operation_aborted));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_was_moved_from_can_be_used_again, Operation, that_open)
{
    sctrace::test::workbench<Operation> bench;
    auto& object = *bench.subject.object;
    auto other = std::move(object);
    BOOST_TEST(!object.is_open());
    BOOST_TEST(other.is_open());
    BOOST_TEST((object.get_executor() == other.get_executor()));
    object = std::move(other);
    sctrace::test::begin<Operation>(bench.subject, bench.on_end());
    bench.finish();
}

/// An object that knows its executor becomes one that knows any.
BOOST_AUTO_TEST_CASE_TEMPLATE(another_kind_of_executor_takes_over, Operation, that_open)
{
    using any_object = typename sctrace::test::subject_of<Operation>::object_type;
    sctrace::test::workbench<Operation, io_executor> bench;
    sctrace::test::workbench<Operation> general;
    constexpr bool may_be_outstanding = !std::is_same_v<Operation, sctrace::test::replay_read>;
    if (may_be_outstanding) {
        bench.subject.start(bench.on_end());
        bench.context.get().poll();
    }
    any_object taken(std::move(*bench.subject.object));
    BOOST_TEST(!bench.subject.object->is_open());
    BOOST_TEST(taken.is_open());
    bench.context.run();
    if (may_be_outstanding) {
        BOOST_TEST((bench.error() == asio::error::operation_aborted));
    }
    *general.subject.object = std::move(taken);
    sctrace::test::begin<Operation>(general.subject, [](const auto&...) {});
    bench.context.get().poll();
    general.subject.object->close();
    bench.context.run();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_descriptor_is_assigned_and_released, Operation, on_descriptors)
{
    sctrace::test::workbench<Operation> bench;
    auto& object = *bench.subject.object;
    const int descriptor = object.native_handle();
    BOOST_TEST(is_non_blocking(descriptor));
    sctrace::test::begin<Operation>(bench.subject, bench.on_end());
    bench.context.get().poll();
    BOOST_TEST(object.release() == descriptor);
    BOOST_TEST(object.native_handle() == -1);
    BOOST_TEST(object.release() == -1);
    bench.context.run();
    BOOST_TEST((bench.error() == asio::error::operation_aborted));
    BOOST_TEST(is_open_descriptor(descriptor));

    error_code ec = asio::error::eof;
    object.assign(descriptor, ec);
    BOOST_TEST(!ec);
    bench.completions = 0;
    sctrace::test::begin<Operation>(bench.subject, bench.on_end());
    bench.finish();
    object.close();
    BOOST_TEST(!is_open_descriptor(descriptor));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_descriptor_that_is_none_is_refused, Operation, on_descriptors)
{
    sctrace::test::workbench<Operation> bench;
    auto& object = *bench.subject.object;
    error_code ec;
    object.assign(-1, ec);
    BOOST_TEST((ec == asio::error::bad_descriptor));
    BOOST_TEST(!object.is_open());
    BOOST_CHECK_EXCEPTION(object.assign(-1), system_error,
                          [](const system_error& e) { return e.code() == asio::error::bad_descriptor; });
    using object_type = std::remove_reference_t<decltype(object)>;
    BOOST_CHECK_THROW(object_type(bench.context.get(), -1), system_error);
}

BOOST_AUTO_TEST_CASE(opening_fails_with_a_code_with_words_or_with_an_exception)
{
    sctrace::test::checked_context context;
    sctrace::kmsg_source source(context.get());
    const std::string missing = "/nowhere/kmsg";
    error_code ec;
    source.open(missing, sctrace::kmsg_start::end, ec);
    BOOST_TEST((ec == boost::system::errc::no_such_file_or_directory));
    BOOST_CHECK_EXCEPTION(source.open(missing).value(), system_error, [&](const system_error& e) {
        return e.code() == ec && std::string(e.what()).find(missing) != std::string::npos;
    });
    source.open("/dev/null", sctrace::kmsg_start::end, ec);
    BOOST_TEST(!ec);
    BOOST_TEST(source.is_open());

    sctrace::replay_source log(context.get());
    log.open(missing, sctrace::log_format::automatic, ec);
    BOOST_TEST((ec == boost::system::errc::no_such_file_or_directory));
    BOOST_CHECK_THROW(log.open(missing).value(), system_error);
    log.assign(-1, "none", sctrace::log_format::automatic, ec);
    BOOST_TEST(ec.failed());
    context.run();
}

/// A full batch leaves messages in the reader, which go along with the source.
BOOST_AUTO_TEST_CASE(what_was_received_goes_along_with_a_moved_source)
{
    sctrace::test::checked_context context;
    sctrace::test::subject_of<sctrace::test::audit_read> subject(context.get_executor());
    constexpr std::size_t count = 20;
    for (std::size_t i = 0; i < count; ++i) {
        subject.feed();
    }
    sctrace::record_batch batch(4, std::size_t{64} * 1024);
    std::size_t messages = read_one(context, *subject.object, batch).messages;
    sctrace::audit_source other(std::move(*subject.object));
    while (messages < count) {
        const auto read = read_one(context, other, batch);
        BOOST_REQUIRE(!read.ec);
        messages += read.messages;
    }
    BOOST_TEST(messages == count);
}

BOOST_AUTO_TEST_SUITE_END()

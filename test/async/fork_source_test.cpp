#include "async/context.hpp"
#include "async/entry_pair.hpp"

#include <sctrace/fork_source.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using sctrace::process_event;
using sctrace::process_event_batch;

constexpr std::uint32_t answer = 0;
constexpr std::uint32_t fork_event = 1;
constexpr std::uint32_t exec_event = 2;
constexpr std::uint32_t exit_event = 0x80000000;

template <class T>
void append_bytes(std::string& to, const T& value)
{
    std::array<char, sizeof value> bytes;
    std::memcpy(bytes.data(), &value, sizeof value);
    to.append(bytes.data(), bytes.size());
}

/// A message as the kernel sends it: the headers, then kind, CPU, time and what the kind needs.
std::string message(std::uint32_t kind, std::uint64_t time, std::array<std::int32_t, 6> rest,
                    cb_id id = {CN_IDX_PROC, CN_VAL_PROC})
{
    std::string bytes;
    append_bytes(bytes, nlmsghdr{76, NLMSG_DONE, 0, 0, 0});
    append_bytes(bytes, id);
    append_bytes(bytes, std::array<std::uint32_t, 2>{1, 0});
    append_bytes(bytes, std::array<std::uint16_t, 2>{sizeof(proc_event), 0});
    append_bytes(bytes, kind);
    append_bytes(bytes, std::uint32_t{0});
    append_bytes(bytes, time);
    append_bytes(bytes, rest);
    return bytes;
}

std::string birth(pid_t parent, pid_t child)
{
    return message(fork_event, 1000, {parent, parent, child, child, 0, 0});
}

struct with_pair {
    sctrace::test::checked_context context;
    sctrace::test::entry_pair pair;
    sctrace::fork_source source{context.get_executor()};
    process_event_batch batch;

    with_pair() { source.assign(pair.take_reader()); }
    ~with_pair()
    {
        source.close();
        context.run();
    }

    std::pair<error_code, std::size_t> read()
    {
        std::optional<std::pair<error_code, std::size_t>> result;
        source.async_read_events(batch, [&](error_code ec, std::size_t n) { result.emplace(ec, n); });
        BOOST_REQUIRE(context.run_until([&] { return result.has_value(); }));
        return *result;
    }

    void read_events(std::size_t count)
    {
        const auto [ec, events] = read();
        BOOST_TEST(!ec);
        BOOST_TEST(events == count);
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(fork_source, with_pair)

BOOST_AUTO_TEST_CASE(every_field_is_taken_from_its_place)
{
    BOOST_REQUIRE(pair.write(message(fork_event, 5'000'000'001, {11, 10, 21, 20, 0, 0})));
    BOOST_REQUIRE(pair.write(message(exit_event, 5'000'000'002, {21, 20, 256, 17, 11, 10})));
    read_events(2);
    BOOST_REQUIRE(batch.events.size() == 2U);
    const process_event& began = batch.events[0];
    BOOST_TEST((began.what == process_event::kind::fork));
    BOOST_TEST(began.time.count() == 5'000'000'001);
    BOOST_TEST(began.process == 20);
    BOOST_TEST(began.thread == 21);
    BOOST_TEST(began.parent == 10);
    const process_event& ended = batch.events[1];
    BOOST_TEST((ended.what == process_event::kind::exit));
    BOOST_TEST(ended.time.count() == 5'000'000'002);
    BOOST_TEST(ended.process == 20);
    BOOST_TEST(ended.thread == 21);
    BOOST_TEST(ended.parent == 10);
    BOOST_TEST(batch.overruns == 0U);
}

BOOST_AUTO_TEST_CASE(events_of_other_kinds_and_other_connectors_are_passed_over)
{
    BOOST_REQUIRE(pair.write(message(exec_event, 1, {10, 10, 0, 0, 0, 0})));
    BOOST_REQUIRE(pair.write(message(answer, 1, {})));
    BOOST_REQUIRE(pair.write(message(fork_event, 1, {1, 1, 2, 2, 0, 0}, {CN_IDX_PROC + 1, CN_VAL_PROC})));
    BOOST_REQUIRE(pair.write(message(fork_event, 1, {1, 1, 2, 2, 0, 0}, {CN_IDX_PROC, CN_VAL_PROC + 1})));
    BOOST_REQUIRE(pair.write("short"));
    BOOST_REQUIRE(pair.write(birth(10, 11)));
    read_events(1);
    BOOST_REQUIRE(batch.events.size() == 1U);
    BOOST_TEST(batch.events[0].process == 11);
    BOOST_TEST(batch.overruns == 0U);
}

BOOST_AUTO_TEST_CASE(an_event_that_is_too_short_to_be_read_is_a_missing_one)
{
    const std::string whole = birth(10, 11);
    BOOST_REQUIRE(pair.write(whole.substr(0, whole.size() - 1)));
    read_events(0);
    BOOST_TEST(batch.events.empty());
    BOOST_TEST(batch.overruns == 1U);
}

BOOST_AUTO_TEST_CASE(what_a_later_kernel_puts_behind_an_event_is_passed_over)
{
    BOOST_REQUIRE(pair.write(birth(10, 11) + std::string(1000, 'x')));
    read_events(1);
    BOOST_TEST(batch.events.at(0).process == 11);
}

BOOST_AUTO_TEST_CASE(many_events_come_in_order_and_are_appended)
{
    constexpr pid_t count = 200;
    for (pid_t i = 0; i < count; ++i) {
        BOOST_REQUIRE(pair.write(birth(10, 1000 + i)));
    }
    read_events(count);
    BOOST_REQUIRE(pair.write(birth(10, 1000 + count)));
    read_events(1);
    BOOST_REQUIRE(batch.events.size() == count + 1U);
    for (pid_t i = 0; i <= count; ++i) {
        BOOST_TEST(batch.events[static_cast<std::size_t>(i)].process == 1000 + i);
    }
}

BOOST_AUTO_TEST_CASE(what_is_there_is_read_without_waiting)
{
    BOOST_TEST(!source.read_available(batch));
    BOOST_TEST(batch.events.empty());
    BOOST_REQUIRE(pair.write(birth(10, 11)));
    BOOST_TEST(!source.read_available(batch));
    BOOST_TEST(batch.events.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_waiting_read_goes_on_when_its_events_are_taken_away)
{
    std::optional<std::size_t> count;
    process_event_batch awaited;
    source.async_read_events(awaited, [&](error_code, std::size_t n) { count = n; });
    context.get().poll();
    BOOST_REQUIRE(pair.write(birth(10, 11)));
    BOOST_TEST(!source.read_available(batch));
    BOOST_TEST(batch.events.size() == 1U);
    context.get().poll();
    BOOST_TEST(!count.has_value());
    BOOST_REQUIRE(pair.write(birth(10, 12)));
    BOOST_REQUIRE(context.run_until([&] { return count.has_value(); }));
    BOOST_TEST(*count == 1U);
    BOOST_TEST(awaited.events.at(0).process == 12);
}

BOOST_AUTO_TEST_CASE(both_ways_to_read_can_share_a_batch)
{
    BOOST_REQUIRE(pair.write(birth(10, 11)));
    std::optional<std::size_t> count;
    source.async_read_events(batch, [&](error_code, std::size_t n) { count = n; });
    BOOST_REQUIRE(pair.write(birth(10, 12)));
    BOOST_TEST(!source.read_available(batch));
    BOOST_REQUIRE(context.run_until([&] { return count.has_value(); }));
    BOOST_TEST(*count == 1U);
    BOOST_TEST(batch.events.size() == 2U);
    BOOST_TEST(batch.events.at(0).process == 11);
}

BOOST_AUTO_TEST_CASE(a_handler_never_runs_within_the_initiation)
{
    BOOST_REQUIRE(pair.write(birth(10, 11)));
    bool initiating = true;
    bool inside = true;
    source.async_read_events(batch, [&](error_code, std::size_t) { inside = initiating; });
    initiating = false;
    context.run();
    BOOST_TEST(!inside);
}

BOOST_AUTO_TEST_CASE(a_waiting_read_can_be_cancelled_in_every_way_and_loses_nothing)
{
    using asio::cancellation_type;
    for (const auto how :
         {cancellation_type::terminal, cancellation_type::partial, cancellation_type::total}) {
        asio::cancellation_signal signal;
        std::optional<error_code> result;
        const auto handler = [&](error_code ec, std::size_t) { result = ec; };
        source.async_read_events(batch, asio::bind_cancellation_slot(signal.slot(), handler));
        context.get().restart();
        context.get().poll();
        BOOST_TEST(!result.has_value());
        signal.emit(how);
        BOOST_REQUIRE(context.run_until([&] { return result.has_value(); }));
        BOOST_TEST((*result == asio::error::operation_aborted));
    }
    BOOST_REQUIRE(pair.write(birth(10, 11)));
    read_events(1);
}

BOOST_AUTO_TEST_CASE(cancelled_after_its_start_a_read_still_brings_what_it_found)
{
    BOOST_REQUIRE(pair.write(birth(10, 11)));
    asio::cancellation_signal signal;
    std::optional<error_code> result;
    const auto handler = [&](error_code ec, std::size_t) { result = ec; };
    source.async_read_events(batch, asio::bind_cancellation_slot(signal.slot(), handler));
    signal.emit(asio::cancellation_type::total);
    BOOST_REQUIRE(context.run_until([&] { return result.has_value(); }));
    BOOST_TEST(!*result);
    BOOST_TEST(batch.events.size() == 1U);
}

BOOST_AUTO_TEST_CASE(cancel_and_close_end_a_waiting_read)
{
    for (const bool close : {false, true}) {
        std::optional<error_code> result;
        source.async_read_events(batch, [&](error_code ec, std::size_t) { result = ec; });
        close ? source.close() : source.cancel();
        BOOST_TEST(source.is_open() == !close);
        BOOST_REQUIRE(context.run_until([&] { return result.has_value(); }));
        BOOST_TEST((*result == asio::error::operation_aborted));
    }
}

BOOST_AUTO_TEST_CASE(destroyed_with_a_read_outstanding_the_source_completes_it)
{
    std::optional<error_code> result;
    {
        sctrace::fork_source mine(std::move(source));
        BOOST_TEST(!source.is_open());
        mine.async_read_events(batch, [&](error_code ec, std::size_t) { result = ec; });
        context.get().poll();
    }
    BOOST_REQUIRE(context.run_until([&] { return result.has_value(); }));
    BOOST_TEST((*result == asio::error::operation_aborted));
}

BOOST_AUTO_TEST_CASE(a_context_can_be_destroyed_with_a_read_outstanding)
{
    sctrace::test::entry_pair other;
    bool called = false;
    {
        asio::io_context short_lived;
        sctrace::fork_source mine(short_lived);
        mine.assign(other.take_reader());
        mine.async_read_events(batch, [&](error_code, std::size_t) { called = true; });
        short_lived.poll();
    }
    BOOST_TEST(!called);
}

BOOST_AUTO_TEST_CASE(the_other_ends_closing_is_an_error_that_hides_no_event)
{
    BOOST_REQUIRE(pair.write(birth(10, 11)));
    pair.close_writer();
    const auto [ec, events] = read();
    BOOST_TEST((ec == asio::error::not_connected));
    BOOST_TEST(events == 1U);
    BOOST_TEST(batch.events.at(0).process == 11);
    BOOST_TEST((source.read_available(batch) == asio::error::not_connected));
}

BOOST_AUTO_TEST_CASE(reading_a_closed_source_is_an_error)
{
    source.close();
    BOOST_TEST((source.read_available(batch) == asio::error::bad_descriptor));
    const auto [ec, events] = read();
    BOOST_TEST((ec == asio::error::bad_descriptor));
    BOOST_TEST(events == 0U);
}

BOOST_AUTO_TEST_CASE(a_source_that_is_assigned_over_closes_what_it_had)
{
    std::optional<error_code> result;
    source.async_read_events(batch, [&](error_code ec, std::size_t) { result = ec; });
    sctrace::test::entry_pair other;
    sctrace::fork_source replacement(context.get_executor());
    replacement.assign(other.take_reader());
    source = std::move(replacement);
    BOOST_TEST(source.is_open());
    BOOST_TEST(!replacement.is_open());
    BOOST_REQUIRE(context.run_until([&] { return result.has_value(); }));
    BOOST_TEST((*result == asio::error::operation_aborted));
    BOOST_REQUIRE(other.write(birth(10, 12)));
    read_events(1);
}

BOOST_AUTO_TEST_CASE(without_a_token_a_read_is_deferred)
{
    BOOST_REQUIRE(pair.write(birth(10, 11)));
    auto deferred = source.async_read_events(batch);
    BOOST_TEST(batch.events.empty());
    std::optional<std::size_t> count;
    std::move(deferred)([&](error_code, std::size_t n) { count = n; });
    BOOST_REQUIRE(context.run_until([&] { return count.has_value(); }));
    BOOST_TEST(*count == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

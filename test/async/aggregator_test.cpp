#include "async/context.hpp"
#include "common/temporary_folder.hpp"
#include "common/virtual_clock.hpp"

#include <sctrace/aggregator.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using sctrace::architecture;
using sctrace::syscall_key;
using sctrace::trace_file;
using sctrace::test::read_file;
using sctrace::test::virtual_clock;

const architecture x86_64(0xc000003e);

struct with_file {
    sctrace::test::checked_context context;
    sctrace::test::temporary_folder folder;
    std::string path = folder.file("trace");

    sctrace::aggregator_options options() const { return {*trace_file::prepare(path), x86_64}; }

    template <class Aggregator>
    void add(Aggregator& a, const std::vector<syscall_key>& calls)
    {
        bool done = false;
        a.async_add(calls, [&](error_code ec) { done = !ec; });
        BOOST_REQUIRE(context.run_until([&] { return done; }));
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(aggregator, with_file)

BOOST_AUTO_TEST_CASE(calls_are_counted_and_flushed)
{
    sctrace::aggregator a(context.get(), options());
    add(a, {{x86_64, 0}, {x86_64, 1}, {x86_64, 0}});
    std::optional<error_code> flushed;
    a.async_flush(trace_file::durability::final, [&](error_code ec, const std::string&) { flushed = ec; });
    context.run();
    BOOST_REQUIRE(flushed.has_value());
    BOOST_TEST(!*flushed);
    BOOST_TEST(read_file(path) == "{\"syscall\":0,\"name\":\"read\",\"count\":2}\n"
                                  "{\"syscall\":1,\"name\":\"write\",\"count\":1}\n");
}

BOOST_AUTO_TEST_CASE(a_final_flush_of_nothing_writes_an_empty_trace)
{
    sctrace::aggregator a(context.get(), options());
    a.async_flush(trace_file::durability::final, [](error_code, const std::string&) {});
    context.run();
    BOOST_TEST(std::filesystem::exists(path));
    BOOST_TEST(read_file(path).empty());
}

BOOST_AUTO_TEST_CASE(a_flush_that_fails_says_why)
{
    sctrace::aggregator a(context.get(), options());
    std::filesystem::create_directory(path);
    std::string message;
    a.async_flush(trace_file::durability::final, [&](error_code ec, const std::string& m) {
        BOOST_TEST(bool(ec));
        message = m;
    });
    context.run();
    BOOST_TEST(message.find(path) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_trace_is_added_as_a_whole)
{
    sctrace::aggregator a(context.get(), options());
    add(a, {{x86_64, 0}});
    sctrace::trace more;
    more.add({x86_64, 0}, 41);
    more.add({x86_64, 1}, 2);
    a.async_merge(more, [](error_code ec) { BOOST_TEST(!ec); });
    a.async_flush(trace_file::durability::final, [](error_code ec, const std::string&) { BOOST_TEST(!ec); });
    context.run();
    BOOST_TEST(read_file(path) == "{\"syscall\":0,\"name\":\"read\",\"count\":42}\n"
                                  "{\"syscall\":1,\"name\":\"write\",\"count\":2}\n");
}

BOOST_AUTO_TEST_CASE(a_trace_that_makes_a_sum_too_large_changes_nothing)
{
    sctrace::aggregator a(context.get());
    add(a, {{x86_64, 0}});
    sctrace::trace more;
    more.add({x86_64, 1}, std::numeric_limits<std::uint64_t>::max());
    std::uint64_t total = 0;
    a.async_merge(more, [](error_code ec) { BOOST_TEST((ec == sctrace::error::count_overflow)); });
    a.async_snapshot([&](error_code, const sctrace::trace& t) { total = t.total(); });
    context.run();
    BOOST_TEST(total == 1U);
}

BOOST_AUTO_TEST_CASE(without_a_file_nothing_is_written)
{
    sctrace::aggregator a(context.get());
    add(a, {{x86_64, 0}});
    std::uint64_t total = 0;
    a.async_flush(trace_file::durability::final, [](error_code ec, const std::string&) { BOOST_TEST(!ec); });
    a.async_snapshot([&](error_code, const sctrace::trace& t) { total = t.total(); });
    context.run();
    BOOST_TEST(total == 1U);
    BOOST_TEST(!std::filesystem::exists(path));
}

BOOST_AUTO_TEST_CASE(handlers_run_on_their_own_executor_and_not_inside_the_initiation)
{
    sctrace::aggregator a(context.get());
    auto strand = asio::make_strand(context.get_executor());
    bool on_strand = false;
    bool initiating = true;
    a.async_add({}, asio::bind_executor(strand, [&](error_code) {
                    on_strand = strand.running_in_this_thread();
                    BOOST_TEST(!initiating);
                }));
    initiating = false;
    context.run();
    BOOST_TEST(on_strand);
}

BOOST_AUTO_TEST_CASE(operations_outlive_the_object)
{
    int completed = 0;
    {
        sctrace::aggregator a(context.get(), options());
        a.async_flush(trace_file::durability::final,
                      [&](error_code ec, const std::string&) { completed += !ec; });
        a.async_snapshot([&](error_code, const sctrace::trace&) { ++completed; });
    }
    context.run();
    BOOST_TEST(completed == 2);
}

BOOST_AUTO_TEST_CASE(the_interval_is_kept_by_the_clock)
{
    using namespace std::chrono_literals;
    sctrace::basic_aggregator<asio::any_io_executor, virtual_clock> a(context.get_executor(), options());
    asio::cancellation_signal stop;
    std::optional<error_code> ended;
    a.async_flush_every(5s, asio::bind_cancellation_slot(stop.slot(), [&](error_code ec) { ended = ec; }));
    add(a, {{x86_64, 0}});
    BOOST_TEST(!std::filesystem::exists(path));

    virtual_clock::advance(4999ms);
    context.get().poll();
    BOOST_TEST(!std::filesystem::exists(path));
    virtual_clock::advance(1ms);
    BOOST_TEST(context.run_until([&] { return std::filesystem::exists(path); }));
    BOOST_TEST(read_file(path).find("\"count\":1}") != std::string::npos);

    add(a, {{x86_64, 0}});
    virtual_clock::advance(5s);
    BOOST_TEST(context.run_until([&] { return read_file(path).find("\"count\":2}") != std::string::npos; }));
    BOOST_TEST(!ended.has_value());
    stop.emit(asio::cancellation_type::total);
    context.run();
    BOOST_REQUIRE(ended.has_value());
    BOOST_TEST((*ended == asio::error::operation_aborted));
}

BOOST_AUTO_TEST_CASE(unchanged_counts_are_not_written_again)
{
    using namespace std::chrono_literals;
    sctrace::basic_aggregator<asio::any_io_executor, virtual_clock> a(context.get_executor(), options());
    asio::cancellation_signal stop;
    a.async_flush_every(1s, asio::bind_cancellation_slot(stop.slot(), [](error_code) {}));
    virtual_clock::advance(1s);
    BOOST_TEST(context.run_until([&] { return std::filesystem::exists(path); }));
    std::filesystem::remove(path);
    virtual_clock::advance(1s);
    for (int i = 0; i < 20; ++i) {
        context.get().run_one_for(5ms);
    }
    BOOST_TEST(!std::filesystem::exists(path));
    add(a, {{x86_64, 0}});
    virtual_clock::advance(1s);
    BOOST_TEST(context.run_until([&] { return std::filesystem::exists(path); }));
    stop.emit(asio::cancellation_type::terminal);
    context.run();
}

BOOST_AUTO_TEST_SUITE_END()

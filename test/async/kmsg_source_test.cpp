#include "async/context.hpp"
#include "async/entry_pair.hpp"
#include "async/failing_stream.hpp"
#include "async/read_one.hpp"
#include "common/temporary_folder.hpp"

#include <sctrace/kmsg_source.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace {

namespace asio = boost::asio;
namespace data = boost::unit_test::data;
using boost::system::error_code;
using sctrace::record_batch;
using sctrace::test::entry;
using sctrace::test::failing_stream;
using sctrace::test::outcome;
using sctrace::test::read_one;

struct with_pair {
    sctrace::test::checked_context context;
    sctrace::test::entry_pair pair;
    sctrace::kmsg_source source{context.get_executor(), pair.take_reader()};
    record_batch batch{64, std::size_t{64} * 1024};

    ~with_pair()
    {
        source.close();
        context.run();
    }
};

} // namespace

namespace sctrace::test {

/// Reads a script to its end and gives back the messages, the losses and the error that ended it.
struct script_result {
    std::vector<std::string> texts;
    source_losses losses;
    boost::system::error_code end;
};

/// Starts to read a batch from a device.
template <class Device, class Handler>
void read_batch(checked_context& context, const std::shared_ptr<Device>& device, record_batch& batch,
                Handler& done)
{
    boost::asio::async_compose<Handler&, void(boost::system::error_code, std::size_t)>(
        detail::retry_op(device, detail::read_kmsg_batch(batch)), done, context.get_executor());
}

script_result run_script(std::deque<failing_stream::step> steps)
{
    checked_context context;
    const auto device = std::make_shared<detail::shared_device<failing_stream, detail::kmsg_reader>>(
        failing_stream(context.get_executor()), detail::kmsg_reader(false));
    record_batch batch;
    device->stream.script() = std::move(steps);
    script_result result;
    for (bool ended = false; !ended;) {
        bool completed = false;
        auto done = [&](boost::system::error_code ec, std::size_t) {
            completed = true;
            ended = bool(ec);
            result.end = ec;
        };
        read_batch(context, device, batch, done);
        BOOST_REQUIRE(context.run_until([&] { return completed; }));
        for (const auto& m : batch.messages()) {
            result.texts.emplace_back(m.text);
        }
        result.losses.overwritten += batch.losses().overwritten;
        result.losses.malformed += batch.losses().malformed;
    }
    context.run();
    return result;
}

} // namespace sctrace::test

BOOST_FIXTURE_TEST_SUITE(kmsg_source, with_pair)

BOOST_AUTO_TEST_CASE(a_burst_is_one_batch)
{
    for (int i = 0; i < 10; ++i) {
        BOOST_REQUIRE(pair.write(entry(static_cast<std::uint64_t>(i), "text " + std::to_string(i))));
    }
    const auto read = read_one(context, source, batch);
    BOOST_TEST(!read.ec);
    BOOST_TEST(read.messages == 10U);
    BOOST_TEST(batch.messages()[9].text == "text 9");
    BOOST_TEST(!source.is_kernel());
}

BOOST_AUTO_TEST_CASE(a_full_batch_leaves_the_rest_for_the_next)
{
    for (int i = 0; i < 100; ++i) {
        BOOST_REQUIRE(pair.write(entry(static_cast<std::uint64_t>(i), "x")));
    }
    BOOST_TEST(read_one(context, source, batch).messages == 64U);
    BOOST_TEST(read_one(context, source, batch).messages == 36U);
}

BOOST_AUTO_TEST_CASE(foreign_entries_alone_complete_nothing)
{
    bool completed = false;
    source.async_read_batch(batch, [&](error_code, std::size_t) { completed = true; });
    BOOST_REQUIRE(pair.write(entry(1, "written by a user", 13)));
    context.get().poll();
    BOOST_TEST(!completed);
    BOOST_REQUIRE(pair.write(entry(2, "the kernel's")));
    BOOST_TEST(context.run_until([&] { return completed; }));
    BOOST_TEST(batch.messages().size() == 1U);
}

BOOST_AUTO_TEST_CASE(foreign_entries_use_up_no_room)
{
    // Many times what the batch can hold.
    std::optional<std::size_t> messages;
    source.async_read_batch(batch, [&](error_code, std::size_t n) { messages = n; });
    for (std::uint64_t i = 0; i < 200; ++i) {
        BOOST_REQUIRE(pair.write(entry(i, std::string(4000, 'x'), 13)));
        context.get().poll();
    }
    BOOST_TEST(!messages.has_value());
    BOOST_REQUIRE(pair.write(entry(200, std::string(4000, 'k'))));
    BOOST_REQUIRE(context.run_until([&] { return messages.has_value(); }));
    BOOST_TEST(*messages == 1U);
}

BOOST_AUTO_TEST_CASE(an_entry_of_the_greatest_length_fits)
{
    const auto header = entry(1, "");
    const std::string text(sctrace::detail::kmsg_reader::max_entry - header.size(), 'x');
    BOOST_REQUIRE(pair.write(entry(1, text)));
    BOOST_TEST(read_one(context, source, batch).messages == 1U);
    BOOST_TEST(batch.messages()[0].text.size() == text.size());
}

BOOST_AUTO_TEST_CASE(the_end_is_told_after_the_last_messages)
{
    BOOST_REQUIRE(pair.write(entry(1, "last")));
    pair.close_writer();
    BOOST_TEST(read_one(context, source, batch).messages == 1U);
    BOOST_TEST((read_one(context, source, batch).ec == asio::error::eof));
}

BOOST_DATA_TEST_CASE(a_waiting_read_is_cancelled_at_once, data::xrange(3), which)
{
    const asio::cancellation_type types[] = {
        asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total};
    asio::cancellation_signal signal;
    std::optional<error_code> result;
    source.async_read_batch(
        batch, asio::bind_cancellation_slot(signal.slot(), [&](error_code ec, std::size_t) { result = ec; }));
    context.get().poll();
    BOOST_TEST(!result.has_value());
    signal.emit(types[which]);
    BOOST_REQUIRE(context.run_until([&] { return result.has_value(); }));
    BOOST_TEST((*result == asio::error::operation_aborted));
    BOOST_REQUIRE(pair.write(entry(1, "still there")));
    BOOST_TEST(read_one(context, source, batch).messages == 1U);
}

BOOST_AUTO_TEST_CASE(closing_ends_a_waiting_read)
{
    std::optional<error_code> result;
    source.async_read_batch(batch, [&](error_code ec, std::size_t) { result = ec; });
    context.get().poll();
    source.close();
    BOOST_REQUIRE(context.run_until([&] { return result.has_value(); }));
    BOOST_TEST((*result == asio::error::operation_aborted));
}

BOOST_AUTO_TEST_CASE(a_moved_source_reads_on)
{
    sctrace::kmsg_source other(std::move(source));
    BOOST_REQUIRE(pair.write(entry(1, "x")));
    BOOST_TEST(read_one(context, other, batch).messages == 1U);
    other.close();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(kmsg_source_faults)

using sctrace::test::run_script;

BOOST_DATA_TEST_CASE(a_failure_that_passes_costs_no_message, data::make({EPIPE, EINVAL, EINTR, EAGAIN}),
                     error)
{
    const std::vector<std::string> all{"a", "b", "c"};
    for (std::size_t at = 0; at <= all.size(); ++at) {
        std::deque<failing_stream::step> steps;
        for (std::size_t i = 0; i < all.size(); ++i) {
            steps.push_back(failing_stream::gives(entry(i + 1, all[i])));
        }
        steps.insert(steps.begin() + static_cast<std::ptrdiff_t>(at), failing_stream::fails(error));
        BOOST_TEST_CONTEXT("at " << at)
        {
            const auto result = run_script(std::move(steps));
            BOOST_TEST(result.texts == all, boost::test_tools::per_element());
            BOOST_TEST((result.end == asio::error::eof));
            // Only the very first entry can be gone without a sequence number that shows it.
            BOOST_TEST(result.losses.overwritten == (error == EPIPE && at == 0 ? 1U : 0U));
            BOOST_TEST(result.losses.malformed == (error == EINVAL ? 1U : 0U));
        }
    }
}

BOOST_AUTO_TEST_CASE(an_overwritten_stretch_is_counted_from_the_sequence)
{
    const auto result = run_script({failing_stream::gives(entry(1, "a")), failing_stream::fails(EPIPE),
                                    failing_stream::gives(entry(11, "b"))});
    BOOST_TEST(result.losses.overwritten == 9U);
    BOOST_TEST(result.texts.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_device_that_rejects_every_read_ends_with_its_error)
{
    std::deque<failing_stream::step> steps(10, failing_stream::fails(EINVAL));
    BOOST_TEST(run_script(std::move(steps)).end.value() == EINVAL);
}

BOOST_AUTO_TEST_CASE(a_device_that_only_yields_rubbish_lets_go_of_the_event_loop)
{
    sctrace::test::checked_context context;
    const auto device =
        std::make_shared<sctrace::detail::shared_device<failing_stream, sctrace::detail::kmsg_reader>>(
            failing_stream(context.get_executor()), sctrace::detail::kmsg_reader(false));
    record_batch batch;
    constexpr std::size_t all = 10 * record_batch::default_messages;
    device->stream.script().assign(all, failing_stream::gives("rubbish"));
    std::size_t completions = 0;
    auto done = [&](error_code, std::size_t) { ++completions; };
    sctrace::test::read_batch(context, device, batch, done);
    context.run();
    BOOST_TEST(completions == 1U);
    BOOST_TEST(batch.losses().malformed > 0U);
    BOOST_TEST(device->stream.script().size() >= all / 2);
}

BOOST_AUTO_TEST_CASE(any_other_error_is_told_after_the_messages_before_it)
{
    const auto result = run_script(
        {failing_stream::gives(entry(1, "a")), failing_stream::fails(EIO), failing_stream::fails(EIO)});
    BOOST_TEST(result.texts.size() == 1U);
    BOOST_TEST(result.end.value() == EIO);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(kmsg_source_opening)

struct opening {
    sctrace::test::checked_context context;
    sctrace::kmsg_source source{context.get_executor()};
    sctrace::test::temporary_folder folder;
    std::string path = folder.file("kmsg");

    ~opening()
    {
        source.close();
        context.run();
    }

    sctrace::failure failure_of(const std::string& name)
    {
        const auto opened = source.open(name);
        BOOST_REQUIRE(opened.has_error());
        BOOST_TEST(opened.error().message.find(name) != std::string::npos);
        BOOST_TEST(!source.is_open());
        return opened.error();
    }
};

BOOST_FIXTURE_TEST_CASE(links_files_and_folders_are_refused, opening)
{
    std::filesystem::create_symlink("/dev/null", path);
    BOOST_TEST((failure_of(path).code == sctrace::error::source_is_symlink));
    BOOST_TEST((failure_of(folder.file("")).code == sctrace::error::source_not_a_device));
    std::ofstream(folder.file("regular")) << "5,1,1,-;x\n";
    BOOST_TEST((failure_of(folder.file("regular")).code == sctrace::error::source_not_a_device));
}

BOOST_FIXTURE_TEST_CASE(a_missing_path_says_how_to_get_one, opening)
{
    const auto why = failure_of(path);
    BOOST_TEST(why.code.value() == ENOENT);
    BOOST_TEST(why.message.find("mknod") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_fifo_is_read_line_by_line_to_its_end, opening)
{
    BOOST_REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    BOOST_REQUIRE(source.open(path).has_value());
    std::thread writer([this] { std::ofstream(path) << entry(1, "a") << entry(2, "b") << "5,3,1,-;c"; });
    record_batch batch;
    std::vector<std::string> texts;
    outcome read;
    do {
        read = read_one(context, source, batch);
        for (const auto& m : batch.messages()) {
            texts.emplace_back(m.text);
        }
    } while (!read.ec);
    writer.join();
    BOOST_TEST((read.ec == asio::error::eof));
    BOOST_TEST(texts == (std::vector<std::string>{"a", "b", "c"}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_device_that_is_no_log_ends_at_once, opening)
{
    BOOST_REQUIRE(source.open("/dev/null").has_value());
    BOOST_TEST(!source.is_kernel());
    record_batch batch;
    BOOST_TEST((read_one(context, source, batch).ec == asio::error::eof));
}

BOOST_AUTO_TEST_SUITE_END()

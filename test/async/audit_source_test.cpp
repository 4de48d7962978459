#include "async/context.hpp"
#include "async/entry_pair.hpp"

#include <sctrace/audit_source.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <cstring>
#include <optional>
#include <string>

#include <linux/netlink.h>

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

std::string message(std::uint16_t type, const std::string& payload, std::uint32_t claimed_length = 0)
{
    nlmsghdr header = {};
    header.nlmsg_len = claimed_length;
    header.nlmsg_type = type;
    std::string bytes(sizeof header, '\0');
    std::memcpy(bytes.data(), &header, sizeof header);
    return bytes + payload;
}

struct with_pair {
    sctrace::test::checked_context context;
    sctrace::test::entry_pair pair;
    sctrace::audit_source source{context.get_executor()};
    sctrace::record_batch batch{256, std::size_t{64} * 1024};

    with_pair() { source.assign(pair.take_reader()); }
    ~with_pair()
    {
        source.close();
        context.run();
    }

    error_code read()
    {
        std::optional<error_code> result;
        source.async_read_batch(batch, [&](error_code ec, std::size_t) { result = ec; });
        BOOST_REQUIRE(context.run_until([&] { return result.has_value(); }));
        return *result;
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(audit_source, with_pair)

BOOST_AUTO_TEST_CASE(the_length_of_a_payload_is_that_of_what_was_received)
{
    // Kernels differ in what they claim in the header: with it, without it, or the header alone.
    for (const std::uint32_t claimed : {0U, 16U, 21U, 100000U}) {
        BOOST_REQUIRE(pair.write(message(1326, "audit", claimed)));
    }
    BOOST_TEST(!read());
    BOOST_REQUIRE(batch.messages().size() == 4U);
    for (const auto& m : batch.messages()) {
        BOOST_TEST(m.type == 1326U);
        BOOST_TEST(m.text == "audit");
    }
}

BOOST_AUTO_TEST_CASE(messages_are_neither_cut_nor_joined_at_nul_and_newline)
{
    BOOST_REQUIRE(pair.write(message(1400, std::string("a\0b\nc", 5))));
    BOOST_TEST(!read());
    BOOST_REQUIRE(batch.messages().size() == 1U);
    BOOST_TEST(batch.messages()[0].text == std::string("a\0b\nc", 5));
}

BOOST_AUTO_TEST_CASE(what_is_too_short_or_too_long_is_counted)
{
    BOOST_REQUIRE(pair.write("short"));
    BOOST_REQUIRE(pair.write(message(1326, std::string(sctrace::detail::audit_reader::max_message, 'x'))));
    BOOST_REQUIRE(pair.write(message(1326, "fits")));
    BOOST_TEST(!read());
    BOOST_TEST(batch.losses().malformed == 2U);
    BOOST_REQUIRE(batch.messages().size() == 1U);
    BOOST_TEST(batch.messages()[0].text == "fits");
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_into_a_batch_is_in_the_next_ones)
{
    const std::string payload(10000, 'x');
    for (int i = 0; i < 30; ++i) {
        BOOST_REQUIRE(pair.write(message(1326, payload + std::to_string(i))));
    }
    int next = 0;
    while (next < 30) {
        BOOST_TEST(!read());
        BOOST_REQUIRE(!batch.empty());
        for (const auto& m : batch.messages()) {
            BOOST_TEST(m.text == payload + std::to_string(next++));
        }
    }
}

BOOST_AUTO_TEST_CASE(long_and_short_messages_keep_their_order)
{
    constexpr int count = 200;
    const auto payload = [](int i) {
        // Around the size up to which a message is received in place, and far above it.
        const std::array lengths{5, 495, 496, 497, 700, 9000};
        const auto length = static_cast<std::size_t>(lengths[static_cast<std::size_t>(i) % lengths.size()]);
        return std::string(length, static_cast<char>('a' + i % 26)) + std::to_string(i);
    };
    for (int i = 0; i < count; ++i) {
        BOOST_REQUIRE(pair.write(message(1326, payload(i))));
    }
    int next = 0;
    while (next < count) {
        BOOST_TEST(!read());
        BOOST_REQUIRE(!batch.empty());
        for (const auto& m : batch.messages()) {
            BOOST_TEST(m.text == payload(next++));
        }
    }
    BOOST_TEST(batch.losses().malformed == 0U);
}

BOOST_AUTO_TEST_CASE(a_waiting_read_is_cancelled_and_loses_nothing)
{
    asio::cancellation_signal signal;
    std::optional<error_code> result;
    source.async_read_batch(
        batch, asio::bind_cancellation_slot(signal.slot(), [&](error_code ec, std::size_t) { result = ec; }));
    context.get().poll();
    BOOST_TEST(!result.has_value());
    signal.emit(asio::cancellation_type::total);
    BOOST_REQUIRE(context.run_until([&] { return result.has_value(); }));
    BOOST_TEST((*result == asio::error::operation_aborted));
    BOOST_REQUIRE(pair.write(message(1326, "still there")));
    BOOST_TEST(!read());
    BOOST_TEST(batch.messages().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_handler_never_runs_within_the_initiation)
{
    BOOST_REQUIRE(pair.write(message(1326, "x")));
    bool initiating = true;
    bool inside = true;
    source.async_read_batch(batch, [&](error_code, std::size_t) { inside = initiating; });
    initiating = false;
    context.run();
    BOOST_TEST(!inside);
}

BOOST_AUTO_TEST_SUITE_END()

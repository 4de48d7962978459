#include "session.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include <array>
#include <exception>
#include <utility>
#include <variant>

namespace embedded_server {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::uint32_t header_limit = 16 * 1024;
/// A header, or a part of a body that is then moved on.
constexpr std::size_t buffer_limit = 64 * 1024;
constexpr std::chrono::seconds keep_alive_interval{10};
constexpr std::chrono::seconds linger_time{2};
constexpr std::size_t linger_bytes = std::size_t{1} << 20;

auto token()
{
    return asio::as_tuple(asio::use_awaitable);
}

/// The answer to what could not be read; empty where the client has gone.
std::optional<response> reply_to(error_code ec, std::uint64_t body_limit)
{
    if (ec == http::error::header_limit || ec == http::error::buffer_overflow) {
        return make_error(http::status::request_header_fields_too_large,
                          "the header is longer than " + std::to_string(header_limit) + " bytes");
    }
    if (ec == http::error::body_limit) {
        return make_error(http::status::payload_too_large, "the body is longer than " +
                                                               std::to_string(body_limit) +
                                                               " bytes (--max-body); send a shorter one");
    }
    const bool gone = ec == http::error::end_of_stream || ec == http::error::partial_message;
    if (gone || ec.category() != make_error_code(http::error::end_of_stream).category()) {
        return std::nullopt;
    }
    return make_error(http::status::bad_request, "this is no HTTP request: " + ec.message());
}

bool wants_continue(const request& asked)
{
    return asked.version() >= 11 && boost::beast::iequals(asked[http::field::expect], "100-continue");
}

} // namespace

session::session(socket_type socket, api& to, std::shared_ptr<connection_list> connections, limits given)
    : socket_(std::move(socket))
    , api_(to)
    , connections_(std::move(connections))
    , limits_(given)
    , deadline_(socket_)
    , buffer_(buffer_limit)
{
    connections_->enter(*this);
}

session::~session()
{
    connections_->leave(*this);
}

void session::start()
{
    auto run_until_end = [](std::shared_ptr<session> self) -> asio::awaitable<void> { co_await self->run(); };
    asio::co_spawn(socket_.get_executor(), run_until_end(shared_from_this()), asio::detached);
}

void session::refuse()
{
    connections_->refuse(*this);
    auto run_until_end = [](std::shared_ptr<session> self) -> asio::awaitable<void> {
        co_await self->run_refusal();
    };
    asio::co_spawn(socket_.get_executor(), run_until_end(shared_from_this()), asio::detached);
}

void session::end_soon()
{
    ends_soon_ = true;
    if (waits_for_request_) {
        end_now();
    }
}

void session::end_now()
{
    error_code ignored;
    socket_.close(ignored);
}

asio::awaitable<void> session::run()
{
    // GCC 12 makes a trap of a loop without a body that waits in its condition.
    bool goes_on = true;
    while (goes_on) {
        goes_on = co_await serve_request();
    }
    deadline_.stop();
}

asio::awaitable<void> session::run_refusal()
{
    response reply = make_error(http::status::service_unavailable,
                                "as many connections are open as may be open at a time (--max-connections)");
    request nothing;
    nothing.keep_alive(false);
    co_await write(std::move(reply), nothing);
    co_await linger();
    deadline_.stop();
}

/// Whether another request may follow.
asio::awaitable<bool> session::serve_request()
{
    if (ends_soon_) {
        co_return false;
    }
    parser into;
    const error_code ec = co_await read(into);
    if (ec) {
        co_return co_await answer_mistake(ec, into);
    }
    const request asked = into.release();
    answer made = co_await api_.handle(asked);
    if (auto* const reply = std::get_if<response>(&made)) {
        const bool goes_on = co_await write(std::move(*reply), asked);
        if (!goes_on) {
            co_await linger();
        }
        co_return goes_on;
    }
    co_await stream(std::get<std::shared_ptr<event_stream>>(std::move(made)), asked);
    co_return false;
}

asio::awaitable<error_code> session::read(parser& into)
{
    into.header_limit(header_limit);
    into.body_limit(limits_.body);
    waits_for_request_ = true;
    deadline_.start(limits_.idle);
    const error_code ec = co_await read_parts(into);
    deadline_.stop();
    waits_for_request_ = false;
    co_return ec;
}

asio::awaitable<error_code> session::read_parts(parser& into)
{
    const auto [no_header, header] = co_await http::async_read_header(socket_, buffer_, into, token());
    if (no_header || into.is_done()) {
        co_return no_header;
    }
    if (wants_continue(into.get())) {
        constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        co_await asio::async_write(socket_, asio::buffer(go_on.data(), go_on.size()), token());
    }
    const auto [no_body, body] = co_await http::async_read(socket_, buffer_, into, token());
    co_return no_body;
}

/// The connection ends: where the next request would begin is not known.
asio::awaitable<bool> session::answer_mistake(error_code ec, const parser& from)
{
    auto reply = reply_to(ec, limits_.body);
    if (deadline_.has_passed() && (from.got_some() || buffer_.size() != 0)) {
        reply =
            make_error(http::status::request_timeout, "the request did not come in time (--idle-timeout)");
    }
    if (reply) {
        request unread;
        unread.keep_alive(false);
        co_await write(std::move(*reply), unread);
        co_await linger();
    }
    co_return false;
}

asio::awaitable<bool> session::write(response reply, const request& asked)
{
    add_common_fields(reply);
    reply.version(asked.version());
    reply.keep_alive(asked.keep_alive() && !ends_soon_);
    reply.content_length(reply.body().size());
    if (asked.method() == http::verb::head) {
        reply.body().clear();
    }
    if (!co_await write_message(reply)) {
        co_return false;
    }
    const bool goes_on = reply.keep_alive() && !ends_soon_;
    co_return goes_on;
}

/// As long as a part is taken in time the client is not too slow.
asio::awaitable<bool> session::write_message(response& reply)
{
    http::response_serializer<http::string_body> rest(reply);
    bool goes_well = true;
    while (goes_well && !rest.is_done()) {
        deadline_.start(limits_.idle);
        const auto [failed, bytes] = co_await http::async_write_some(socket_, rest, token());
        goes_well = !failed;
    }
    deadline_.stop();
    co_return goes_well;
}

/// Like a message, part by part.
asio::awaitable<bool> session::write_text(std::string_view text)
{
    bool goes_well = true;
    while (goes_well && !text.empty()) {
        deadline_.start(limits_.idle);
        const auto [failed, bytes] =
            co_await socket_.async_write_some(asio::buffer(text.data(), text.size()), token());
        goes_well = !failed;
        text.remove_prefix(bytes);
    }
    deadline_.stop();
    co_return goes_well;
}

asio::awaitable<void> session::stream(std::shared_ptr<event_stream> events, const request& asked)
{
    response header;
    add_common_fields(header);
    header.set(http::field::content_type, {content_type::events.data(), content_type::events.size()});
    header.keep_alive(false);
    const bool is_open = co_await write_message(header);
    if (!is_open || asked.method() == http::verb::head) {
        co_return;
    }
    is_streaming_ = true;
    end_stream_with_client(events);
    co_await send_events(*events);
    is_streaming_ = false;
    events->close();
    error_code ignored;
    socket_.shutdown(socket_type::shutdown_send, ignored);
    socket_.cancel(ignored);
}

asio::awaitable<void> session::send_events(event_stream& events)
{
    bool goes_on = true;
    while (goes_on) {
        const std::string text = co_await events.next(keep_alive_interval);
        goes_on = !text.empty();
        if (goes_on) {
            goes_on = co_await write_text(text);
        }
    }
}

void session::end_stream_with_client(const std::shared_ptr<event_stream>& events)
{
    auto read_until_closed = [](std::shared_ptr<session> self,
                                std::shared_ptr<event_stream> to) -> asio::awaitable<void> {
        co_await self->discard_until_closed(*to);
    };
    asio::co_spawn(socket_.get_executor(), read_until_closed(shared_from_this(), events), asio::detached);
}

/// A client that follows a stream has nothing more to say, but may say it.
asio::awaitable<void> session::discard_until_closed(event_stream& events)
{
    std::array<char, 4096> rest{};
    // Nothing would cancel a read that begins after the stream's end.
    while (is_streaming_) {
        const auto [failed, bytes] = co_await socket_.async_read_some(asio::buffer(rest), token());
        if (failed) {
            break;
        }
    }
    events.close();
}

/// A close with unread data would reset the connection, and the client might never see the answer.
asio::awaitable<void> session::linger()
{
    error_code ignored;
    socket_.shutdown(socket_type::shutdown_send, ignored);
    buffer_.clear();
    std::array<char, 4096> rest{};
    deadline_.start(linger_time);
    for (std::size_t taken = 0; taken < linger_bytes;) {
        const auto [failed, bytes] = co_await socket_.async_read_some(asio::buffer(rest), token());
        if (failed || deadline_.has_passed()) {
            break;
        }
        taken += bytes;
    }
    deadline_.stop();
}

} // namespace embedded_server

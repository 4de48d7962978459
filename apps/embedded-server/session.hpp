#ifndef EMBEDDED_SERVER_SESSION_HPP
#define EMBEDDED_SERVER_SESSION_HPP

#include "api.hpp"
#include "connection_list.hpp"
#include "deadline.hpp"
#include "http.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace embedded_server {

/// One connection: reads requests one after the other, and writes their answers in the same order.
class session : public std::enable_shared_from_this<session> {
public:
    using socket_type = boost::asio::generic::stream_protocol::socket;

    struct limits {
        std::uint64_t body = 0;
        /// How long a client may take for a request, or for reading an answer.
        std::chrono::milliseconds idle{0};
    };

    session(socket_type socket, api& to, std::shared_ptr<connection_list> connections, limits given);
    session(const session&) = delete;
    session& operator=(const session&) = delete;
    ~session();

    /// Serves the connection until it ends; the object lives on until then.
    void start();
    /// Tells the client that there are too many connections, and ends.
    void refuse();

    /// Ends as soon as the request that is being answered, if there is one, has been answered.
    void end_soon();
    /// Ends at once.
    void end_now();

private:
    using parser = http::request_parser<http::string_body>;

    boost::asio::awaitable<void> run();
    boost::asio::awaitable<void> run_refusal();
    boost::asio::awaitable<bool> serve_request();
    boost::asio::awaitable<boost::system::error_code> read(parser& into);
    boost::asio::awaitable<boost::system::error_code> read_parts(parser& into);
    boost::asio::awaitable<bool> answer_mistake(boost::system::error_code ec, const parser& from);
    boost::asio::awaitable<bool> write(response reply, const request& asked);
    boost::asio::awaitable<bool> write_message(response& reply);
    boost::asio::awaitable<void> stream(std::shared_ptr<event_stream> events, const request& asked);
    boost::asio::awaitable<void> send_events(event_stream& events);
    boost::asio::awaitable<void> discard_until_closed(event_stream& events);
    boost::asio::awaitable<bool> write_text(std::string_view text);
    boost::asio::awaitable<void> linger();
    void end_stream_with_client(const std::shared_ptr<event_stream>& events);

    socket_type socket_;
    api& api_;
    std::shared_ptr<connection_list> connections_;
    limits limits_;
    deadline deadline_;
    boost::beast::flat_buffer buffer_;
    bool waits_for_request_ = false;
    bool ends_soon_ = false;
    bool is_streaming_ = false;
};

} // namespace embedded_server

#endif

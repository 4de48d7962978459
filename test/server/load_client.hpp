#ifndef SCTRACE_TEST_SERVER_LOAD_CLIENT_HPP
#define SCTRACE_TEST_SERVER_LOAD_CLIENT_HPP

#include "http_client.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

#include <fcntl.h>

namespace sctrace::test {

/// One of many clients on one io_context; what goes wrong is thrown.
class load_client {
public:
    explicit load_client(boost::asio::io_context& context)
        : socket_(context)
        , pause_(context)
    {
    }

    boost::asio::awaitable<void> connect(server_address to)
    {
        co_await socket_.async_connect(to, boost::asio::use_awaitable);
        // Children that are recorded must not hold it open.
        ::fcntl(socket_.native_handle(), F_SETFD, FD_CLOEXEC);
    }

    boost::asio::awaitable<http_reply> ask(http::verb method, std::string path, std::string body = {})
    {
        const http_request request = make_request(method, path, std::move(body));
        co_await http::async_write(socket_, request, boost::asio::use_awaitable);
        http::response_parser<http::string_body> into;
        into.body_limit(boost::none);
        co_await http::async_read(socket_, buffer_, into, boost::asio::use_awaitable);
        co_return into.release();
    }

    /// The body of a good answer.
    boost::asio::awaitable<std::string> get(std::string path)
    {
        const http_reply reply = co_await ask(http::verb::get, path);
        require(reply, 200);
        co_return reply.body();
    }

    /// Begins a recording and returns its path.
    boost::asio::awaitable<std::string> begin(std::string body)
    {
        const http_reply reply = co_await ask(http::verb::post, "/recordings", std::move(body));
        require(reply, 201);
        co_return field_of(reply, "Location");
    }

    boost::asio::awaitable<void> wait_for_end(std::string path)
    {
        for (;;) {
            const auto recording = parsed(co_await get(path));
            const auto state = recording.at("state").as_string();
            if (state == "ended") {
                co_return;
            }
            if (state == "failed") {
                throw std::runtime_error(path + " failed: " + boost::json::serialize(recording));
            }
            co_await pause(std::chrono::milliseconds(50));
        }
    }

    /// Follows the events of a recording to their end; the connection is of no more use then.
    boost::asio::awaitable<std::string> follow(std::string path)
    {
        const http_request request = make_request(http::verb::get, path + "/events");
        co_await http::async_write(socket_, request, boost::asio::use_awaitable);
        std::string text;
        co_await boost::asio::async_read_until(socket_, boost::asio::dynamic_buffer(text), "event: end",
                                               boost::asio::use_awaitable);
        co_return text;
    }

    boost::asio::awaitable<void> pause(std::chrono::milliseconds time)
    {
        pause_.expires_after(time);
        co_await pause_.async_wait(boost::asio::use_awaitable);
    }

    static void require(const http_reply& reply, unsigned status)
    {
        if (reply.result_int() != status) {
            throw std::runtime_error("status " + std::to_string(reply.result_int()) + ": " + reply.body());
        }
    }

private:
    boost::asio::generic::stream_protocol::socket socket_;
    boost::beast::flat_buffer buffer_;
    boost::asio::steady_timer pause_;
};

} // namespace sctrace::test

#endif

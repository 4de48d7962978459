#ifndef SCTRACE_TEST_SERVER_HTTP_CLIENT_HPP
#define SCTRACE_TEST_SERVER_HTTP_CLIENT_HPP

#include "cli/process.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <poll.h>

namespace sctrace::test {

namespace http = boost::beast::http;

using http_request = http::request<http::string_body>;
using http_reply = http::response<http::string_body>;
using server_address = boost::asio::generic::stream_protocol::endpoint;

inline http_request make_request(http::verb method, std::string_view path, std::string body = {})
{
    http_request made(method, {path.data(), path.size()}, 11);
    made.set(http::field::host, "localhost");
    if (!body.empty()) {
        made.set(http::field::content_type, "application/json");
    }
    made.body() = std::move(body);
    made.prepare_payload();
    return made;
}

inline boost::json::value parsed(const std::string& text)
{
    boost::system::error_code ec;
    auto value = boost::json::parse(text, ec);
    BOOST_REQUIRE_MESSAGE(!ec, "not JSON: " << text);
    return value;
}

inline std::string field_of(const http_reply& reply, const char* name)
{
    const auto value = reply[name];
    return {value.data(), value.size()};
}

/// One connection; what it waits for comes in time, or the test fails.
class http_client {
public:
    explicit http_client(const server_address& to)
    {
        socket_.async_connect(to, done());
        require_finish("cannot connect");
    }

    http_reply exchange(const http_request& request)
    {
        send(request);
        return receive(request.method() == http::verb::head);
    }

    http_reply get(std::string_view path) { return exchange(make_request(http::verb::get, path)); }
    http_reply post(std::string_view path, std::string body = {})
    {
        return exchange(make_request(http::verb::post, path, std::move(body)));
    }
    http_reply remove(std::string_view path) { return exchange(make_request(http::verb::delete_, path)); }

    void send(const http_request& request)
    {
        http::async_write(socket_, request, done());
        require_finish("cannot send");
    }

    void send(std::string_view text)
    {
        boost::asio::async_write(socket_, boost::asio::buffer(text.data(), text.size()), done());
        require_finish("cannot send");
    }

    http_reply receive(bool without_body = false)
    {
        http::response_parser<http::string_body> into;
        into.skip(without_body);
        into.body_limit(boost::none);
        http::async_read(socket_, buffer_, into, done());
        require_finish("no reply");
        return into.release();
    }

    /// Reads until the server closes the connection, or the text is there.
    std::string read_until(std::string_view wanted)
    {
        const auto room = std::make_unique<std::array<char, 65536>>();
        std::size_t looked_at = 0;
        while (text_.find(wanted, looked_at) == std::string::npos) {
            looked_at = text_.size() < wanted.size() ? 0 : text_.size() - wanted.size();
            socket_.async_read_some(boost::asio::buffer(*room), done());
            if (!finish()) {
                break;
            }
            text_.append(room->data(), bytes_);
        }
        return text_;
    }

    /// Takes a little after each pause.
    std::string read_slowly_until(std::string_view wanted, std::size_t bytes, std::chrono::milliseconds pause)
    {
        std::string piece(bytes, '\0');
        bool goes_on = true;
        while (goes_on) {
            ::poll(nullptr, 0, static_cast<int>(pause.count()));
            socket_.async_read_some(boost::asio::buffer(piece), done());
            goes_on = finish();
            const auto looked_at = text_.size() - std::min(text_.size(), wanted.size());
            text_.append(piece, 0, goes_on ? bytes_ : 0);
            goes_on = goes_on && text_.find(wanted, looked_at) == std::string::npos;
        }
        return text_;
    }

    /// Whether the server closes the connection without another word.
    bool is_closed()
    {
        char byte = 0;
        socket_.async_read_some(boost::asio::buffer(&byte, 1), done());
        return !finish() && !is_late_;
    }

private:
    struct completion {
        http_client* self;

        void operator()(boost::system::error_code ec, std::size_t bytes = 0) const
        {
            self->failed_ = ec;
            self->bytes_ = bytes;
            self->finished_ = true;
        }
    };

    completion done()
    {
        finished_ = false;
        return {this};
    }

    void require_finish(const char* otherwise)
    {
        const bool finished = finish();
        BOOST_REQUIRE_MESSAGE(finished, otherwise << ": " << failed_.message());
    }

    bool finish()
    {
        context_.restart();
        context_.run_for(patience);
        is_late_ = !finished_;
        if (is_late_) {
            socket_.close();
            context_.run();
        }
        return !failed_;
    }

    boost::asio::io_context context_;
    boost::asio::generic::stream_protocol::socket socket_{context_};
    boost::beast::flat_buffer buffer_;
    std::string text_;
    boost::system::error_code failed_;
    std::size_t bytes_ = 0;
    bool finished_ = false;
    bool is_late_ = false;
};

} // namespace sctrace::test

#endif

#ifndef EMBEDDED_SERVER_HTTP_HPP
#define EMBEDDED_SERVER_HTTP_HPP

#include <boost/beast/http/field.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/verb.hpp>

#include <string>
#include <string_view>

namespace embedded_server {

namespace http = boost::beast::http;

using request = http::request<http::string_body>;
using response = http::response<http::string_body>;

namespace content_type {
inline constexpr std::string_view json = "application/json";
inline constexpr std::string_view ndjson = "application/x-ndjson";
inline constexpr std::string_view text = "text/plain; charset=utf-8";
inline constexpr std::string_view html = "text/html; charset=utf-8";
inline constexpr std::string_view metrics = "text/plain; version=0.0.4; charset=utf-8";
inline constexpr std::string_view events = "text/event-stream";
} // namespace content_type

response make_reply(http::status status, std::string_view type, std::string body);

/// A reply whose body is `{"error":"…"}`; @p words say what is wrong and what to do about it.
response make_error(http::status status, std::string_view words);

/// The fields that every reply has.
template <class Fields>
void add_common_fields(Fields& to)
{
    to.set(http::field::server, "embedded-server");
    to.set(http::field::cache_control, "no-store");
    to.set("X-Content-Type-Options", "nosniff");
}

} // namespace embedded_server

#endif

#include "http.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <utility>

namespace embedded_server {

response make_reply(http::status status, std::string_view type, std::string body)
{
    response made;
    made.result(status);
    made.set(http::field::content_type, {type.data(), type.size()});
    made.body() = std::move(body);
    return made;
}

response make_error(http::status status, std::string_view words)
{
    boost::json::object body;
    body["error"] = boost::json::string_view(words.data(), words.size());
    return make_reply(status, content_type::json, boost::json::serialize(body) + '\n');
}

} // namespace embedded_server

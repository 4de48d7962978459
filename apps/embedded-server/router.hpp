#ifndef EMBEDDED_SERVER_ROUTER_HPP
#define EMBEDDED_SERVER_ROUTER_HPP

#include "http.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace embedded_server {

/// What can be asked of the server.
enum class endpoint {
    page,
    health,
    metrics,
    list,
    create,
    show,
    remove,
    stop,
    trace,
    profile,
    report,
    events,
};

/// An endpoint, and the recording that the path names, if it names one.
struct route {
    endpoint to;
    std::string id;
};

struct no_such_path {};

struct wrong_method {
    /// The methods that the path has, as the field `Allow` lists them.
    std::string allowed;
};

using routing = std::variant<route, no_such_path, wrong_method>;

/// Finds the endpoint of a request; HEAD goes where GET goes.
routing find_route(http::verb method, std::string_view path);

} // namespace embedded_server

#endif

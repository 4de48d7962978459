#include "router.hpp"

#include <array>
#include <optional>

namespace embedded_server {

namespace {

struct entry {
    http::verb method;
    /// `*` stands for one segment, the id of a recording.
    std::string_view pattern;
    endpoint to;
};

constexpr std::array table{
    entry{http::verb::get, "/", endpoint::page},
    entry{http::verb::get, "/healthz", endpoint::health},
    entry{http::verb::get, "/metrics", endpoint::metrics},
    entry{http::verb::get, "/recordings", endpoint::list},
    entry{http::verb::post, "/recordings", endpoint::create},
    entry{http::verb::get, "/recordings/*", endpoint::show},
    entry{http::verb::delete_, "/recordings/*", endpoint::remove},
    entry{http::verb::post, "/recordings/*/stop", endpoint::stop},
    entry{http::verb::get, "/recordings/*/trace", endpoint::trace},
    entry{http::verb::get, "/recordings/*/profile", endpoint::profile},
    entry{http::verb::get, "/recordings/*/report", endpoint::report},
    entry{http::verb::get, "/recordings/*/events", endpoint::events},
};

/// What is where the pattern has its star; empty text where it has none.
std::optional<std::string_view> match(std::string_view pattern, std::string_view path)
{
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) {
        return pattern == path ? std::optional(std::string_view()) : std::nullopt;
    }
    const auto before = pattern.substr(0, star);
    const auto behind = pattern.substr(star + 1);
    if (path.size() <= before.size() + behind.size() || !path.starts_with(before) ||
        !path.ends_with(behind)) {
        return std::nullopt;
    }
    const auto id = path.substr(before.size(), path.size() - before.size() - behind.size());
    return id.find('/') == std::string_view::npos ? std::optional(id) : std::nullopt;
}

void add_method(std::string& to, http::verb method)
{
    const auto name = http::to_string(method);
    to += to.empty() ? "" : ", ";
    to.append(name.data(), name.size());
    to += method == http::verb::get ? ", HEAD" : "";
}

} // namespace

routing find_route(http::verb method, std::string_view path)
{
    const http::verb wanted = method == http::verb::head ? http::verb::get : method;
    std::string allowed;
    for (const entry& e : table) {
        const auto id = match(e.pattern, path);
        if (id && e.method == wanted) {
            return route{e.to, std::string(*id)};
        }
        if (id) {
            add_method(allowed, e.method);
        }
    }
    if (allowed.empty()) {
        return no_such_path{};
    }
    return wrong_method{std::move(allowed)};
}

} // namespace embedded_server

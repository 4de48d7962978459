#include "access_rules.hpp"

#include <boost/beast/core/string.hpp>

#include <algorithm>
#include <array>
#include <string>

namespace embedded_server {

namespace {

using boost::beast::iequals;

std::string_view field(const request& asked, http::field name)
{
    const auto value = asked[name];
    return {value.data(), value.size()};
}

/// The name in front of the port, if there is one.
std::string_view without_port(std::string_view host)
{
    const auto colon = host.rfind(':');
    const bool has_port = colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos;
    return has_port ? host.substr(0, colon) : host;
}

bool names_this_machine(std::string_view host, std::string_view own_address)
{
    const std::array<std::string_view, 4> names{"localhost", "127.0.0.1", "[::1]", own_address};
    const auto name = without_port(host);
    return std::any_of(names.begin(), names.end(), [&](std::string_view own) {
        return !own.empty() && iequals({name.data(), name.size()}, {own.data(), own.size()});
    });
}

/// HTTP/1.0 has no such field, and no browser speaks it.
std::optional<response> refuse_by_host(const request& asked, const access_rules& rules)
{
    const auto hosts = asked.count(http::field::host);
    if (hosts > 1 || (hosts == 0 && asked.version() > 10)) {
        return make_error(http::status::bad_request, "a request needs one field Host");
    }
    if (hosts == 1 && !rules.allow_any_host &&
        !names_this_machine(field(asked, http::field::host), rules.own_address)) {
        return make_error(
            http::status::forbidden,
            "the field Host must be localhost, 127.0.0.1, [::1] or the address that the "
            "server listens on; a server started with --allow-remote answers to other names too");
    }
    return std::nullopt;
}

/// What answers at the same name and port is this server, or a proxy in front of it.
bool is_foreign(const request& asked)
{
    const std::string own(field(asked, http::field::host));
    const auto origin = field(asked, http::field::origin);
    if (!origin.empty() && origin != "http://" + own && origin != "https://" + own) {
        return true;
    }
    const auto site = asked["Sec-Fetch-Site"];
    return site == "cross-site" || site == "same-site";
}

bool is_json(std::string_view type)
{
    const auto semicolon = type.find(';');
    const auto media = boost::beast::string_view(type.data(), std::min(semicolon, type.size()));
    return iequals(boost::beast::string_view(media.data(), media.find_last_not_of(' ') + 1),
                   "application/json");
}

std::optional<response> refuse_change(const request& asked)
{
    if (is_foreign(asked)) {
        return make_error(http::status::forbidden,
                          "the request comes from a page of another origin; send it from this server's own "
                          "page, or without the field Origin");
    }
    if (!asked.body().empty() && !is_json(field(asked, http::field::content_type))) {
        return make_error(http::status::unsupported_media_type,
                          "a body must be JSON; send the field Content-Type: application/json");
    }
    return std::nullopt;
}

} // namespace

std::optional<response> access_rules::refusal(const request& asked) const
{
    if (auto refused = refuse_by_host(asked, *this)) {
        return refused;
    }
    const bool only_reads = asked.method() == http::verb::get || asked.method() == http::verb::head;
    return only_reads ? std::nullopt : refuse_change(asked);
}

} // namespace embedded_server

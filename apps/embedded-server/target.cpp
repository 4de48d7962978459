#include "target.hpp"

#include <charconv>
#include <utility>

namespace embedded_server {

namespace {

std::optional<char> decode_digits(std::string_view digits)
{
    unsigned value = 0;
    const char* const end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, value, 16);
    if (digits.size() != 2 || parsed.ec != std::errc{} || parsed.ptr != end) {
        return std::nullopt;
    }
    return static_cast<char>(value);
}

std::optional<std::string> decode(std::string_view text)
{
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        const auto byte = decode_digits(text.substr(i + 1, 2));
        if (!byte) {
            return std::nullopt;
        }
        decoded += *byte;
        i += 2;
    }
    return decoded;
}

bool add_parameter(std::string_view text, std::map<std::string, std::string>& to)
{
    const auto equals = text.find('=');
    const auto name = decode(text.substr(0, equals));
    const auto value =
        decode(equals == std::string_view::npos ? std::string_view() : text.substr(equals + 1));
    return name && value && to.emplace(*name, *value).second;
}

bool add_parameters(std::string_view text, std::map<std::string, std::string>& to)
{
    while (!text.empty()) {
        const auto end = text.find('&');
        const auto parameter = text.substr(0, end);
        if (!parameter.empty() && !add_parameter(parameter, to)) {
            return false;
        }
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return true;
}

} // namespace

std::optional<target> parse_target(std::string_view text)
{
    if (!text.starts_with('/')) {
        return std::nullopt;
    }
    const auto question = text.find('?');
    auto path = decode(text.substr(0, question));
    if (!path) {
        return std::nullopt;
    }
    target parsed{std::move(*path), {}};
    if (question != std::string_view::npos && !add_parameters(text.substr(question + 1), parsed.query)) {
        return std::nullopt;
    }
    return parsed;
}

} // namespace embedded_server

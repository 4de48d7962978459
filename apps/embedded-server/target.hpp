#ifndef EMBEDDED_SERVER_TARGET_HPP
#define EMBEDDED_SERVER_TARGET_HPP

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace embedded_server {

/// What a request line names: `/path?name=value`, without its percent signs.
struct target {
    std::string path;
    std::map<std::string, std::string> query;
};

/// Empty where the text is no path, names a parameter twice, or has a `%` without two digits.
std::optional<target> parse_target(std::string_view text);

} // namespace embedded_server

#endif

#ifndef EMBEDDED_SERVER_ACCESS_RULES_HPP
#define EMBEDDED_SERVER_ACCESS_RULES_HPP

#include "http.hpp"

#include <optional>
#include <string>

namespace embedded_server {

/// Which requests the server answers.
/**
 * A browser on this machine can be made to send requests by any page that it shows. A page whose name was
 * rebound to this machine's address is recognised by the field `Host`, one that sends a form or a script's
 * request by `Origin` and `Sec-Fetch-Site`, or because neither can be JSON without the server's consent.
 */
struct access_rules {
    /// Answer by whatever name the server is called.
    bool allow_any_host = false;
    /// The address that it listens on, as a URL has it.
    std::string own_address;

    /// The refusal, if the request is to be refused.
    std::optional<response> refusal(const request& asked) const;
};

} // namespace embedded_server

#endif

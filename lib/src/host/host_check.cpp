#include "host/host_checks.hpp"

namespace sctrace {

std::string_view to_string(host_status status) noexcept
{
    switch (status) {
    case host_status::ok:
        return "ok";
    case host_status::warning:
        return "warning";
    case host_status::bad:
        return "bad";
    default:
        return "unknown";
    }
}

std::vector<host_finding> check_host()
{
    std::vector<host_finding> findings;
    detail::check_kernel(findings);
    detail::check_seccomp(findings);
    detail::check_privileges(findings);
    detail::check_audit(findings);
    detail::check_printk(findings);
    detail::check_names(findings);
    return findings;
}

} // namespace sctrace

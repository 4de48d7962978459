#include "host/host_check.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace sctrace {

std::string_view to_string(host_status status) noexcept
{
    constexpr std::array<std::string_view, 4> words{"ok", "warning", "bad", "unknown"};
    return words[std::min(static_cast<std::size_t>(status), words.size() - 1)];
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

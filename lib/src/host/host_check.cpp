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
    for (const auto part : {detail::check_kernel, detail::check_seccomp, detail::check_privileges,
                            detail::check_audit, detail::check_printk, detail::check_names}) {
        const std::vector<host_finding> found = part();
        findings.insert(findings.end(), found.begin(), found.end());
    }
    return findings;
}

} // namespace sctrace

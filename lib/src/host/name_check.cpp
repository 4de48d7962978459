#include "host/host_check.hpp"
#include "os/kernel_release.hpp"

#include <cstdlib>
#include <memory>

#include <seccomp.h>

namespace sctrace::detail {

namespace {

/// The release whose calls all have a name in this library's own table.
constexpr kernel_release last_with_names{6, 19};
/// From this number on calls have the same number on every architecture, and no number is left out.
constexpr int first_common_call = 424;

struct free_deleter {
    void operator()(char* p) const noexcept { std::free(p); }
};

bool is_named(int number)
{
    const std::unique_ptr<char, free_deleter> name(
        seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number));
    return name != nullptr;
}

/// 423 when libseccomp is older than the first common call.
int last_named_call()
{
    int next = first_common_call;
    while (is_named(next)) {
        ++next;
    }
    return next - 1;
}

std::string version_of_libseccomp()
{
    const scmp_version* const version = seccomp_version();
    return version == nullptr ? std::string("of unknown version")
                              : std::to_string(version->major) + '.' + std::to_string(version->minor) + '.' +
                                    std::to_string(version->micro);
}

host_finding libseccomp()
{
    host_finding found{"libseccomp", host_status::ok,
                       version_of_libseccomp() + ", names calls up to number " +
                           std::to_string(last_named_call()),
                       "newer calls of Linux up to 6.19 get their names from a table of this library", ""};
    if (parse_release(running_release_text()) > last_with_names) {
        found.status = host_status::warning;
        found.meaning = "calls newer than Linux 6.19 may be recorded by number, without a name";
        found.remedy = "use a newer libseccomp or a newer release of this library";
    }
    return found;
}

} // namespace

void check_names(std::vector<host_finding>& findings)
{
    findings.push_back(libseccomp());
}

} // namespace sctrace::detail

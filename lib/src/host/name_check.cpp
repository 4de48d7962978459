#include "host/host_check.hpp"
#include "os/kernel.hpp"

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
    const std::string value =
        version_of_libseccomp() + ", names calls up to number " + std::to_string(last_named_call());
    if (parse_release(running_release_text()) > last_with_names) {
        return {"libseccomp", host_status::warning, value,
                "calls newer than Linux 6.19 may be recorded by number, without a name",
                "use a newer libseccomp or a newer release of this library"};
    }
    return {"libseccomp", host_status::ok, value,
            "newer calls of Linux up to 6.19 get their names from a table of this library", ""};
}

} // namespace

std::vector<host_finding> check_names()
{
    return {libseccomp()};
}

} // namespace sctrace::detail

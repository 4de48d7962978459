#ifndef SCTRACE_SRC_KERNEL_RELEASE_HPP
#define SCTRACE_SRC_KERNEL_RELEASE_HPP

#include <charconv>
#include <compare>
#include <string>

#include <sys/utsname.h>

namespace sctrace::detail {

/// The first two numbers of a kernel's release; a distribution may have added features of later ones.
struct kernel_release {
    unsigned major = 0;
    unsigned minor = 0;

    auto operator<=>(const kernel_release&) const = default;
};

inline std::string running_release_text()
{
    utsname names{};
    return ::uname(&names) == 0 ? std::string(names.release) : std::string();
}

inline kernel_release parse_release(const std::string& text)
{
    kernel_release release;
    const char* const end = text.data() + text.size();
    const auto major = std::from_chars(text.data(), end, release.major);
    if (major.ptr != end && *major.ptr == '.') {
        std::from_chars(major.ptr + 1, end, release.minor);
    }
    return release;
}

} // namespace sctrace::detail

#endif

#include "base/architecture_words.hpp"
#include "base/machine.hpp"

#include <sctrace/architecture.hpp>

#include <array>
#include <charconv>

#include <sys/utsname.h>

namespace sctrace {

architecture architecture::native() noexcept
{
    utsname system{};
    if (uname(&system) != 0) {
        return {};
    }
    return architecture_of({.name = static_cast<const char*>(system.machine)});
}

std::optional<architecture> architecture::from_name(std::string_view name) noexcept
{
    return detail::architecture_called(name, &detail::architecture_words::name);
}

std::string_view architecture::name() const noexcept
{
    return detail::words_of(*this).name;
}

std::string architecture::display_name() const
{
    if (!name().empty()) {
        return std::string(name());
    }
    std::array<char, 8> digits{};
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), token_, 16);
    return "0x" + std::string(digits.data(), written.ptr);
}

} // namespace sctrace

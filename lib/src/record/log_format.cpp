#include <sctrace/log_format.hpp>

#include <algorithm>
#include <array>

namespace sctrace {

namespace {

struct named_format {
    std::string_view name;
    log_format format;
};

constexpr std::array formats{
    named_format{"auto", log_format::automatic},  named_format{"kmsg", log_format::kmsg},
    named_format{"dmesg", log_format::dmesg},     named_format{"syslog", log_format::syslog},
    named_format{"journal", log_format::journal}, named_format{"audit", log_format::audit},
};

} // namespace

std::optional<log_format> log_format_from_name(std::string_view name) noexcept
{
    const auto* const found = std::find_if(formats.begin(), formats.end(),
                                           [name](const named_format& f) { return f.name == name; });
    return found == formats.end() ? std::nullopt : std::optional(found->format);
}

bool has_format(log_form form, log_format format) noexcept
{
    switch (format) {
    case log_format::automatic:
        return true;
    case log_format::kmsg:
        return form == log_form::kmsg;
    case log_format::dmesg:
        return form == log_form::dmesg || form == log_form::bare;
    case log_format::syslog:
        return form == log_form::syslog;
    case log_format::journal:
        // journalctl shows the kernel's messages as syslog does.
        return form == log_form::journal || form == log_form::syslog || form == log_form::bare;
    case log_format::audit:
        break;
    }
    return form == log_form::audit_log;
}

} // namespace sctrace

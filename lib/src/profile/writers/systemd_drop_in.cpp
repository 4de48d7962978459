#include "base/architecture_words.hpp"
#include "profile/writers/formats.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace sctrace::detail {

namespace {

constexpr auto format = profile_format::systemd;
constexpr std::size_t line_length = 100;

/// The settings that stand for a default verdict.
struct default_settings {
    /// What becomes of other calls, for a person.
    std::string words;
    /// The setting that takes the names, and what stands before them.
    std::string list;
    /// A whole line, or nothing.
    std::string error_number;
};

default_settings settings_of(filter_verdict verdict)
{
    constexpr std::uint16_t most = 4095;
    switch (verdict.action) {
    case filter_action::errno_value:
        if (verdict.value >= 1 && verdict.value <= most) {
            // Other numbers have different names on some architectures.
            const std::string number = verdict.value == 1 ? "EPERM" : std::to_string(verdict.value);
            return {"fail with the error " + number,
                    "SystemCallFilter=", "SystemCallErrorNumber=" + number + "\n"};
        }
        refuse(format, "the error number " + std::to_string(verdict.value));
    case filter_action::kill_process:
        // The word `kill` means the same, but older releases do not know it.
        return {"end the process", "SystemCallFilter=", "SystemCallErrorNumber=\n"};
    case filter_action::log:
        return {"are logged and allowed (systemd 247 and later)", "SystemCallLog=~", ""};
    default:
        refuse(format, "the default action " + std::string(oci_name(verdict.action)));
    }
}

std::string words_for_architectures(const profile& p, architecture native)
{
    const std::vector<architecture> all = architectures_of(p, native);
    if (std::ranges::find(all, native) == all.end()) {
        refuse(format, "that calls of " + native.display_name() +
                           " are not allowed: systemd always allows its own architecture");
    }
    std::string words = "native";
    for (const architecture arch : all) {
        if (arch == native) {
            continue;
        }
        const std::string_view word = words_of(arch).systemd;
        if (word.empty()) {
            refuse_architecture(arch, format);
        }
        words += ' ';
        words += word;
    }
    return words;
}

/// Several assignments to one setting add up.
std::string assignments(const std::string& setting, const std::vector<std::string>& words)
{
    std::string text;
    std::string line;
    for (const std::string& word : words) {
        if (!line.empty() && line.size() + 1 + word.size() > line_length) {
            text += line + '\n';
            line.clear();
        }
        line += line.empty() ? setting + word : ' ' + word;
    }
    return text + line + '\n';
}

} // namespace

std::string to_systemd(const profile& p, architecture native)
{
    require_no_flags(p, format);
    require_plain_names(p, format);
    const default_settings settings = settings_of(p.default_verdict);
    const std::vector<std::string> allowed = allowed_names(p, format);
    if (allowed.empty()) {
        refuse(format, "that no call is allowed: an empty list means that there is none");
    }
    const std::string architectures = words_for_architectures(p, native);
    return "# An allow-list for a unit, made by sctrace. Calls that are not in it " + settings.words +
           ".\n"
           "# systemd itself also allows execve, exit, exit_group, getrlimit, rt_sigreturn, sigreturn and "
           "the calls\n"
           "# that ask for the time or sleep, and passes over names that its libseccomp does not know.\n"
           "[Service]\n"
           "# The empty assignments take back what the unit says: the lists are whole.\n"
           "SystemCallFilter=\n" +
           (settings.list == "SystemCallFilter=" ? "" : "SystemCallLog=\n") +
           assignments(settings.list, allowed) + settings.error_number + "SystemCallArchitectures=\n" +
           (permits(p.default_verdict.action) ? "" : "SystemCallArchitectures=" + architectures + '\n');
}

} // namespace sctrace::detail

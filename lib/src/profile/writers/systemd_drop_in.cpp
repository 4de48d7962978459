#include "profile/writers/format_limits.hpp"
#include "profile/writers/formats.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace sctrace::detail {

namespace {

constexpr auto format = profile_format::systemd;
constexpr std::size_t line_length = 100;

struct named_architecture {
    std::string_view name;
    std::string_view systemd_name;
};

/// Those that SystemCallArchitectures= knows (systemd, src/shared/seccomp-util.c: seccomp_arch_from_string).
constexpr std::array names{
    named_architecture{"x86_64", "x86-64"},
    named_architecture{"i386", "x86"},
    named_architecture{"x32", "x32"},
    named_architecture{"aarch64", "arm64"},
    named_architecture{"arm", "arm"},
    named_architecture{"ppc", "ppc"},
    named_architecture{"ppc64", "ppc64"},
    named_architecture{"ppc64le", "ppc64-le"},
    named_architecture{"s390", "s390"},
    named_architecture{"s390x", "s390x"},
    named_architecture{"riscv64", "riscv64"},
    named_architecture{"loongarch64", "loongarch64"},
    named_architecture{"mips", "mips"},
    named_architecture{"mipsel", "mips-le"},
    named_architecture{"mips64", "mips64"},
    named_architecture{"mipsel64", "mips64-le"},
    named_architecture{"mips64n32", "mips64-n32"},
    named_architecture{"mipsel64n32", "mips64-le-n32"},
    named_architecture{"parisc", "parisc"},
    named_architecture{"parisc64", "parisc64"},
};

/// The settings that stand for a default verdict.
struct default_settings {
    /// What becomes of other calls, for a person.
    std::string words;
    /// The setting that takes the names, and what stands before them.
    std::string list;
    /// A whole line, or nothing.
    std::string error_number;
};

boost::system::result<default_settings, failure> settings_of(filter_verdict verdict)
{
    constexpr std::uint16_t most = 4095;
    switch (verdict.action) {
    case filter_action::errno_value:
        if (verdict.value >= 1 && verdict.value <= most) {
            // Other numbers have different names on some architectures.
            const std::string number = verdict.value == 1 ? "EPERM" : std::to_string(verdict.value);
            return default_settings{"fail with the error " + number,
                                    "SystemCallFilter=", "SystemCallErrorNumber=" + number + "\n"};
        }
        return not_expressible(format, "the error number " + std::to_string(verdict.value));
    case filter_action::kill_process:
        // The word `kill` means the same, but older releases do not know it.
        return default_settings{"end the process", "SystemCallFilter=", "SystemCallErrorNumber=\n"};
    case filter_action::log:
        return default_settings{"are logged and allowed (systemd 247 and later)", "SystemCallLog=~", ""};
    default:
        return not_expressible(format, "the default action " + std::string(oci_name(verdict.action)));
    }
}

boost::system::result<std::string, failure> architecture_words(const profile& p, architecture native)
{
    const std::vector<architecture> all = architectures_of(p, native);
    if (std::find(all.begin(), all.end(), native) == all.end()) {
        return not_expressible(format, "that calls of " + native.display_name() +
                                           " are not allowed: systemd always allows its own architecture");
    }
    std::string words = "native";
    for (const architecture arch : all) {
        const auto* found = std::find_if(names.begin(), names.end(),
                                         [&](const named_architecture& n) { return n.name == arch.name(); });
        if (arch == native) {
            continue;
        }
        if (found == names.end()) {
            return not_expressible(format,
                                   "the architecture " + arch.display_name() + ", which has no name in it");
        }
        words += ' ';
        words += found->systemd_name;
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

boost::system::result<std::string, failure> to_systemd(const profile& p, architecture native)
{
    for (const auto& checked : {require_no_flags(p, format), require_plain_names(p, format)}) {
        if (!checked) {
            return checked.error();
        }
    }
    const auto settings = settings_of(p.default_verdict);
    if (!settings) {
        return settings.error();
    }
    const auto allowed = allowed_names(p, format);
    if (!allowed) {
        return allowed.error();
    }
    if (allowed->empty()) {
        return not_expressible(format, "that no call is allowed: an empty list means that there is none");
    }
    const auto architectures = architecture_words(p, native);
    if (!architectures) {
        return architectures.error();
    }
    return "# An allow-list for a unit, made by sctrace. Calls that are not in it " + settings->words +
           ".\n"
           "# systemd itself also allows execve, exit, exit_group, getrlimit, rt_sigreturn, sigreturn and "
           "the calls\n"
           "# that ask for the time or sleep, and passes over names that its libseccomp does not know.\n"
           "[Service]\n"
           "# The empty assignments take back what the unit says: the lists are whole.\n"
           "SystemCallFilter=\n" +
           (settings->list == "SystemCallFilter=" ? "" : "SystemCallLog=\n") +
           assignments(settings->list, *allowed) + settings->error_number + "SystemCallArchitectures=\n" +
           (permits(p.default_verdict.action) ? "" : "SystemCallArchitectures=" + *architectures + '\n');
}

} // namespace sctrace::detail

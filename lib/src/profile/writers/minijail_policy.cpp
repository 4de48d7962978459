#include "profile/writers/formats.hpp"

#include <sctrace/syscall_names.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <limits>
#include <map>
#include <vector>

namespace sctrace::detail {

namespace {

constexpr auto format = profile_format::minijail;

/// The rules that are about one call.
using rules_by_name = std::map<std::string, std::vector<const profile_rule*>, std::less<>>;

/// In the order of filter_action; an errno's word is followed by its number.
constexpr std::array<std::string_view, 8> action_words{"kill-process", "kill-thread", "trap", "return ",
                                                       "user-notify",  "trace",       "log",  "1"};

std::string word_of(filter_action action)
{
    return std::string(action_words.at(static_cast<std::size_t>(action)));
}

std::string default_action(filter_verdict verdict)
{
    if (verdict.value != 0 || permits(verdict.action) || has_value(verdict.action)) {
        refuse(format, "the default action " + std::string(oci_name(verdict.action)) +
                           ", only SCMP_ACT_KILL_PROCESS, SCMP_ACT_KILL_THREAD, SCMP_ACT_TRAP and "
                           "SCMP_ACT_NOTIFY without a value");
    }
    return word_of(verdict.action);
}

std::string action_word(const std::string& name, filter_verdict verdict)
{
    if (verdict.action == filter_action::errno_value) {
        return word_of(verdict.action) + std::to_string(verdict.value);
    }
    if (verdict.value != 0) {
        refuse(format, "the value " + std::to_string(verdict.value) + " for " +
                           std::string(oci_name(verdict.action)) + " of " + name);
    }
    return word_of(verdict.action);
}

std::string hexadecimal(std::uint64_t value)
{
    std::string digits(2 * sizeof value, '0');
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16);
    digits.erase(static_cast<std::size_t>(written.ptr - digits.data()));
    return "0x" + digits;
}

/// In the order of comparison.
constexpr std::array<std::string_view, 6> operators{" != ", " < ", " <= ", " == ", " >= ", " > "};

/// Bits that must be set are each asked for by `&`, which is true if any is; all that must be clear by `in`,
/// which is true if no bit outside its value is set.
std::string masked_comparison(const std::string& argument, std::uint64_t mask, std::uint64_t value)
{
    if (mask == std::numeric_limits<std::uint64_t>::max()) {
        return argument + " == " + hexadecimal(value);
    }
    std::string text;
    if (const std::uint64_t clear = mask & ~value; clear != 0) {
        text = argument + " in ~" + hexadecimal(clear);
    }
    for (std::uint64_t bits = value; bits != 0; bits &= bits - 1) {
        text += text.empty() ? "" : " && ";
        text += argument + " & " + hexadecimal(bits & (~bits + 1));
    }
    return text;
}

bool has_64_bits(architecture arch) noexcept
{
    constexpr std::uint32_t audit_arch_64bit = 0x80000000;
    return (arch.audit_arch() & audit_arch_64bit) != 0;
}

/// Whether minijail's compiler takes the numbers, and they do not contradict each other.
bool is_comparable(const argument_condition& condition, architecture native) noexcept
{
    const bool fits = has_64_bits(native) || ((condition.value | condition.value_two) >> 32) == 0;
    const bool masked = condition.op == comparison::masked_equal;
    return fits && (!masked || (condition.value != 0 && (condition.value_two & ~condition.value) == 0));
}

std::string atom(const std::string& name, const argument_condition& condition, architecture native)
{
    const std::string argument = "arg" + std::to_string(condition.index);
    if (!is_comparable(condition, native)) {
        refuse(format, "the condition " + std::string(oci_name(condition.op)) + " on " + argument + " of " +
                           name + " with " + hexadecimal(condition.value) + " and " +
                           hexadecimal(condition.value_two));
    }
    if (condition.op == comparison::masked_equal) {
        return masked_comparison(argument, condition.value, condition.value_two);
    }
    return argument + std::string(operators.at(static_cast<std::size_t>(condition.op))) +
           hexadecimal(condition.value);
}

std::string expression(const std::string& name, const std::vector<const profile_rule*>& rules,
                       architecture native)
{
    std::string text;
    for (const profile_rule* rule : rules) {
        const std::string_view between = are_alternatives(rule->conditions) ? " || " : " && ";
        std::string clause;
        for (const argument_condition& condition : rule->conditions) {
            clause += clause.empty() ? "" : between;
            clause += atom(name, condition, native);
        }
        text += text.empty() ? clause : " || " + clause;
    }
    return text;
}

bool is_allowed(const profile_rule* rule) noexcept
{
    return rule->verdict == filter_verdict{filter_action::allow, 0};
}

/// What stands behind the name and its colon.
std::string filter_of(const std::string& name, const std::vector<const profile_rule*>& rules,
                      architecture native)
{
    const auto unconditional =
        std::ranges::find_if(rules, [](const profile_rule* rule) { return rule->conditions.empty(); });
    if (std::ranges::all_of(rules, is_allowed)) {
        return unconditional != rules.end() ? "1" : expression(name, rules, native);
    }
    if (rules.size() == 1 && unconditional != rules.end()) {
        return action_word(name, rules.front()->verdict);
    }
    // `arg0 == 1; return 1` means one thing for minijail0 and the opposite for the compiler.
    refuse(format, "for " + name + " an action other than SCMP_ACT_ALLOW under conditions or beside another");
}

rules_by_name by_name(const profile& p)
{
    rules_by_name sorted;
    for (const profile_rule& rule : p.rules) {
        for (const std::string& name : rule.names) {
            sorted[name].push_back(&rule);
        }
    }
    return sorted;
}

/// Of a name that the architecture lacks the compiler makes an error; it stays as a comment.
std::string line_of(const std::string& name, const std::vector<const profile_rule*>& rules,
                    architecture native)
{
    if (!syscall_number(native, name)) {
        return "# " + name + " is no call of " + native.display_name() + "\n";
    }
    return name + ": " + filter_of(name, rules, native) + '\n';
}

} // namespace

std::string to_minijail(const profile& p, architecture native)
{
    require_no_flags(p, format);
    require_one_architecture(p, format, native);
    require_plain_names(p, format);
    std::string text = "# A policy for " + native.display_name() +
                       ", made by sctrace, for minijail's compile_seccomp_policy.py.\n"
                       "# minijail0 -S does not know @default and kills without it.\n"
                       "@default " +
                       default_action(p.default_verdict) + '\n';
    for (const auto& [name, rules] : by_name(p)) {
        text += line_of(name, rules, native);
    }
    return text;
}

} // namespace sctrace::detail

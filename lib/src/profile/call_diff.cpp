#include "profile/profile_permits.hpp"

#include <sctrace/call_diff.hpp>
#include <sctrace/syscall_names.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <variant>

namespace sctrace {

namespace {

using boost::system::result;
using side = call_difference::side;

/// A call as people know it: a number's name, or the number.
struct call {
    architecture arch;
    std::string name;
    bool is_foreign = false;

    /// Native calls first, then foreign architectures by name; by the call's name within each.
    friend bool operator<(const call& a, const call& b)
    {
        if (a.arch != b.arch) {
            return std::pair(a.is_foreign, a.arch.display_name()) <
                   std::pair(b.is_foreign, b.arch.display_name());
        }
        return a.name < b.name;
    }
};

using calls = std::set<call>;

void add(calls& to, const syscall_key& key, architecture native)
{
    auto name = syscall_name(key.arch, key.number);
    to.insert({key.arch, name ? *std::move(name) : std::to_string(key.number), key.arch != native});
}

void add(calls& to, const trace& counts, architecture native)
{
    for (const trace::line& line : counts.sorted(native)) {
        add(to, line.call, native);
    }
}

const profile* profile_in(const named_calls& file)
{
    return std::get_if<profile>(&file.calls.contents);
}

/// What a profile permits whatever the arguments.
calls permitted_by(const profile& p, architecture native)
{
    calls permitted;
    for (const syscall_key& key : detail::permitted_calls_of(p, native)) {
        add(permitted, key, native);
    }
    return permitted;
}

/// The calls of a trace, of events or of a list.
calls calls_in(const saved_calls& file, architecture native)
{
    calls found;
    if (const auto* counts = std::get_if<trace>(&file.contents)) {
        add(found, *counts, native);
    } else if (const auto* events = std::get_if<counted_events>(&file.contents)) {
        add(found, events->permitted, native);
        add(found, events->denied, native);
    } else if (const auto* list = std::get_if<call_names>(&file.contents)) {
        for (const std::string& name : list->names) {
            found.insert({native, name});
        }
    }
    return found;
}

/// `a`, `a and b`, `a, b and c`.
template <class Words>
std::string enumerated(const Words& words)
{
    std::string text;
    std::size_t left = std::size(words);
    for (const auto& word : words) {
        text += word;
        --left;
        text += left == 0 ? "" : left == 1 ? " and " : ", ";
    }
    return text;
}

/// `SCMP_ACT_ERRNO 1`.
std::string words_for(const filter_verdict& verdict)
{
    const std::string words(oci_name(verdict.action));
    return detail::has_value(verdict.action) ? words + ' ' + std::to_string(verdict.value) : words;
}

/// `1 record does`, `2 records do`.
std::string amount(std::uint64_t records)
{
    return std::to_string(records) + (records == 1 ? " record does" : " records do");
}

/// The rules for one name in a form in which equal ones are equal.
/// Besides the conditions, whether one of them is enough.
using rule_key = std::tuple<filter_action, std::uint16_t, std::set<argument_condition>, bool>;
using rules_by_name = std::map<std::string_view, std::set<rule_key>>;

/// Without rules that say what the default verdict says anyway.
rules_by_name rules_of(const profile& p)
{
    rules_by_name rules;
    for (const profile_rule& rule : p.rules) {
        if (rule.verdict == p.default_verdict && rule.conditions.empty()) {
            continue;
        }
        std::set<argument_condition> conditions(rule.conditions.begin(), rule.conditions.end());
        const bool alternatives = conditions.size() > 1 && detail::are_alternatives(rule.conditions);
        const rule_key key{rule.verdict.action, rule.verdict.value, std::move(conditions), alternatives};
        for (const std::string& name : rule.names) {
            rules[name].insert(key);
        }
    }
    return rules;
}

/// Names for which two profiles have different rules.
std::set<std::string_view> names_with_other_rules(const profile& first, const profile& second)
{
    const rules_by_name a = rules_of(first);
    const rules_by_name b = rules_of(second);
    std::set<std::string_view> names;
    const auto add_other = [&names](const rules_by_name& one, const rules_by_name& other) {
        for (const auto& [name, rules] : one) {
            const auto found = other.find(name);
            if (found == other.end() || found->second != rules) {
                names.insert(name);
            }
        }
    };
    add_other(a, b);
    add_other(b, a);
    return names;
}

std::string words_for_flags(const profile& p)
{
    std::vector<std::string_view> words;
    for (const filter_flag flag : std::set(p.flags.begin(), p.flags.end())) {
        words.push_back(oci_name(flag));
    }
    return words.empty() ? "none" : enumerated(words);
}

std::string words_for_architectures(const profile& p, architecture native)
{
    std::set<std::string> words;
    for (const architecture arch : detail::architectures_of(p, native)) {
        words.insert(arch.display_name());
    }
    return enumerated(words);
}

/// Compares two files, of which it holds no copy.
class comparer {
public:
    comparer(const named_calls& first, const named_calls& second, architecture native)
        : first_(first)
        , second_(second)
        , native_(native)
    {
    }

    result<call_diff, failure> run()
    {
        for (const named_calls* file : {&first_, &second_}) {
            const profile* p = profile_in(*file);
            if (p != nullptr && permits(p->default_verdict.action)) {
                const failure why = detail::permits_by_default(*p);
                return failure{why.code, std::string(file->name) + ": " + why.message};
            }
        }
        compare();
        note_refused(first_);
        note_refused(second_);
        return std::move(diff_);
    }

private:
    void compare()
    {
        const profile* a = profile_in(first_);
        const profile* b = profile_in(second_);
        if (a != nullptr && b != nullptr) {
            compare_sets(permitted_by(*a, native_), permitted_by(*b, native_));
            compare_rest(*a, *b);
        } else if (a != nullptr) {
            compare_with_profile({side::second, second_}, {side::first, first_}, *a);
        } else if (b != nullptr) {
            compare_with_profile({side::first, first_}, {side::second, second_}, *b);
        } else {
            compare_sets(calls_in(first_.calls, native_), calls_in(second_.calls, native_));
        }
    }

    using sided_calls = std::map<call, side>;

    void compare_sets(const calls& a, const calls& b)
    {
        sided_calls found;
        add_missing(a, b, side::first, found);
        add_missing(b, a, side::second, found);
        tell(found);
    }

    static void add_missing(const calls& in, const calls& from, side where, sided_calls& found)
    {
        for (const call& c : in) {
            if (!from.contains(c)) {
                found.emplace(c, where);
            }
        }
    }

    struct sided_file {
        side where;
        const named_calls& file;
    };

    void compare_with_profile(const sided_file& other, const sided_file& with_profile, const profile& p)
    {
        const calls seen = calls_in(other.file.calls, native_);
        const calls permitted = permitted_by(p, native_);
        sided_calls found;
        add_missing(seen, permitted, other.where, found);
        std::set<std::string_view> names;
        for (const call& c : seen) {
            names.insert(c.name);
        }
        for (const call& c : permitted) {
            if (names.insert(c.name).second) {
                found.emplace(c, with_profile.where);
            }
        }
        tell(found);
        note_conditions(with_profile, p);
    }

    /// Names that the profile permits after all, though only under conditions.
    void note_conditions(const sided_file& with_profile, const profile& p)
    {
        std::set<std::string_view> conditional;
        for (const profile_rule& rule : p.rules) {
            if (detail::permits_on_conditions(rule)) {
                conditional.insert(rule.names.begin(), rule.names.end());
            }
        }
        const auto archs = detail::architectures_of(p, native_);
        std::set<std::string_view> told;
        for (const call_difference& d : diff_.calls) {
            if (d.only_in != with_profile.where && conditional.contains(d.call) &&
                std::ranges::find(archs, d.arch) != archs.end()) {
                told.insert(d.call);
            }
        }
        if (!told.empty()) {
            diff_.notes.push_back(std::string(with_profile.file.name) +
                                  " permits only with certain arguments: " + enumerated(told));
        }
    }

    void compare_rest(const profile& a, const profile& b)
    {
        tell_other("the default verdict", words_for(a.default_verdict), words_for(b.default_verdict));
        tell_other("the architectures", words_for_architectures(a, native_),
                   words_for_architectures(b, native_));
        tell_other("the flags", words_for_flags(a), words_for_flags(b));
        compare_rules(a, b);
    }

    void compare_rules(const profile& a, const profile& b)
    {
        std::set<std::string_view> names = names_with_other_rules(a, b);
        for (const call_difference& d : diff_.calls) {
            names.erase(d.call);
        }
        if (!names.empty()) {
            diff_.other.push_back(std::string(first_.name) + " and " + std::string(second_.name) +
                                  " have different conditions or actions for " + enumerated(names));
        }
    }

    void tell(const sided_calls& found)
    {
        for (const auto& [c, where] : found) {
            diff_.calls.push_back({c.arch, c.name, where});
        }
    }

    void tell_other(std::string_view what, const std::string& in_first, const std::string& in_second)
    {
        if (in_first != in_second) {
            diff_.other.push_back(std::string(what) + ": " + in_first + " in " + std::string(first_.name) +
                                  ", " + in_second + " in " + std::string(second_.name));
        }
    }

    void note_refused(const named_calls& file)
    {
        const auto* events = std::get_if<counted_events>(&file.calls.contents);
        if (events != nullptr && !events->denied.empty()) {
            diff_.notes.push_back(
                std::string(file.name) + ": " + amount(events->denied.total()) +
                " not show that the call was let through; these calls are compared as well");
        }
    }

    const named_calls& first_;
    const named_calls& second_;
    architecture native_;
    call_diff diff_;
};

} // namespace

result<call_diff, failure> compare_calls(const named_calls& first, const named_calls& second,
                                         architecture native)
{
    return comparer(first, second, native).run();
}

std::string to_text(const call_diff& diff, architecture native)
{
    std::string text;
    for (const call_difference& d : diff.calls) {
        text += d.only_in == side::first ? '-' : '+';
        text += d.call;
        if (d.arch != native) {
            text += " (" + d.arch.display_name() + ')';
        }
        text += '\n';
    }
    return text;
}

} // namespace sctrace

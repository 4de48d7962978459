#include "profile/writers/format_limits.hpp"
#include "profile/writers/formats.hpp"
#include "text/json_string.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <vector>

namespace sctrace::detail {

namespace {

namespace json = boost::json;

void append_pretty(std::string& text, const json::value& value, std::size_t depth);

void append_line_start(std::string& text, std::size_t depth)
{
    text += '\n';
    text.append(2 * depth, ' ');
}

/// @p append_item writes one element; the layout is that of JSON.stringify(value, null, 2).
template <class Items, class AppendItem>
void append_items(std::string& text, const Items& items, std::size_t depth, std::string_view brackets,
                  AppendItem append_item)
{
    text += brackets.front();
    bool first = true;
    for (const auto& item : items) {
        text += first ? "" : ",";
        first = false;
        append_line_start(text, depth + 1);
        append_item(item);
    }
    if (!first) {
        append_line_start(text, depth);
    }
    text += brackets.back();
}

void append_pretty(std::string& text, const json::value& value, std::size_t depth)
{
    if (const auto* array = value.if_array()) {
        append_items(text, *array, depth, "[]",
                     [&](const json::value& item) { append_pretty(text, item, depth + 1); });
    } else if (const auto* object = value.if_object()) {
        append_items(text, *object, depth, "{}", [&](const json::key_value_pair& member) {
            append_json_string(text, member.key());
            text += ": ";
            append_pretty(text, member.value(), depth + 1);
        });
    } else if (const auto* string = value.if_string()) {
        append_json_string(text, *string);
    } else {
        text += json::serialize(value);
    }
}

std::string to_pretty_text(const json::value& value)
{
    std::string text;
    append_pretty(text, value, 0);
    text += '\n';
    return text;
}

json::array array_of(const std::vector<std::string>& words)
{
    json::array array;
    for (const std::string& word : words) {
        array.emplace_back(word);
    }
    return array;
}

boost::system::result<std::string, failure> name_of_architecture(architecture arch, profile_format format)
{
    const std::string_view name = oci_name(arch);
    if (name.empty()) {
        return not_expressible(format,
                               "the architecture " + arch.display_name() + ", which has no name in it");
    }
    return std::string(name);
}

boost::system::result<json::array, failure> architectures(const profile& p, architecture native)
{
    json::array names;
    for (const architecture arch : architectures_of(p, native)) {
        auto name = name_of_architecture(arch, profile_format::oci);
        if (!name) {
            return name.error();
        }
        names.emplace_back(*name);
    }
    return names;
}

/// An errno is always written: without it each runtime takes its own.
bool is_value_written(filter_verdict verdict) noexcept
{
    return has_value(verdict.action) && (verdict.value != 0 || verdict.action == filter_action::errno_value);
}

boost::system::result<void, failure> add_verdict(json::object& to, filter_verdict verdict, const char* action,
                                                 const char* value)
{
    if (!has_value(verdict.action) && verdict.value != 0) {
        return not_expressible(profile_format::oci, "the value " + std::to_string(verdict.value) + " for " +
                                                        std::string(oci_name(verdict.action)));
    }
    to.emplace(action, oci_name(verdict.action));
    if (is_value_written(verdict)) {
        to.emplace(value, verdict.value);
    }
    return {};
}

json::object condition_object(const argument_condition& condition)
{
    json::object object{{"index", condition.index}, {"value", condition.value}};
    if (condition.op == comparison::masked_equal) {
        object.emplace("valueTwo", condition.value_two);
    }
    object.emplace("op", oci_name(condition.op));
    return object;
}

boost::system::result<json::object, failure> rule_object(const profile_rule& rule)
{
    std::vector<std::string> names = rule.names;
    std::sort(names.begin(), names.end());
    json::object object{{"names", array_of(names)}};
    if (const auto added = add_verdict(object, rule.verdict, "action", "errnoRet"); !added) {
        return added.error();
    }
    if (!rule.conditions.empty()) {
        json::array conditions;
        for (const argument_condition& condition : rule.conditions) {
            conditions.emplace_back(condition_object(condition));
        }
        object.emplace("args", std::move(conditions));
    }
    return object;
}

boost::system::result<json::array, failure> rules(const profile& p)
{
    json::array groups;
    for (const profile_rule& rule : p.rules) {
        auto group = rule_object(rule);
        if (!group) {
            return group.error();
        }
        groups.emplace_back(std::move(*group));
    }
    return groups;
}

json::array flags(const profile& p)
{
    json::array names;
    for (const filter_flag flag : p.flags) {
        names.emplace_back(oci_name(flag));
    }
    return names;
}

boost::system::result<void, failure> require_kill_process(const profile& p)
{
    if (p.default_verdict == filter_verdict{filter_action::kill_process, 0}) {
        return {};
    }
    return not_expressible(profile_format::nucleus,
                           "the default action " + std::string(oci_name(p.default_verdict.action)) +
                               ", only " + std::string(oci_name(filter_action::kill_process)));
}

} // namespace

boost::system::result<std::string, failure> to_oci(const profile& p, architecture native)
{
    json::object object;
    if (const auto added = add_verdict(object, p.default_verdict, "defaultAction", "defaultErrnoRet");
        !added) {
        return added.error();
    }
    auto names = architectures(p, native);
    if (!names) {
        return names.error();
    }
    object.emplace("architectures", std::move(*names));
    if (!p.flags.empty()) {
        object.emplace("flags", flags(p));
    }
    auto groups = rules(p);
    if (!groups) {
        return groups.error();
    }
    object.emplace("syscalls", std::move(*groups));
    return to_pretty_text(object);
}

boost::system::result<std::string, failure> to_nucleus(const profile& p, architecture native)
{
    constexpr auto format = profile_format::nucleus;
    for (const auto& checked : {require_kill_process(p), require_no_flags(p, format),
                                require_one_architecture(p, format, native)}) {
        if (!checked) {
            return checked.error();
        }
    }
    const auto arch = name_of_architecture(native, format);
    if (!arch) {
        return arch.error();
    }
    const auto names = allowed_names(p, format);
    if (!names) {
        return names.error();
    }
    return to_pretty_text(
        json::object{{"defaultAction", oci_name(filter_action::kill_process)},
                     {"architectures", json::array{*arch}},
                     {"syscalls", json::array{json::object{{"names", array_of(*names)},
                                                           {"action", oci_name(filter_action::allow)}}}}});
}

} // namespace sctrace::detail

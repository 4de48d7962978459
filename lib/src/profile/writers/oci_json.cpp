#include "profile/writers/formats.hpp"
#include "text/quote.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <functional>
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

/// @p to_value makes a value of each item.
template <class Items, class ToValue = std::identity>
json::array array_of(const Items& items, ToValue to_value = {})
{
    json::array array;
    for (const auto& item : items) {
        array.emplace_back(to_value(item));
    }
    return array;
}

std::string_view name_of_architecture(architecture arch, profile_format format)
{
    const std::string_view name = oci_name(arch);
    if (name.empty()) {
        refuse_architecture(arch, format);
    }
    return name;
}

/// An errno is always written: without it each runtime takes its own.
bool is_value_written(filter_verdict verdict) noexcept
{
    return has_value(verdict.action) && (verdict.value != 0 || verdict.action == filter_action::errno_value);
}

void add_verdict(json::object& to, filter_verdict verdict, const char* action, const char* value)
{
    if (!has_value(verdict.action) && verdict.value != 0) {
        refuse(profile_format::oci, "the value " + std::to_string(verdict.value) + " for " +
                                        std::string(oci_name(verdict.action)));
    }
    to.emplace(action, oci_name(verdict.action));
    if (is_value_written(verdict)) {
        to.emplace(value, verdict.value);
    }
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

json::object rule_object(const profile_rule& rule)
{
    std::vector<std::string> names = rule.names;
    std::ranges::sort(names);
    json::object object{{"names", array_of(names)}};
    add_verdict(object, rule.verdict, "action", "errnoRet");
    if (!rule.conditions.empty()) {
        object.emplace("args", array_of(rule.conditions, condition_object));
    }
    return object;
}

} // namespace

std::string to_oci(const profile& p, architecture native)
{
    json::object object;
    add_verdict(object, p.default_verdict, "defaultAction", "defaultErrnoRet");
    object.emplace("architectures", array_of(architectures_of(p, native), [](architecture arch) {
                       return name_of_architecture(arch, profile_format::oci);
                   }));
    if (!p.flags.empty()) {
        object.emplace("flags", array_of(p.flags, [](filter_flag flag) { return oci_name(flag); }));
    }
    object.emplace("syscalls", array_of(p.rules, rule_object));
    return to_pretty_text(object);
}

std::string to_nucleus(const profile& p, architecture native)
{
    constexpr auto format = profile_format::nucleus;
    constexpr auto otherwise = filter_action::kill_process;
    if (p.default_verdict != filter_verdict{otherwise, 0}) {
        refuse(format, "the default action " + std::string(oci_name(p.default_verdict.action)) + ", only " +
                           std::string(oci_name(otherwise)));
    }
    require_no_flags(p, format);
    require_one_architecture(p, format, native);
    const json::array archs{name_of_architecture(native, format)};
    const json::object allowed{{"names", array_of(allowed_names(p, format))},
                               {"action", oci_name(filter_action::allow)}};
    return to_pretty_text(json::object{{"defaultAction", oci_name(otherwise)},
                                       {"architectures", archs},
                                       {"syscalls", json::array{allowed}}});
}

} // namespace sctrace::detail

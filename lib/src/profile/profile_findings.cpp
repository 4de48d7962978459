#include "profile/profile_findings.hpp"

#include <algorithm>
#include <utility>

namespace sctrace::detail {

namespace {

constexpr std::size_t most_notes = 100;

std::string at_line(std::uint64_t line, std::string_view words)
{
    return "line " + std::to_string(line) + ": " + std::string(words);
}

const json_member* find_member(const json_value::object& members, std::string_view name) noexcept
{
    const auto found = std::find_if(members.begin(), members.end(),
                                    [name](const json_member& member) { return member.name == name; });
    return found != members.end() ? &*found : nullptr;
}

/// The digits of a number that is no unsigned integer of 64 bits; empty for what is no number.
std::string other_number(const json_value& value)
{
    constexpr std::size_t most = 40;
    if (const auto* negative = value.as<std::int64_t>()) {
        return std::to_string(*negative);
    }
    const auto* real = value.as<json_real>();
    if (real == nullptr) {
        return {};
    }
    return real->text.size() > most ? real->text.substr(0, most) + "…" : real->text;
}

} // namespace

std::optional<node> find_node(const node& parent, const json_value::object& members, std::string_view name)
{
    const json_member* const member = find_member(members, name);
    if (member == nullptr || member->value.is_null()) {
        return std::nullopt;
    }
    return node{&member->value, member_path(parent.path, name)};
}

bool findings::fail(std::uint64_t line, std::string_view problem)
{
    return fail(at_line(line, problem));
}

bool findings::fail(std::string problem_with_line)
{
    problem_ = std::move(problem_with_line);
    return false;
}

bool findings::pass_over(std::uint64_t line, std::string_view problem, std::string_view advice,
                         std::string_view outcome)
{
    std::string words(problem);
    words += "; ";
    if (is_strict()) {
        return fail(line, words += advice);
    }
    note(line, words += outcome);
    return true;
}

void findings::note(std::uint64_t line, std::string_view words)
{
    if (notes_.size() < most_notes) {
        notes_.push_back(at_line(line, words));
    } else {
        ++more_notes_;
    }
}

std::vector<std::string> findings::take_notes()
{
    if (more_notes_ != 0) {
        notes_.push_back("and " + std::to_string(more_notes_) + " more");
    }
    return std::exchange(notes_, {});
}

const std::string* findings::string_at(const node& at)
{
    const auto* text = at.value->as<std::string>();
    if (text == nullptr) {
        wrong_type(at, "a string");
    }
    return text;
}

const json_value::array* findings::array_at(const node& at)
{
    const auto* elements = at.value->as<json_value::array>();
    if (elements == nullptr) {
        wrong_type(at, "an array");
    }
    return elements;
}

const json_value::object* findings::object_at(const node& at)
{
    const auto* members = at.value->as<json_value::object>();
    if (members == nullptr) {
        wrong_type(at, "an object");
    }
    return members;
}

std::optional<std::uint64_t> findings::number_at(const node& at)
{
    if (const auto* number = at.value->as<std::uint64_t>()) {
        return *number;
    }
    const std::string digits = other_number(*at.value);
    if (digits.empty()) {
        wrong_type(at, "a number");
    } else {
        fail(at.line(), at.path + " is " + digits +
                            "; it must be a whole number from 0 to 18446744073709551615, in plain digits");
    }
    return std::nullopt;
}

std::optional<node> findings::member_at(const node& parent, const json_value::object& members,
                                        std::string_view name)
{
    const json_member* const member = find_member(members, name);
    const std::string path = member_path(parent.path, name);
    if (member == nullptr) {
        fail(parent.line(), path + " is missing");
        return std::nullopt;
    }
    return node{&member->value, path};
}

void findings::wrong_type(const node& at, std::string_view wanted)
{
    fail(at.line(),
         at.path + " must be " + std::string(wanted) + ", but is " + std::string(kind_of(*at.value)));
}

} // namespace sctrace::detail

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

const json_value* find_member(const json_value::object& members, std::string_view name) noexcept
{
    const auto found = std::ranges::find(members, name, &json_member::name);
    return found != members.end() ? &found->value : nullptr;
}

template <class T>
const T& as(const node& at, std::string_view wanted)
{
    const T* const content = at.value->as<T>();
    if (content == nullptr) {
        at.fail(" must be " + std::string(wanted) + ", but is " + std::string(kind_of(*at.value)));
    }
    return *content;
}

/// The digits of a number that is no unsigned integer of 64 bits; of what is no number, an error.
std::string other_number(const node& at)
{
    constexpr std::size_t most = 40;
    if (const auto* negative = at.value->as<std::int64_t>()) {
        return std::to_string(*negative);
    }
    const std::string& text = as<json_real>(at, "a number").text;
    return text.size() > most ? text.substr(0, most) + "…" : text;
}

} // namespace

void fail(std::uint64_t line, std::string_view problem)
{
    throw failure{error::malformed_profile, at_line(line, problem)};
}

void node::fail(std::string_view words) const
{
    detail::fail(line(), path + std::string(words));
}

const std::string& node::string() const
{
    return as<std::string>(*this, "a string");
}

const json_value::array& node::array() const
{
    return as<json_value::array>(*this, "an array");
}

const json_value::object& node::object() const
{
    return as<json_value::object>(*this, "an object");
}

std::uint64_t node::number() const
{
    if (const auto* number = value->as<std::uint64_t>()) {
        return *number;
    }
    fail(" is " + other_number(*this) +
         "; it must be a whole number from 0 to 18446744073709551615, in plain digits");
}

node node::member(std::string_view name) const
{
    const json_value* const found = find_member(object(), name);
    std::string its_path = member_path(path, name);
    if (found == nullptr) {
        detail::fail(line(), its_path + " is missing");
    }
    return {found, std::move(its_path)};
}

std::optional<node> node::find(std::string_view name) const
{
    const json_value* const found = find_member(object(), name);
    if (found == nullptr || found->is_null()) {
        return std::nullopt;
    }
    return node{found, member_path(path, name)};
}

void findings::pass_over(std::uint64_t line, const std::string& problem, std::string_view advice,
                         std::string_view outcome)
{
    if (is_strict()) {
        fail(line, problem + "; " + std::string(advice));
    }
    note(line, problem + "; " + std::string(outcome));
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

} // namespace sctrace::detail

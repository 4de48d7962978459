#include "profile/profile_group.hpp"

#include "profile/oci_names.hpp"
#include "profile/profile_permits.hpp"
#include "text/quoted.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace sctrace::detail {

namespace {

constexpr std::uint16_t eperm = 1;

constexpr std::array<std::string_view, 9> group_members{
    "names", "action", "errnoRet", "args", "comment", "name", "includes", "excludes", "minKernel"};
constexpr std::array<std::string_view, 5> condition_members{"index", "value", "valueTwo", "op", "comment"};

constexpr bool is_control_or_space(char c) noexcept
{
    return static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
}

class group_reader {
public:
    explicit group_reader(findings& found) noexcept
        : found_(found)
    {
    }

    bool read(const node& at, std::size_t index)
    {
        const auto* members = found_.object_at(at);
        return members != nullptr &&
               read_unknown(at, *members, group_members, "a group has names, action, errnoRet and args") &&
               read_action(at, *members) && read_value_of_action(at, *members) &&
               read_template_conditions(at, *members) && read_conditions(at, *members) &&
               read_calls(at, *members, index);
    }

    profile_group take() { return std::move(group_); }

private:
    bool doubt(std::uint64_t line, std::string problem, std::string_view advice, effect when_ignored)
    {
        if (found_.is_strict()) {
            return found_.fail(line, problem + "; " + std::string(advice));
        }
        group_.doubts.push_back({line, std::move(problem), when_ignored});
        return true;
    }

    bool read_unknown(const node& at, const json_value::object& members,
                      std::span<const std::string_view> known, std::string_view advice)
    {
        return std::all_of(members.begin(), members.end(), [&](const json_member& member) {
            return std::find(known.begin(), known.end(), member.name) != known.end() ||
                   doubt(member.line, member_path(at.path, member.name) + " is unknown", advice,
                         effect::wider);
        });
    }

    bool read_action(const node& at, const json_value::object& members)
    {
        const auto member = found_.member_at(at, members, "action");
        const auto* word = member ? found_.string_at(*member) : nullptr;
        if (word == nullptr) {
            return false;
        }
        group_.verdict = verdict_of(*word);
        return group_.verdict ||
               doubt(member->line(), unknown_action(*member, *word), known_actions(), effect::senseless);
    }

    bool read_value_of_action(const node& at, const json_value::object& members)
    {
        const auto member = find_node(at, members, "errnoRet");
        return !member || !group_.verdict || read_value(found_, *member, *group_.verdict);
    }

    /// Conditions on the host and the container, which stand only in the templates of Docker and Podman.
    bool read_template_conditions(const node& at, const json_value::object& members)
    {
        constexpr std::array<std::string_view, 3> names{"includes", "excludes", "minKernel"};
        return std::all_of(names.begin(), names.end(), [&](std::string_view name) {
            const auto member = find_node(at, members, name);
            return !member || says_nothing(*member->value) ||
                   doubt(member->line(),
                         member->path +
                             " is a condition that Docker or Podman decides when it starts a container",
                         "leave out the condition, or the whole group", effect::wider);
        });
    }

    bool read_conditions(const node& at, const json_value::object& members)
    {
        const auto member = find_node(at, members, "args");
        return !member || found_.each_element(
                              *member, [this](const node& condition) { return read_condition(condition); });
    }

    bool read_condition(const node& at)
    {
        const auto* members = found_.object_at(at);
        argument_condition condition;
        if (members == nullptr ||
            !read_unknown(at, *members, condition_members, "a condition has index, value, valueTwo and op") ||
            !read_index(at, *members, condition) || !read_operand(at, *members, condition) ||
            !read_comparison(at, *members, condition) || !read_second_operand(at, *members, condition)) {
            return false;
        }
        group_.conditions.push_back(condition);
        return true;
    }

    bool read_index(const node& at, const json_value::object& members, argument_condition& condition)
    {
        constexpr std::uint64_t largest = 5;
        const auto member = found_.member_at(at, members, "index");
        const auto index = member ? found_.number_at(*member) : std::nullopt;
        if (index && *index > largest) {
            return found_.fail(member->line(), member->path + " is " + std::to_string(*index) +
                                                   "; a call has arguments 0 to 5");
        }
        condition.index = static_cast<unsigned>(index.value_or(0));
        return index.has_value();
    }

    bool read_operand(const node& at, const json_value::object& members, argument_condition& condition)
    {
        const auto member = found_.member_at(at, members, "value");
        const auto value = member ? found_.number_at(*member) : std::nullopt;
        condition.value = value.value_or(0);
        return value.has_value();
    }

    bool read_comparison(const node& at, const json_value::object& members, argument_condition& condition)
    {
        const auto member = found_.member_at(at, members, "op");
        const auto* word = member ? found_.string_at(*member) : nullptr;
        if (word == nullptr) {
            return false;
        }
        if (const auto op = meaning_in(oci_comparisons, *word)) {
            condition.op = *op;
            return true;
        }
        return doubt(member->line(), member->path + " is " + quoted(*word) + ", which is no comparison",
                     "there are SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE, SCMP_CMP_EQ, SCMP_CMP_GE, SCMP_CMP_GT "
                     "and SCMP_CMP_MASKED_EQ",
                     effect::senseless);
    }

    bool read_second_operand(const node& at, const json_value::object& members, argument_condition& condition)
    {
        const auto member = find_node(at, members, "valueTwo");
        const auto value = member ? found_.number_at(*member) : std::optional(std::uint64_t{0});
        if (!value) {
            return false;
        }
        if (condition.op == comparison::masked_equal) {
            condition.value_two = *value;
            return true;
        }
        return *value == 0 || found_.pass_over(member->line(),
                                               member->path + " is " + std::to_string(*value) +
                                                   ", but only SCMP_CMP_MASKED_EQ compares with two numbers",
                                               "make it 0 or leave it out", "it is ignored");
    }

    bool read_calls(const node& at, const json_value::object& members, std::size_t index)
    {
        const auto names = find_node(at, members, "names");
        const auto name = find_node(at, members, "name");
        if (names && name) {
            return found_.fail(name->line(), name->path + " stands beside names; leave it out");
        }
        if (name) {
            return read_call(*name, index);
        }
        const auto member = found_.member_at(at, members, "names");
        if (!member ||
            !found_.each_element(*member, [&](const node& call) { return read_call(call, index); })) {
            return false;
        }
        return !group_.calls.empty() ||
               found_.fail(member->line(), member->path + " is empty; name a call, or leave out the group");
    }

    bool read_call(const node& at, std::size_t index)
    {
        const auto* name = found_.string_at(at);
        if (name == nullptr) {
            return false;
        }
        if (name->empty()) {
            return found_.fail(at.line(), at.path + " is empty");
        }
        if (std::any_of(name->begin(), name->end(), is_control_or_space)) {
            return found_.fail(at.line(), at.path + " is " + quoted(*name) +
                                              "; a call's name has no spaces and no control characters");
        }
        group_.calls.push_back({*name, at.path, at.line(), index});
        return true;
    }

    findings& found_;
    profile_group group_;
};

} // namespace

std::optional<profile_group> read_group(findings& found, const node& at, std::size_t index)
{
    group_reader reader(found);
    if (!reader.read(at, index)) {
        return std::nullopt;
    }
    return reader.take();
}

std::optional<filter_verdict> verdict_of(std::string_view action) noexcept
{
    const auto known = meaning_in(oci_actions, action);
    if (!known) {
        return std::nullopt;
    }
    return filter_verdict{*known, has_value(*known) ? eperm : std::uint16_t{0}};
}

bool read_value(findings& found, const node& at, filter_verdict& verdict)
{
    const bool is_for_tracer = verdict.action == filter_action::trace;
    const std::uint64_t largest = is_for_tracer ? 65535 : 4095;
    const auto value = found.number_at(at);
    if (!value) {
        return false;
    }
    if (*value > largest) {
        return found.fail(at.line(),
                          at.path + " is " + std::to_string(*value) + "; " +
                              (is_for_tracer ? "a tracer gets at most " : "the largest errno is ") +
                              std::to_string(largest));
    }
    if (!has_value(verdict.action)) {
        return found.pass_over(at.line(),
                               at.path + " stands beside " + std::string(oci_name(verdict.action)) +
                                   ", which has no value",
                               "leave it out", "it is ignored");
    }
    verdict.value = static_cast<std::uint16_t>(*value);
    return true;
}

std::string unknown_action(const node& at, std::string_view word)
{
    return at.path + " is " + quoted(word) + ", which is no action";
}

std::string_view known_actions() noexcept
{
    return "there are SCMP_ACT_ALLOW, SCMP_ACT_ERRNO, SCMP_ACT_KILL_PROCESS, SCMP_ACT_KILL_THREAD, "
           "SCMP_ACT_KILL, SCMP_ACT_LOG, SCMP_ACT_NOTIFY, SCMP_ACT_TRACE and SCMP_ACT_TRAP";
}

} // namespace sctrace::detail

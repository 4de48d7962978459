#include "profile/profile_group.hpp"

#include "profile/oci_names.hpp"
#include "profile/profile_permits.hpp"
#include "text/quote.hpp"

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

    profile_group read(const node& at, std::size_t index)
    {
        check_members(at, group_members, "a group has names, action, errnoRet and args");
        read_action(at);
        if (const auto value = at.find("errnoRet"); value && group_.verdict) {
            read_value(found_, *value, *group_.verdict);
        }
        check_template_conditions(at);
        if (const auto conditions = at.find("args")) {
            conditions->for_each_element([this](const node& condition) { read_condition(condition); });
        }
        read_calls(at, index);
        return std::move(group_);
    }

private:
    void doubt(std::uint64_t line, std::string problem, std::string_view advice, effect when_ignored)
    {
        if (found_.is_strict()) {
            fail(line, problem + "; " + std::string(advice));
        }
        group_.doubts.push_back({line, std::move(problem), when_ignored});
    }

    void check_members(const node& at, std::span<const std::string_view> known, std::string_view advice)
    {
        for (const json_member& member : at.object()) {
            if (std::ranges::find(known, member.name) == known.end()) {
                doubt(member.line, member_path(at.path, member.name) + " is unknown", advice, effect::wider);
            }
        }
    }

    void read_action(const node& at)
    {
        const node member = at.member("action");
        const std::string& word = member.string();
        group_.verdict = verdict_of(word);
        if (!group_.verdict) {
            doubt(member.line(), member.path + " is " + quoted(word) + ", which is no action",
                  known_actions(), effect::senseless);
        }
    }

    /// Conditions on the host and the container, which stand only in the templates of Docker and Podman.
    void check_template_conditions(const node& at)
    {
        for (const std::string_view name : {"includes", "excludes", "minKernel"}) {
            const auto member = at.find(name);
            if (member && !says_nothing(*member->value)) {
                doubt(member->line(),
                      member->path +
                          " is a condition that Docker or Podman decides when it starts a container",
                      "leave out the condition, or the whole group", effect::wider);
            }
        }
    }

    void read_condition(const node& at)
    {
        check_members(at, condition_members, "a condition has index, value, valueTwo and op");
        argument_condition condition;
        condition.index = index_in(at);
        condition.value = at.member("value").number();
        read_comparison(at, condition);
        if (const auto second = at.find("valueTwo")) {
            read_second_operand(*second, condition);
        }
        group_.conditions.push_back(condition);
    }

    static unsigned index_in(const node& at)
    {
        constexpr std::uint64_t largest = 5;
        const node member = at.member("index");
        const std::uint64_t index = member.number();
        if (index > largest) {
            member.fail(" is " + std::to_string(index) + "; a call has arguments 0 to 5");
        }
        return static_cast<unsigned>(index);
    }

    void read_comparison(const node& at, argument_condition& condition)
    {
        const node member = at.member("op");
        const std::string& word = member.string();
        if (const auto op = meaning_in(oci_comparisons, word)) {
            condition.op = *op;
            return;
        }
        doubt(member.line(), member.path + " is " + quoted(word) + ", which is no comparison",
              "there are SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE, SCMP_CMP_EQ, SCMP_CMP_GE, SCMP_CMP_GT "
              "and SCMP_CMP_MASKED_EQ",
              effect::senseless);
    }

    void read_second_operand(const node& at, argument_condition& condition)
    {
        const std::uint64_t value = at.number();
        if (condition.op == comparison::masked_equal) {
            condition.value_two = value;
        } else if (value != 0) {
            found_.pass_over(at.line(),
                             at.path + " is " + std::to_string(value) +
                                 ", but only SCMP_CMP_MASKED_EQ compares with two numbers",
                             "make it 0 or leave it out", "it is ignored");
        }
    }

    void read_calls(const node& at, std::size_t index)
    {
        const auto name = at.find("name");
        if (name && at.find("names")) {
            name->fail(" stands beside names; leave it out");
        }
        if (name) {
            read_call(*name, index);
            return;
        }
        const node names = at.member("names");
        names.for_each_element([&](const node& call) { read_call(call, index); });
        if (group_.calls.empty()) {
            names.fail(" is empty; name a call, or leave out the group");
        }
    }

    void read_call(const node& at, std::size_t index)
    {
        const std::string& name = at.string();
        if (name.empty()) {
            at.fail(" is empty");
        }
        if (std::ranges::any_of(name, is_control_or_space)) {
            at.fail(" is " + quoted(name) + "; a call's name has no spaces and no control characters");
        }
        group_.calls.push_back({name, at.path, at.line(), index});
    }

    findings& found_;
    profile_group group_;
};

} // namespace

profile_group read_group(findings& found, const node& at, std::size_t index)
{
    return group_reader(found).read(at, index);
}

std::optional<filter_verdict> verdict_of(std::string_view action) noexcept
{
    const auto known = meaning_in(oci_actions, action);
    if (!known) {
        return std::nullopt;
    }
    return filter_verdict{*known, has_value(*known) ? eperm : std::uint16_t{0}};
}

void read_value(findings& found, const node& at, filter_verdict& verdict)
{
    const bool is_for_tracer = verdict.action == filter_action::trace;
    const std::uint64_t largest = is_for_tracer ? 65535 : 4095;
    const std::uint64_t value = at.number();
    if (value > largest) {
        at.fail(" is " + std::to_string(value) + "; " +
                (is_for_tracer ? "a tracer gets at most " : "the largest errno is ") +
                std::to_string(largest));
    }
    if (has_value(verdict.action)) {
        verdict.value = static_cast<std::uint16_t>(value);
        return;
    }
    found.pass_over(at.line(),
                    at.path + " stands beside " + std::string(oci_name(verdict.action)) +
                        ", which has no value",
                    "leave it out", "it is ignored");
}

std::string_view known_actions() noexcept
{
    return "there are SCMP_ACT_ALLOW, SCMP_ACT_ERRNO, SCMP_ACT_KILL_PROCESS, SCMP_ACT_KILL_THREAD, "
           "SCMP_ACT_KILL, SCMP_ACT_LOG, SCMP_ACT_NOTIFY, SCMP_ACT_TRACE and SCMP_ACT_TRAP";
}

} // namespace sctrace::detail

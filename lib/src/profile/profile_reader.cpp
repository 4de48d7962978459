#include "profile/oci_names.hpp"
#include "profile/profile_conflicts.hpp"
#include "profile/profile_findings.hpp"
#include "profile/profile_group.hpp"
#include "profile/profile_permits.hpp"
#include "profile/unique_list.hpp"
#include "text/quote.hpp"

#include <sctrace/profile_reader.hpp>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace sctrace {

namespace detail {

namespace {

constexpr std::array<std::string_view, 9> profile_members{
    "defaultAction", "defaultErrnoRet",  "architectures", "archMap", "flags",
    "listenerPath",  "listenerMetadata", "syscalls",      "comment"};

/// What is left out gets the default action: where that does not refuse it, the reading ends.
void require_refusal(const profile& p, std::uint64_t line, const std::string& problem)
{
    const filter_action action = p.default_verdict.action;
    if (!refuses(action)) {
        fail(line, problem + ", as the default action is " + std::string(oci_name(action)));
    }
}

/// Turns the groups of a profile into rules.
class rule_maker {
public:
    rule_maker(findings& found, profile& into) noexcept
        : found_(found)
        , into_(into)
    {
    }

    /// Takes the next group.
    void add(const profile_group& group)
    {
        if (!group.doubts.empty() && must_leave_out(group)) {
            leave_out(group);
            return;
        }
        for (const group_doubt& doubt : group.doubts) {
            found_.note(doubt.line, doubt.problem + "; it is ignored");
        }
        add_rule(group);
    }

    /// After the last group.
    void finish()
    {
        for (const profile_rule& rule : into_.rules) {
            if (!refuses(rule.verdict.action)) {
                check_refusals(rule);
            }
        }
    }

private:
    static bool must_leave_out(const profile_group& group) noexcept
    {
        const bool may_be_wider = group.verdict && refuses(group.verdict->action);
        return std::ranges::any_of(group.doubts, [&](const group_doubt& doubt) {
            return doubt.when_ignored == effect::senseless || !may_be_wider;
        });
    }

    /// Calls of a group that is left out get the default, which must not be the better for them.
    void leave_out(const profile_group& group)
    {
        if (!group.verdict || !permits(group.verdict->action)) {
            const group_doubt& first = group.doubts.front();
            require_refusal(into_, first.line, first.problem + "; the group cannot be left out");
            for (const placed_call& call : group.calls) {
                refusals_.emplace(call.name, first);
            }
        }
        for (const group_doubt& doubt : group.doubts) {
            found_.note(doubt.line, doubt.problem + "; the group is left out");
        }
    }

    void check_refusals(const profile_rule& rule)
    {
        const auto found = std::ranges::find_if(
            rule.names, [this](const std::string& name) { return refusals_.contains(name); });
        if (found != rule.names.end()) {
            const group_doubt& doubt = refusals_.at(*found);
            fail(doubt.line, doubt.problem + "; the group cannot be left out, as another one has " +
                                 words_for(rule.verdict) + " for " + quoted(*found));
        }
    }

    void add_rule(const profile_group& group)
    {
        profile_rule rule{{}, *group.verdict, group.conditions};
        const std::size_t conditions = conflicts_.number_of(group.conditions);
        std::unordered_set<std::string_view> names;
        for (const placed_call& call : group.calls) {
            if (!is_known(call.name)) {
                pass_over_name(call, rule.verdict.action);
                continue;
            }
            conflicts_.add(call, rule.verdict, conditions);
            if (names.insert(call.name).second) {
                rule.names.push_back(call.name);
            }
        }
        if (!rule.names.empty()) {
            into_.rules.push_back(std::move(rule));
        }
    }

    /// Looking at all architectures takes long.
    bool is_known(const std::string& name)
    {
        const auto [known, is_new] = known_.emplace(name, false);
        if (is_new) {
            known->second = is_call_of_any_architecture(name);
        }
        return known->second;
    }

    void pass_over_name(const placed_call& call, filter_action action)
    {
        const std::string problem =
            call.path + " is " + quoted(call.name) + ", which no known architecture has";
        if (!found_.is_strict() && !permits(action)) {
            require_refusal(into_, call.line, problem + "; it cannot be left out");
        }
        found_.pass_over(call.line, problem, "correct it or leave it out", "it is left out");
    }

    findings& found_;
    profile& into_;
    std::unordered_map<std::string, bool> known_;
    profile_conflicts conflicts_;
    /// Calls of groups that are left out though they may refuse them.
    std::unordered_map<std::string, group_doubt> refusals_;
};

class document_reader {
public:
    explicit document_reader(strictness how) noexcept
        : found_(how)
    {
    }

    read_profile read(const json_value& document)
    {
        const node at{&document, {}};
        if (document.as<json_value::object>() == nullptr) {
            at.fail("a profile is a JSON object, and this is " + std::string(kind_of(document)));
        }
        check_kind(at);
        if (found_.is_strict()) {
            pass_over_unknown(at);
        }
        read_default(at);
        read_architectures(at);
        if (const auto flags = at.find("flags")) {
            flags->for_each_element([this](const node& flag) { read_flag(flag); });
        }
        check_listener(at);
        read_groups(at);
        pass_over_unknown(at);
        return {std::move(contents_), found_.take_notes()};
    }

private:
    static void check_kind(const node& at)
    {
        for (const json_member& member : at.object()) {
            if (member.name == "ociVersion" || member.name == "linux") {
                fail(member.line,
                     "a runtime's whole config.json; take what stands under linux.seccomp, as with "
                     "`jq .linux.seccomp config.json`");
            }
        }
    }

    /// It may be a mistyped `syscalls` with refusals, which only a default that refuses makes up for.
    void pass_over_unknown(const node& at)
    {
        for (const json_member& member : at.object()) {
            if (std::ranges::find(profile_members, member.name) != profile_members.end()) {
                continue;
            }
            const std::string problem = member_path({}, member.name) + " is unknown";
            if (!found_.is_strict()) {
                require_refusal(contents_, member.line, problem + "; it cannot be ignored");
            }
            found_.pass_over(member.line, problem,
                             "a profile has defaultAction, defaultErrnoRet, architectures, flags, "
                             "listenerPath, listenerMetadata and syscalls",
                             "it is ignored");
        }
    }

    void read_default(const node& at)
    {
        const node member = at.member("defaultAction");
        const std::string& word = member.string();
        const auto verdict = verdict_of(word);
        if (!verdict) {
            member.fail(" is " + quoted(word) + ", which is no action; " + std::string(known_actions()));
        }
        contents_.default_verdict = *verdict;
        if (const auto value = at.find("defaultErrnoRet")) {
            read_value(found_, *value, contents_.default_verdict);
        }
    }

    void read_architectures(const node& at)
    {
        const auto list = at.find("architectures");
        const auto map = at.find("archMap");
        if (!map || says_nothing(*map->value)) {
            if (list) {
                read_architecture_list(*list);
            }
            return;
        }
        if (list && !says_nothing(*list->value)) {
            map->fail(" stands beside architectures; leave one of the two out");
        }
        read_architecture_map(*map);
    }

    /// Unknown ones may be left out, as their calls are refused then; but not all, as an empty list means the
    /// native one.
    void read_architecture_list(const node& at)
    {
        at.for_each_element([this](const node& arch) { read_architecture(arch); });
        if (contents_.architectures.empty() && !at.array().empty()) {
            at.fail(" holds no known architecture");
        }
    }

    void read_architecture(const node& at)
    {
        const std::string& word = at.string();
        if (const auto arch = architecture_from_oci_name(word)) {
            add_once(contents_.architectures, *arch);
            return;
        }
        found_.pass_over(at.line(), at.path + " is " + quoted(word) + ", which is no architecture",
                         "they are named as SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_AARCH64",
                         "it is left out");
    }

    void read_architecture_map(const node& at)
    {
        const std::string native = architecture::native().display_name();
        static_cast<void>(at.array());
        found_.pass_over(at.line(), "archMap is Docker's, who looks the host up in it",
                         "write the architectures into architectures instead",
                         "what it has for " + native + " is taken");
        at.for_each_element([this](const node& entry) { read_architecture_entry(entry); });
    }

    void read_architecture_entry(const node& at)
    {
        if (architecture_from_oci_name(at.member("architecture").string()) != architecture::native()) {
            return;
        }
        add_once(contents_.architectures, architecture::native());
        if (const auto others = at.find("subArchitectures")) {
            read_architecture_list(*others);
        }
    }

    void read_flag(const node& at)
    {
        const std::string& word = at.string();
        if (const auto flag = meaning_in(oci_flags, word)) {
            add_once(contents_.flags, *flag);
            return;
        }
        found_.pass_over(at.line(), at.path + " is " + quoted(word) + ", which is no flag",
                         "there are SECCOMP_FILTER_FLAG_TSYNC, SECCOMP_FILTER_FLAG_LOG, "
                         "SECCOMP_FILTER_FLAG_SPEC_ALLOW "
                         "and SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
                         "it is left out");
    }

    /// Where a runtime finds its supervisor says nothing about calls.
    static void check_listener(const node& at)
    {
        for (const std::string_view name : {"listenerPath", "listenerMetadata"}) {
            if (const auto member = at.find(name)) {
                static_cast<void>(member->string());
            }
        }
    }

    void read_groups(const node& at)
    {
        const auto groups = at.find("syscalls");
        if (!groups) {
            return;
        }
        rule_maker rules(found_, contents_);
        std::size_t next = 0;
        groups->for_each_element(
            [&](const node& element) { rules.add(read_group(found_, element, next++)); });
        rules.finish();
    }

    findings found_;
    profile contents_;
};

} // namespace

} // namespace detail

boost::system::result<read_profile, failure> parse_profile(std::string_view json, strictness how)
{
    if (json.size() > max_profile_size) {
        return failure{error::malformed_profile, "line 1: the profile has more than 16 MiB"};
    }
    const auto document = parse_json(json, error::malformed_profile);
    if (!document) {
        return document.error();
    }
    try {
        return detail::document_reader(how).read(*document);
    } catch (const failure& why) {
        return why;
    }
}

} // namespace sctrace

#include "profile/oci_names.hpp"
#include "profile/profile_conflicts.hpp"
#include "profile/profile_findings.hpp"
#include "profile/profile_group.hpp"
#include "profile/profile_permits.hpp"
#include "profile/unique_list.hpp"
#include "text/quoted.hpp"

#include <sctrace/profile_reader.hpp>
#include <sctrace/syscall_names.hpp>

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

/// Knows which names are those of calls.
class call_lexicon {
public:
    /// Looks first at these architectures, as looking at all takes long.
    explicit call_lexicon(const std::vector<architecture>& likely) noexcept
        : likely_(likely)
    {
    }

    bool contains(const std::string& name)
    {
        const auto [known, is_new] = known_.emplace(name, false);
        if (is_new) {
            known->second = look_up(name);
        }
        return known->second;
    }

private:
    /// Architectures that OCI has no word for have no calls that all the others lack.
    bool look_up(const std::string& name) const
    {
        const auto has_call = [&](architecture arch) { return syscall_number(arch, name).has_value(); };
        return std::any_of(likely_.begin(), likely_.end(), has_call) ||
               std::any_of(oci_architectures.begin(), oci_architectures.end(),
                           [&](const oci_word<architecture>& word) { return has_call(word.meaning); });
    }

    const std::vector<architecture>& likely_;
    std::unordered_map<std::string, bool> known_;
};

/// Turns the groups of a profile into rules.
class rule_maker {
public:
    rule_maker(findings& found, profile& into) noexcept
        : found_(found)
        , into_(into)
        , known_(into.architectures)
    {
    }

    /// Takes the next group; false after an error.
    bool add(const profile_group& group)
    {
        if (group.doubts.empty()) {
            return add_rule(group);
        }
        return must_leave_out(group) ? leave_out(group) : keep_in_doubt(group);
    }

    /// After the last group; false after an error.
    bool finish()
    {
        for (const profile_rule& rule : into_.rules) {
            if (!refuses(rule.verdict.action) && !check_refusals(rule)) {
                return false;
            }
        }
        return true;
    }

private:
    static bool must_leave_out(const profile_group& group) noexcept
    {
        const bool may_be_wider = group.verdict && refuses(group.verdict->action);
        return std::any_of(group.doubts.begin(), group.doubts.end(), [&](const group_doubt& doubt) {
            return doubt.when_ignored == effect::senseless ||
                   (doubt.when_ignored == effect::wider && !may_be_wider);
        });
    }

    /// Calls of a group that is left out get the default, which must not be the better for them.
    bool leave_out(const profile_group& group)
    {
        const bool is_permission = group.verdict && permits(group.verdict->action);
        if (!is_permission && !refuses(into_.default_verdict.action)) {
            return found_.fail(group.doubts.front().line,
                               group.doubts.front().problem +
                                   "; the group cannot be left out, as the default action is " +
                                   std::string(oci_name(into_.default_verdict.action)));
        }
        if (!is_permission) {
            remember_refusals(group);
        }
        for (const group_doubt& doubt : group.doubts) {
            found_.note(doubt.line, doubt.problem + "; the group is left out");
        }
        return true;
    }

    void remember_refusals(const profile_group& group)
    {
        for (const placed_call& call : group.calls) {
            refusals_.emplace(call.name, group.doubts.front());
        }
    }

    bool check_refusals(const profile_rule& rule)
    {
        const auto found = std::find_if(rule.names.begin(), rule.names.end(),
                                        [this](const std::string& name) { return refusals_.contains(name); });
        if (found == rule.names.end()) {
            return true;
        }
        const group_doubt& doubt = refusals_.at(*found);
        return found_.fail(doubt.line, doubt.problem + "; the group cannot be left out, as another one has " +
                                           words_for(rule.verdict) + " for " + quoted(*found));
    }

    bool keep_in_doubt(const profile_group& group)
    {
        for (const group_doubt& doubt : group.doubts) {
            found_.note(doubt.line, doubt.problem + "; it is ignored");
        }
        return add_rule(group);
    }

    bool add_rule(const profile_group& group)
    {
        profile_rule rule{{}, *group.verdict, group.conditions};
        const std::size_t conditions = conflicts_.number_of(group.conditions);
        std::unordered_set<std::string_view> names;
        for (const placed_call& call : group.calls) {
            if (!known_.contains(call.name)) {
                if (!pass_over_name(call, rule.verdict.action)) {
                    return false;
                }
                continue;
            }
            if (auto conflict = conflicts_.add(call, rule.verdict, conditions)) {
                return found_.fail(*std::move(conflict));
            }
            if (names.insert(call.name).second) {
                rule.names.push_back(call.name);
            }
        }
        if (!rule.names.empty()) {
            into_.rules.push_back(std::move(rule));
        }
        return true;
    }

    bool pass_over_name(const placed_call& call, filter_action action)
    {
        const std::string problem =
            call.path + " is " + quoted(call.name) + ", which no known architecture has";
        if (!found_.is_strict() && !permits(action) && !refuses(into_.default_verdict.action)) {
            return found_.fail(call.line, problem + "; it cannot be left out, as the default action is " +
                                              std::string(oci_name(into_.default_verdict.action)));
        }
        return found_.pass_over(call.line, problem, "correct it or leave it out", "it is left out");
    }

    findings& found_;
    profile& into_;
    call_lexicon known_;
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

    /// False after an error.
    bool read(const json_value& document)
    {
        const node at{&document, {}};
        const auto* members = document.as<json_value::object>();
        if (members == nullptr) {
            return found_.fail(document.line,
                               "a profile is a JSON object, and this is " + std::string(kind_of(document)));
        }
        return check_kind(*members) && check_unknown(*members) && read_default(at, *members) &&
               read_architectures(at, *members) && read_flags(at, *members) && check_listener(at, *members) &&
               read_groups(at, *members) && pass_over_unknown(*members);
    }

    const std::string& problem() const noexcept { return found_.problem(); }

    read_profile take() { return {std::move(contents_), found_.take_notes()}; }

private:
    bool check_kind(const json_value::object& members)
    {
        const auto of_a_runtime = std::find_if(members.begin(), members.end(), [](const json_member& member) {
            return member.name == "ociVersion" || member.name == "linux";
        });
        return of_a_runtime == members.end() ||
               found_.fail(of_a_runtime->line,
                           "a runtime's whole config.json; take what stands under linux.seccomp, as with "
                           "`jq .linux.seccomp config.json`");
    }

    static bool is_known(const json_member& member)
    {
        return std::find(profile_members.begin(), profile_members.end(), member.name) !=
               profile_members.end();
    }

    bool check_unknown(const json_value::object& members)
    {
        return !found_.is_strict() || pass_over_unknown(members);
    }

    /// It may be a mistyped `syscalls` with refusals, which only a default that refuses makes up for.
    bool pass_over_unknown(const json_value::object& members)
    {
        return std::all_of(members.begin(), members.end(), [this](const json_member& member) {
            if (is_known(member)) {
                return true;
            }
            const std::string problem = member_path({}, member.name) + " is unknown";
            if (!found_.is_strict() && !refuses(contents_.default_verdict.action)) {
                return found_.fail(member.line, problem +
                                                    "; it cannot be ignored, as the default action is " +
                                                    std::string(oci_name(contents_.default_verdict.action)));
            }
            return found_.pass_over(member.line, problem,
                                    "a profile has defaultAction, defaultErrnoRet, architectures, flags, "
                                    "listenerPath, listenerMetadata and syscalls",
                                    "it is ignored");
        });
    }

    bool read_default(const node& at, const json_value::object& members)
    {
        const auto member = found_.member_at(at, members, "defaultAction");
        const auto* word = member ? found_.string_at(*member) : nullptr;
        if (word == nullptr) {
            return false;
        }
        const auto verdict = verdict_of(*word);
        if (!verdict) {
            return found_.fail(member->line(),
                               unknown_action(*member, *word) + "; " + std::string(known_actions()));
        }
        contents_.default_verdict = *verdict;
        const auto value = find_node(at, members, "defaultErrnoRet");
        return !value || read_value(found_, *value, contents_.default_verdict);
    }

    bool read_architectures(const node& at, const json_value::object& members)
    {
        const auto list = find_node(at, members, "architectures");
        const auto map = find_node(at, members, "archMap");
        if (map && !says_nothing(*map->value)) {
            return (!list || says_nothing(*list->value) ||
                    found_.fail(map->line(),
                                "archMap stands beside architectures; leave one of the two out")) &&
                   read_architecture_map(*map);
        }
        return !list || read_architecture_list(*list);
    }

    /// Unknown ones may be left out, as their calls are refused then; but not all, as an empty list means the
    /// native one.
    bool read_architecture_list(const node& at)
    {
        if (!found_.each_element(at, [this](const node& arch) { return read_architecture(arch); })) {
            return false;
        }
        return !contents_.architectures.empty() || at.value->as<json_value::array>()->empty() ||
               found_.fail(at.line(), at.path + " holds no known architecture");
    }

    bool read_architecture(const node& at)
    {
        const auto* word = found_.string_at(at);
        if (word == nullptr) {
            return false;
        }
        const auto arch = architecture_from_oci_name(*word);
        if (!arch) {
            return found_.pass_over(
                at.line(), at.path + " is " + quoted(*word) + ", which is no architecture",
                "they are named as SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_AARCH64", "it is left out");
        }
        add_once(contents_.architectures, *arch);
        return true;
    }

    bool read_architecture_map(const node& at)
    {
        const std::string native = architecture::native().display_name();
        return found_.array_at(at) != nullptr &&
               found_.pass_over(at.line(), "archMap is Docker's, who looks the host up in it",
                                "write the architectures into architectures instead",
                                "what it has for " + native + " is taken") &&
               found_.each_element(at, [this](const node& entry) { return read_architecture_entry(entry); });
    }

    bool read_architecture_entry(const node& at)
    {
        const auto* members = found_.object_at(at);
        const auto main = members != nullptr ? found_.member_at(at, *members, "architecture") : std::nullopt;
        const auto* word = main ? found_.string_at(*main) : nullptr;
        if (word == nullptr) {
            return false;
        }
        if (architecture_from_oci_name(*word) != architecture::native()) {
            return true;
        }
        add_once(contents_.architectures, architecture::native());
        const auto others = find_node(at, *members, "subArchitectures");
        return !others || read_architecture_list(*others);
    }

    bool read_flags(const node& at, const json_value::object& members)
    {
        const auto member = find_node(at, members, "flags");
        return !member || found_.each_element(*member, [this](const node& flag) { return read_flag(flag); });
    }

    bool read_flag(const node& at)
    {
        const auto* word = found_.string_at(at);
        if (word == nullptr) {
            return false;
        }
        const auto flag = meaning_in(oci_flags, *word);
        if (!flag) {
            return found_.pass_over(at.line(), at.path + " is " + quoted(*word) + ", which is no flag",
                                    "there are SECCOMP_FILTER_FLAG_TSYNC, SECCOMP_FILTER_FLAG_LOG, "
                                    "SECCOMP_FILTER_FLAG_SPEC_ALLOW "
                                    "and SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
                                    "it is left out");
        }
        add_once(contents_.flags, *flag);
        return true;
    }

    /// Where a runtime finds its supervisor says nothing about calls.
    bool check_listener(const node& at, const json_value::object& members)
    {
        constexpr std::array<std::string_view, 2> names{"listenerPath", "listenerMetadata"};
        return std::all_of(names.begin(), names.end(), [&](std::string_view name) {
            const auto member = find_node(at, members, name);
            return !member || found_.string_at(*member) != nullptr;
        });
    }

    bool read_groups(const node& at, const json_value::object& members)
    {
        const auto member = find_node(at, members, "syscalls");
        if (!member) {
            return true;
        }
        rule_maker rules(found_, contents_);
        std::size_t next = 0;
        const auto add = [&](const node& element) {
            const auto group = read_group(found_, element, next++);
            return group && rules.add(*group);
        };
        return found_.each_element(*member, add) && rules.finish();
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
    detail::document_reader reader(how);
    if (!reader.read(*document)) {
        return failure{error::malformed_profile, reader.problem()};
    }
    return reader.take();
}

} // namespace sctrace

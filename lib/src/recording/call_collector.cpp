#include "recording/call_collector.hpp"

#include <sctrace/bracket.hpp>
#include <sctrace/error.hpp>
#include <sctrace/log_time.hpp>
#include <sctrace/loss_notice.hpp>
#include <sctrace/seccomp_record.hpp>
#include <sctrace/syscall_names.hpp>

#include <algorithm>
#include <limits>
#include <memory>
#include <string_view>
#include <utility>

namespace sctrace::detail {

namespace {

// More than can arrive before one that was made earlier.
constexpr std::size_t max_early = 4096;
// No architecture has a call of this number, so that nothing is watched for.
constexpr std::int64_t no_call = std::numeric_limits<std::int64_t>::min();

/// A record's time since 1970; zero if it can't be read.
std::chrono::nanoseconds wall_time(std::string_view text) noexcept
{
    return parse_record_time(text).value_or(log_time{}).time_since_epoch();
}

bool has(std::string_view text, std::string_view words) noexcept
{
    return text.find(words) != std::string_view::npos;
}

} // namespace

call_collector::call_collector(architecture native, target& whose, loss_ledger& ledger, live_queue& live)
    : native_(native)
    , target_(whose)
    , ledger_(ledger)
    , live_(live)
{
}

void call_collector::take_losses(const source_losses& losses)
{
    if (counting_) {
        ledger_.overwritten(losses.overwritten);
        ledger_.overrun(losses.overruns);
        ledger_.malformed_record(losses.malformed);
    }
}

void call_collector::take_notice(const loss_notice& notice)
{
    if (counting_) {
        ledger_.saw_notice(notice);
    }
}

void call_collector::take_unreadable()
{
    if (counting_) {
        ledger_.malformed_record();
    }
}

void call_collector::expect_bracket(std::int64_t number, bracket_role role)
{
    expected_.push_back({number, role});
}

/// What decides about records may be changed and changed back before anybody looks again. Only written where
/// audit is enabled (kernel/auditsc.c, audit_seccomp_actions_logged; kernel/auditfilter.c,
/// audit_log_rule_change; list 5 is the exclude list).
void call_collector::take_setting(const audit_record& header)
{
    if (!counting_) {
        return;
    }
    if (has(header.body, "op=seccomp-logging")) {
        ledger_.cannot_prove("kernel.seccomp.actions_logged was written while recording");
    } else if (has(header.body, "_rule ") && has(header.body, " list=5 ")) {
        ledger_.cannot_prove("the audit exclude rules were changed while recording");
    }
}

void call_collector::take(const logged_call& record, const audit_record& header)
{
    if (!counting_) {
        keep_early(record, header);
    } else if (ledger_.in_window(header.serial)) {
        take_call(record, header);
    }
}

void call_collector::take_uncountable(const audit_record& header, bool truncated)
{
    if (!counting_ || !ledger_.in_window(header.serial)) {
        return;
    }
    const auto who = parse_process_fields(header);
    const bool foreign = who.pid && whose(who.pid, who.ses, header.time) == membership::foreign &&
                         (target_.tree() || !target_.may_have_left_session(who.ses));
    if (foreign) {
        return;
    }
    if (truncated) {
        ledger_.truncated_record();
    } else {
        ledger_.malformed_record();
    }
}

bool call_collector::take_bracket(const logged_call& record, std::uint32_t serial)
{
    const auto found = std::find_if(expected_.begin(), expected_.end(),
                                    [&](const expectation& e) { return e.number == record.syscall; });
    if (found == expected_.end()) {
        return false;
    }
    if (found->role == bracket_role::opening && !ledger_.window_open()) {
        ledger_.open_window(serial);
        counting_ = true;
        take_early();
    } else if (found->role == bracket_role::closing && !ledger_.window_closed()) {
        ledger_.close_window(serial);
    }
    seen_[static_cast<std::size_t>(found->role)] = true;
    return true;
}

/// Records can overtake each other between two CPUs.
void call_collector::keep_early(const logged_call& record, const audit_record& header)
{
    early_record kept{record, header,
                      std::make_unique_for_overwrite<char[]>(header.time.size() + header.body.size())};
    char* const text = kept.text.get();
    char* const body = std::copy(header.time.begin(), header.time.end(), text);
    std::copy(header.body.begin(), header.body.end(), body);
    kept.header.time = {text, header.time.size()};
    kept.header.body = {body, header.body.size()};
    early_.push_back(std::move(kept));
    if (early_.size() > max_early) {
        early_.pop_front();
    }
}

void call_collector::take_early()
{
    for (const early_record& e : early_) {
        if (ledger_.in_window(e.header.serial)) {
            take_call(e.call, e.header);
        }
    }
    early_.clear();
    early_.shrink_to_fit();
}

void call_collector::take_call(const logged_call& record, const audit_record& header)
{
    const membership owner = whose(record.pid, record.ses, header.time);
    if (owner != membership::ours) {
        if (!record.pid) {
            ledger_.malformed_record();
        } else if (owner == membership::unclear) {
            // Another recorder in this process has children too: those that make its brackets.
            unclear_ += is_bracket_number(record.syscall) ? 0 : 1;
        }
        return;
    }
    selected_by_tree_ += target_.in_session(record.ses) ? 0 : 1;
    if (!silent_entrants_.empty() && record.pid) {
        silent_entrants_.erase(*record.pid);
    }
    const auto arch = record.arch.value_or(native_.audit_arch());
    const syscall_key call{architecture::of_call(arch, record.syscall), record.syscall};
    calls_.push_back(call);
    refused_ += record.refused ? 1 : 0;
    watch_filters(call, record.pid);
    show_live(header);
}

void call_collector::show_live(const audit_record& header)
{
    if (!live_.is_wanted()) {
        return;
    }
    if (const auto whole = parse_seccomp_record(header)) {
        live_.push(*whole);
    }
}

membership call_collector::whose(std::optional<std::int32_t> pid, std::optional<std::uint64_t> ses,
                                 std::string_view time)
{
    if (!target_.tree()) {
        return target_.whose(pid, ses, {});
    }
    const bool by_session = target_.in_session(ses);
    if (by_session && (!pid || (*pid == learned_ && target_.tree()->changes() == learned_at_change_))) {
        return membership::ours;
    }
    const process_tree::time made = wall_time(time) - clock_offset_;
    if (by_session) {
        learn_member(*pid, made);
    }
    return target_.whose(pid, ses, made);
}

/// Should it leave the session later, or a child of it, the tree knows them.
void call_collector::learn_member(pid_t pid, process_tree::time made)
{
    process_tree& tree = *target_.tree();
    if (tree.whose(pid, made) != membership::ours) {
        tree.add(pid, made + process_tree::record_lag);
        ++latecomers_;
    }
    learned_ = pid;
    learned_at_change_ = tree.changes();
}

void call_collector::watch_filters(syscall_key call, std::optional<std::int32_t> pid)
{
    const filter_installers& installers = installers_of(call.arch);
    if (call.number == installers.seccomp) {
        ++own_filters_.seccomp;
    } else if (call.number == installers.prctl) {
        ++own_filters_.prctl;
        own_filters_.prctl_by_several =
            own_filters_.prctl_by_several || (own_filters_.prctl_pid && own_filters_.prctl_pid != pid);
        own_filters_.prctl_pid = pid;
    }
}

const call_collector::filter_installers& call_collector::installers_of(architecture arch)
{
    const auto known = std::find_if(installers_.begin(), installers_.end(),
                                    [arch](const filter_installers& i) { return i.arch == arch; });
    if (known != installers_.end()) {
        return *known;
    }
    installers_.push_back({arch, syscall_number(arch, "seccomp").value_or(no_call),
                           syscall_number(arch, "prctl").value_or(no_call)});
    return installers_.back();
}

} // namespace sctrace::detail

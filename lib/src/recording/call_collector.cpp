#include "recording/call_collector.hpp"

#include <sctrace/bracket.hpp>
#include <sctrace/error.hpp>
#include <sctrace/log_time.hpp>
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

} // namespace

call_collector::call_collector(architecture native, target& whose, loss_ledger& ledger, live_queue& live)
    : record_listener(ledger)
    , native_(native)
    , target_(whose)
    , live_(live)
{
}

bool call_collector::take(const logged_call& record, const audit_record& header)
{
    if (!is_counting()) {
        keep_early(record, header);
        return false;
    }
    return ledger().in_window(header.serial) && take_call(record, header);
}

void call_collector::take_uncountable(const audit_record& header, bool truncated)
{
    if (!is_counting() || !ledger().in_window(header.serial)) {
        return;
    }
    const auto who = parse_process_fields(header);
    const bool foreign = who.pid && whose(who.pid, who.ses, header.time) == membership::foreign &&
                         (target_.tree() || !target_.may_have_left_session(who.ses));
    if (!foreign) {
        miss_record(truncated);
    }
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
        if (ledger().in_window(e.header.serial)) {
            take_call(e.call, e.header);
        }
    }
    early_.clear();
    early_.shrink_to_fit();
}

bool call_collector::take_call(const logged_call& record, const audit_record& header)
{
    const membership owner = whose(record.pid, record.ses, header.time);
    if (owner != membership::ours) {
        if (!record.pid) {
            ledger().malformed_record();
        } else if (owner == membership::unclear) {
            // Another recorder in this process has children too: those that make its brackets.
            unclear_ += is_bracket_number(record.syscall) ? 0 : 1;
        }
        return false;
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
    return true;
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
    const process_tree::time made = wall_time(time) - clock_offset();
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

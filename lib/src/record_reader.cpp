#include <sctrace/bracket.hpp>
#include <sctrace/detail/record_reader.hpp>
#include <sctrace/error.hpp>
#include <sctrace/log_time.hpp>
#include <sctrace/loss_notice.hpp>
#include <sctrace/seccomp_record.hpp>
#include <sctrace/syscall_names.hpp>

#include <algorithm>
#include <limits>
#include <string_view>

namespace sctrace::detail {

namespace {

constexpr auto config_change = static_cast<audit_type>(1305);
constexpr std::string_view seccomp_anchor = "audit: type=1326";
// More than can arrive before one that was made earlier.
constexpr std::size_t max_early = 4096;
// No architecture has a call of this number, so that nothing is watched for.
constexpr std::int64_t no_call = std::numeric_limits<std::int64_t>::min();

/// Records that follow another one with the same serial on kernels with several security modules
/// (AUDIT_MAC_TASK_CONTEXTS and AUDIT_MAC_OBJ_CONTEXTS): they do not show that the main record has come.
bool is_companion(audit_type type) noexcept
{
    return type == static_cast<audit_type>(1425) || type == static_cast<audit_type>(1426);
}

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

record_reader::record_reader(architecture native, target& whose, loss_ledger& ledger)
    : native_(native)
    , target_(whose)
    , ledger_(ledger)
{
    calls_.reserve(record_batch::default_messages);
}

void record_reader::read(const record_batch& batch)
{
    calls_.clear();
    if (counting_) {
        ledger_.overwritten(batch.losses().overwritten);
        ledger_.overrun(batch.losses().overruns);
        ledger_.malformed_record(batch.losses().malformed);
    }
    for (const source_message& message : batch.messages()) {
        read_message(message);
    }
}

void record_reader::expect_bracket(std::int64_t number, bracket_role role)
{
    expected_.push_back({number, role});
}

void record_reader::read_message(const source_message& message)
{
    auto header = message.type == 0
                      ? parse_audit_record(message.text)
                      : parse_audit_payload(static_cast<audit_type>(message.type), message.text);
    if (header) {
        header->maybe_cut = header->maybe_cut || message.maybe_cut;
        if (!is_companion(header->type)) {
            ledger_.saw_serial(header->serial);
        }
        if (header->type == audit_type::seccomp || header->type == audit_type::anom_abend) {
            read_seccomp(*header);
        } else if (header->type == config_change && counting_) {
            watch_settings(*header);
        }
        return;
    }
    if (!counting_) {
        return;
    }
    if (const auto notice = parse_loss_notice(message.text)) {
        ledger_.saw_notice(*notice);
    } else if (message.text.starts_with(seccomp_anchor)) {
        ledger_.malformed_record();
    }
}

/// What decides about records may be changed and changed back before anybody looks again. Only written where
/// audit is enabled (kernel/auditsc.c, audit_seccomp_actions_logged; kernel/auditfilter.c,
/// audit_log_rule_change; list 5 is the exclude list).
void record_reader::watch_settings(const audit_record& header)
{
    if (has(header.body, "op=seccomp-logging")) {
        ledger_.cannot_prove("kernel.seccomp.actions_logged was written while recording");
    } else if (has(header.body, "_rule ") && has(header.body, " list=5 ")) {
        ledger_.cannot_prove("the audit exclude rules were changed while recording");
    }
}

void record_reader::read_seccomp(const audit_record& header)
{
    const auto record = call_reader_.read(header);
    if (record) {
        if (take_bracket(*record, header.serial)) {
            return;
        }
        if (!counting_) {
            keep_early(*record, header);
        } else if (ledger_.in_window(header.serial)) {
            take_call(*record, header.time);
        }
    } else if (record.error() != error::not_a_seccomp_record && counting_ &&
               ledger_.in_window(header.serial)) {
        read_uncountable(header, record.error() == error::truncated_record);
    }
}

void record_reader::read_uncountable(const audit_record& header, bool truncated)
{
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

bool record_reader::take_bracket(const logged_call& record, std::uint32_t serial)
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
void record_reader::keep_early(const logged_call& record, const audit_record& header)
{
    early_.push_back({header.serial, record, std::string(header.time)});
    if (early_.size() > max_early) {
        early_.pop_front();
    }
}

void record_reader::take_early()
{
    for (const early_record& e : early_) {
        if (ledger_.in_window(e.serial)) {
            take_call(e.call, e.time);
        }
    }
    early_.clear();
    early_.shrink_to_fit();
}

void record_reader::take_call(const logged_call& record, std::string_view time)
{
    const membership owner = whose(record.pid, record.ses, time);
    if (owner != membership::ours) {
        if (!record.pid) {
            ledger_.malformed_record();
        } else if (owner == membership::unclear) {
            // Another recorder in this process has children too: those that make its brackets.
            unclear_ += is_bracket_number(record.syscall) ? 0 : 1;
        } else if (target_.may_have_left_session(record.ses)) {
            ++strays_;
        }
        return;
    }
    selected_by_tree_ += target_.in_session(record.ses) ? 0 : 1;
    if (!unheard_.empty() && record.pid) {
        unheard_.erase(*record.pid);
    }
    const auto arch = record.arch.value_or(native_.audit_arch());
    const syscall_key call{architecture::of_call(arch, record.syscall), record.syscall};
    calls_.push_back(call);
    refused_ += record.refused ? 1 : 0;
    watch_filters(call, record.pid);
}

membership record_reader::whose(std::optional<std::int32_t> pid, std::optional<std::uint64_t> ses,
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
void record_reader::learn_member(pid_t pid, process_tree::time made)
{
    process_tree& tree = *target_.tree();
    if (tree.whose(pid, made) != membership::ours) {
        tree.add(pid, made + process_tree::record_lag);
        ++latecomers_;
    }
    learned_ = pid;
    learned_at_change_ = tree.changes();
}

void record_reader::watch_filters(syscall_key call, std::optional<std::int32_t> pid)
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

const record_reader::filter_installers& record_reader::installers_of(architecture arch)
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

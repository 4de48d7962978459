#include "recording/record_listener.hpp"

#include <algorithm>
#include <string_view>

namespace sctrace::detail {

namespace {

bool has(std::string_view text, std::string_view words) noexcept
{
    return text.find(words) != std::string_view::npos;
}

} // namespace

void record_listener::take_losses(const source_losses& losses)
{
    if (counting_) {
        ledger_.overwritten(losses.overwritten);
        ledger_.overrun(losses.overruns);
        ledger_.malformed_record(losses.malformed);
    }
}

void record_listener::take_notice(const loss_notice& notice)
{
    if (counting_) {
        ledger_.saw_notice(notice);
    }
}

void record_listener::take_unreadable()
{
    if (counting_) {
        ledger_.malformed_record();
    }
}

/// What decides about records may be changed and changed back before anybody looks again. Only written where
/// audit is enabled (kernel/auditsc.c, audit_seccomp_actions_logged; kernel/auditfilter.c,
/// audit_log_rule_change; list 5 is the exclude list).
void record_listener::take_setting(const audit_record& header)
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

bool record_listener::take_bracket(const logged_call& record, std::uint32_t serial)
{
    const auto found = std::find_if(expected_.begin(), expected_.end(),
                                    [&](const expectation& e) { return e.number == record.syscall; });
    // A call of such a number that is refused is none of ours, whoever makes it.
    if (found == expected_.end() || record.refused) {
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

void record_listener::miss_record(bool truncated) noexcept
{
    if (truncated) {
        ledger_.truncated_record();
    } else {
        ledger_.malformed_record();
    }
}

bool record_listener::serials_may_be_late() const
{
    const loss_counts now = ledger_.counts();
    return now.serial_gaps != settled_.serial_gaps && now.printk_suppressed == settled_.printk_suppressed &&
           now.kmsg_overwritten == settled_.kmsg_overwritten &&
           now.netlink_overruns == settled_.netlink_overruns;
}

} // namespace sctrace::detail

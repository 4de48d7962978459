#include "recording/watch_account.hpp"

#include "verdict/shared_accounts.hpp"

#include <sctrace/bracket.hpp>
#include <sctrace/seccomp_record.hpp>

#include <algorithm>
#include <utility>

namespace sctrace::detail {

namespace {

/// Collects what is new in several counts.
class news_words {
public:
    /// @p one is said of a growth by 1, @p many behind the number of any other one.
    void add(std::uint64_t now, std::uint64_t told, const std::string& one, const std::string& many)
    {
        if (now <= told) {
            return;
        }
        const std::uint64_t growth = now - told;
        text_ += text_.empty() ? "records may be missing: " : ", ";
        text_ += growth == 1 ? one : std::to_string(growth) + ' ' + many;
    }

    std::string take() { return std::move(text_); }

private:
    std::string text_;
};

} // namespace

/// Whose a record is does not matter to a watcher, so that there are no doubts about it.
bool watch_account::take(const logged_call& record, const audit_record& header)
{
    if (thrown_ || is_unwanted(record)) {
        return true;
    }
    const auto whole = parse_seccomp_record(header);
    if (!whole || !options_.filter.selects(*whole, options_.native)) {
        return true;
    }
    ++records_;
    try {
        if (options_.on_record) {
            options_.on_record(*whole);
        }
    } catch (...) {
        thrown_ = std::current_exception();
    }
    return true;
}

/// A call of a marker's number that is refused is none of ours, whoever makes it.
bool watch_account::is_unwanted(const logged_call& record) const noexcept
{
    return !record.refused && (options_.denied_only || is_bracket_number(record.syscall));
}

void watch_account::end_batch()
{
    const bool is_new = std::exchange(records_before_batch_, records_) != records_;
    try {
        if (is_new && !thrown_ && options_.on_batch) {
            options_.on_batch();
        }
    } catch (...) {
        thrown_ = std::current_exception();
    }
}

/// Of what can't be shown counts what may have been wanted.
void watch_account::take_uncountable(const audit_record& header, bool truncated)
{
    const auto who = parse_process_fields(header);
    const record_filter& filter = options_.filter;
    const bool of_others =
        (who.pid && !filter.pids.empty() &&
         std::find(filter.pids.begin(), filter.pids.end(), *who.pid) == filter.pids.end()) ||
        (who.ses && filter.session && *who.ses != *filter.session);
    if (!of_others) {
        miss_record(truncated);
    }
}

/// A reset sets the counter to 0 (kernel/audit.c, audit_receive_msg, AUDIT_STATUS_LOST).
void watch_account::saw_lost_counter(std::uint32_t lost)
{
    const auto before = std::exchange(lost_counter_, lost);
    if (!before) {
        return;
    }
    const bool was_reset = lost < *before;
    lost_ += lost - (was_reset ? 0 : *before);
    resets_ += was_reset ? 1 : 0;
    ledger().audit_lost(0, lost_);
}

std::string watch_account::news()
{
    loss_counts now = ledger().counts();
    now.serial_gaps = serials_.missing_between(shared_accounts::window_begin(ledger()), passed_by_);
    passed_by_ = serials_.next();
    return tell(now);
}

std::string watch_account::tell(const loss_counts& now)
{
    const std::uint64_t overflows = shared_accounts::overflow_notices(ledger());
    news_words words;
    words.add(now.serial_gaps, settled_.serial_gaps, "1 audit serial was never seen",
              "audit serials were never seen");
    words.add(now.printk_suppressed, settled_.printk_suppressed, "printk's rate limit suppressed 1 message",
              "messages were suppressed by printk's rate limit");
    words.add(now.kmsg_overwritten, settled_.kmsg_overwritten,
              "the ring buffer overwrote 1 entry before it was read",
              "entries of the ring buffer were overwritten before they were read");
    words.add(now.netlink_overruns, settled_.netlink_overruns, "the audit socket's buffer overran",
              "times the audit socket's buffer overran");
    words.add(now.audit_lost.value_or(0), settled_.audit_lost.value_or(0),
              "the kernel lost 1 audit record before it was queued",
              "audit records were lost by the kernel before they were queued");
    words.add(resets_, resets_told_, "the kernel's counter of lost records was reset",
              "times the kernel's counter of lost records was reset");
    words.add(now.truncated_records, settled_.truncated_records,
              "1 record was cut by the kernel before the system call's number",
              "records were cut by the kernel before the system call's number");
    words.add(now.malformed_records, settled_.malformed_records, "1 record could not be read",
              "records could not be read");
    if (!now.audit_lost) {
        words.add(overflows, overflows_told_, "the kernel said that it lost audit records",
                  "times the kernel said that it lost audit records");
    }
    settled_ = now;
    overflows_told_ = overflows;
    resets_told_ = resets_;
    return words.take();
}

} // namespace sctrace::detail

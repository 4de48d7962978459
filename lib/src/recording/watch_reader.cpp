#include "recording/watch_reader.hpp"

#include "record/live_message.hpp"

#include <sctrace/bracket.hpp>
#include <sctrace/error.hpp>
#include <sctrace/loss_notice.hpp>
#include <sctrace/seccomp_record.hpp>

#include <algorithm>
#include <string_view>
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

void watch_reader::read(const record_batch& batch)
{
    const std::uint64_t before = records_;
    ledger_.overwritten(batch.losses().overwritten);
    ledger_.overrun(batch.losses().overruns);
    ledger_.malformed_record(batch.losses().malformed);
    for (const source_message& message : batch.messages()) {
        read_message(message);
    }
    if (records_ != before && options_.on_batch) {
        options_.on_batch();
    }
}

void watch_reader::read_message(const source_message& message)
{
    const auto header = parse_live_message(message);
    if (!header) {
        read_text(message.text);
        return;
    }
    see_serial(header->serial);
    if (header->type == audit_type::seccomp || header->type == audit_type::anom_abend) {
        read_seccomp(*header);
    }
}

void watch_reader::see_serial(std::uint32_t serial)
{
    if (!ledger_.window_open()) {
        ledger_.open_window(serial);
    } else {
        ledger_.saw_serial(serial);
    }
    const bool newer = !newest_serial_ || static_cast<std::int32_t>(serial - *newest_serial_) > 0;
    if (newer) {
        newest_serial_ = serial;
    }
}

void watch_reader::read_text(std::string_view text)
{
    const auto notice = parse_loss_notice(text);
    if (!notice) {
        ledger_.malformed_record(looks_like_seccomp_record(text) ? 1 : 0);
        return;
    }
    ledger_.saw_notice(*notice);
    overflows_ += notice->what == loss_notice::kind::printk_suppressed ? 0 : 1;
}

void watch_reader::read_seccomp(const audit_record& header)
{
    const auto record = parse_seccomp_record(header);
    if (!record) {
        if (record.error() != error::not_a_seccomp_record) {
            read_uncountable(header, record.error() == error::truncated_record);
        }
        return;
    }
    if (is_bracket(*record)) {
        take_bracket(record->syscall, header.serial);
    } else if (wants(*record)) {
        ++records_;
        if (options_.on_record) {
            options_.on_record(*record);
        }
    }
}

/// Of what can't be shown counts what may have been wanted.
void watch_reader::read_uncountable(const audit_record& header, bool truncated)
{
    const auto who = parse_process_fields(header);
    const record_filter& filter = options_.filter;
    const bool of_others =
        (who.pid && !filter.pids.empty() &&
         std::find(filter.pids.begin(), filter.pids.end(), *who.pid) == filter.pids.end()) ||
        (who.ses && filter.session && *who.ses != *filter.session);
    if (of_others) {
        return;
    }
    if (truncated) {
        ledger_.truncated_record();
    } else {
        ledger_.malformed_record();
    }
}

/// A call of such a number that is refused is none of ours, whoever makes it.
bool watch_reader::is_bracket(const seccomp_record& record) const noexcept
{
    return is_bracket_number(record.syscall) && !is_refusal(record.code);
}

void watch_reader::take_bracket(std::int64_t number, std::uint32_t serial)
{
    const auto found = std::find_if(expected_.begin(), expected_.end(),
                                    [number](const expectation& e) { return e.number == number; });
    if (found == expected_.end()) {
        return;
    }
    seen_[static_cast<std::size_t>(found->role)] = true;
    if (found->role == bracket_role::closing && !ledger_.window_closed()) {
        ledger_.close_window(serial);
    }
}

bool watch_reader::wants(const seccomp_record& record) const
{
    return (!options_.denied_only || is_refusal(record.code)) &&
           options_.filter.selects(record, options_.native);
}

/// A reset sets the counter to 0 (kernel/audit.c, audit_receive_msg, AUDIT_STATUS_LOST).
void watch_reader::saw_lost_counter(std::uint32_t lost)
{
    const auto before = std::exchange(lost_counter_, lost);
    if (!before) {
        return;
    }
    const bool was_reset = lost < *before;
    lost_ += lost - (was_reset ? 0 : *before);
    resets_ += was_reset ? 1 : 0;
    ledger_.audit_lost(0, lost_);
}

bool watch_reader::serials_may_be_late() const
{
    const loss_counts now = ledger_.counts();
    return has_open_gaps() && now.printk_suppressed == told_.printk_suppressed &&
           now.kmsg_overwritten == told_.kmsg_overwritten && now.netlink_overruns == told_.netlink_overruns;
}

std::string watch_reader::news()
{
    loss_counts now = ledger_.counts();
    if (now.serial_gaps != 0) {
        now.serial_gaps = settled_gaps();
    }
    newest_told_ = newest_serial_;
    return tell(now);
}

std::string watch_reader::last_news()
{
    return tell(ledger_.counts());
}

std::uint64_t watch_reader::settled_gaps() const
{
    if (!newest_told_) {
        return 0;
    }
    loss_ledger until_then = ledger_;
    until_then.close_window(*newest_told_);
    return until_then.missing_serials();
}

std::string watch_reader::tell(const loss_counts& now)
{
    news_words words;
    words.add(now.serial_gaps, told_.serial_gaps, "1 audit serial was never seen",
              "audit serials were never seen");
    words.add(now.printk_suppressed, told_.printk_suppressed, "printk's rate limit suppressed 1 message",
              "messages were suppressed by printk's rate limit");
    words.add(now.kmsg_overwritten, told_.kmsg_overwritten,
              "the ring buffer overwrote 1 entry before it was read",
              "entries of the ring buffer were overwritten before they were read");
    words.add(now.netlink_overruns, told_.netlink_overruns, "the audit socket's buffer overran",
              "times the audit socket's buffer overran");
    words.add(now.audit_lost.value_or(0), told_.audit_lost.value_or(0),
              "the kernel lost 1 audit record before it was queued",
              "audit records were lost by the kernel before they were queued");
    words.add(resets_, resets_told_, "the kernel's counter of lost records was reset",
              "times the kernel's counter of lost records was reset");
    words.add(now.truncated_records, told_.truncated_records,
              "1 record was cut by the kernel before the system call's number",
              "records were cut by the kernel before the system call's number");
    words.add(now.malformed_records, told_.malformed_records, "1 record could not be read",
              "records could not be read");
    if (!now.audit_lost) {
        words.add(overflows_, overflows_told_, "the kernel said that it lost audit records",
                  "times the kernel said that it lost audit records");
    }
    told_ = now;
    overflows_told_ = overflows_;
    resets_told_ = resets_;
    return words.take();
}

} // namespace sctrace::detail

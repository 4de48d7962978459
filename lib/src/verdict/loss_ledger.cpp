#include <sctrace/loss_ledger.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace sctrace {

std::string_view to_string(verdict v) noexcept
{
    constexpr std::array<std::string_view, 3> words{"complete", "incomplete", "unproven"};
    return words[std::min(static_cast<std::size_t>(v), words.size() - 1)];
}

void loss_ledger::saw_notice(const loss_notice& notice) noexcept
{
    if (notice.what == loss_notice::kind::printk_suppressed) {
        counts_.printk_suppressed += notice.count;
        return;
    }
    ++overflow_notices_;
    if (notice.what == loss_notice::kind::audit_lost) {
        saw_lost_counter(notice.count);
    }
}

/// The counter only grows, until the next boot.
void loss_ledger::saw_lost_counter(std::uint64_t lost) noexcept
{
    if (lost < said_lost_) {
        said_lost_before_ += said_lost_;
    }
    said_lost_ = lost;
}

void loss_ledger::audit_lost(std::optional<std::uint32_t> before, std::optional<std::uint32_t> after)
{
    if (before && after && *after >= *before) {
        counts_.audit_lost = *after - *before;
    } else if (before && after) {
        cannot_prove("the kernel's counter of lost audit records was reset while recording");
    }
}

void loss_ledger::cannot_prove(std::string why)
{
    if (std::find(doubts_.begin(), doubts_.end(), why) == doubts_.end()) {
        doubts_.push_back(std::move(why));
    }
}

loss_counts loss_ledger::counts() const
{
    loss_counts all = counts_;
    all.serial_gaps = serials_.missing();
    return all;
}

namespace {

std::string counted(std::uint64_t n, const char* one, const char* many)
{
    return std::to_string(n) + ' ' + (n == 1 ? one : many);
}

std::string overwritten_words(std::uint64_t entries)
{
    return "the ring buffer overwrote " + counted(entries, "entry", "entries") + " before they were read";
}

} // namespace

std::vector<std::string> loss_ledger::losses() const
{
    std::vector<std::string> why;
    if (const auto gaps = serials_.missing(); gaps != 0) {
        why.push_back(counted(gaps, "audit serial was", "audit serials were") + " never seen");
    }
    if (counts_.printk_suppressed != 0) {
        why.push_back("printk's rate limit suppressed " +
                      counted(counts_.printk_suppressed, "message", "messages"));
    }
    if (counts_.kmsg_overwritten != 0) {
        why.push_back(overwritten_words(counts_.kmsg_overwritten));
    }
    if (counts_.netlink_overruns != 0) {
        why.push_back("the audit socket's buffer overran " +
                      counted(counts_.netlink_overruns, "time", "times"));
    }
    if (counts_.audit_lost.value_or(0) != 0) {
        why.push_back("the kernel lost " + counted(*counts_.audit_lost, "audit record", "audit records") +
                      " before they were queued");
    }
    if (counts_.truncated_records != 0) {
        why.push_back(counted(counts_.truncated_records, "record was", "records were") +
                      " cut by the kernel before the system call's number");
    }
    if (counts_.malformed_records != 0) {
        why.push_back(counted(counts_.malformed_records, "record", "records") + " could not be read");
    }
    return why;
}

judgement loss_ledger::judge() const
{
    judgement result;
    auto doubts = doubts_;
    if (!serials_.is_open() || !serials_.is_closed()) {
        doubts.emplace_back("the recording is not bracketed: no record of our own came back at its " +
                            std::string(serials_.is_open() ? "end" : "start"));
    }
    if (!counts_.audit_lost && overflow_notices_ != 0) {
        doubts.emplace_back("the kernel said that it lost audit records, and its counter can't be read");
    } else if (!counts_.audit_lost) {
        doubts.emplace_back("the kernel's counter of lost audit records can't be read (CAP_AUDIT_CONTROL)");
    }
    // A notice or an overwritten entry alone proves no loss: each lost audit record leaves its serial unseen.
    const std::uint64_t missing = serials_.missing() + counts_.audit_lost.value_or(0) +
                                  counts_.truncated_records + counts_.malformed_records;
    if (!doubts.empty()) {
        result.what = verdict::unproven;
        result.why = std::move(doubts);
        const auto lost = losses();
        result.why.insert(result.why.end(), lost.begin(), lost.end());
    } else if (missing != 0) {
        result.what = verdict::incomplete;
        result.missing_at_most = missing;
        result.why = losses();
    } else {
        result.what = verdict::complete;
        result.missing_at_most = 0;
    }
    return result;
}

judgement loss_ledger::judge_saved_log() const
{
    judgement result;
    result.why.emplace_back("a saved log cannot show that nothing was lost before it was saved");
    auto lost = losses();
    // Somebody may have picked these lines out of a log: then the ring buffer has done nothing.
    std::replace(lost.begin(), lost.end(), overwritten_words(counts_.kmsg_overwritten),
                 counted(counts_.kmsg_overwritten, "kmsg entry is", "kmsg entries are") +
                     " missing between those that the log holds");
    result.why.insert(result.why.end(), lost.begin(), lost.end());
    if (const std::uint64_t said = said_lost_ + said_lost_before_; said != 0) {
        result.why.push_back("the kernel said that it had lost " +
                             counted(said, "audit record", "audit records"));
    } else if (overflow_notices_ != 0) {
        result.why.emplace_back("the kernel said that its audit queue overflowed");
    }
    result.why.insert(result.why.end(), doubts_.begin(), doubts_.end());
    return result;
}

} // namespace sctrace

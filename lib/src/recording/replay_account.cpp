#include "recording/replay_account.hpp"

#include <sctrace/loss_notice.hpp>

#include <algorithm>
#include <cstddef>

namespace sctrace::detail {

void replay_account::take(const record_batch& batch, parsed_part& part, std::vector<syscall_key>& calls)
{
    account_for(batch);
    account_for(part);
    keep_what_counts(part, calls);
}

void replay_account::account_for(const record_batch& batch)
{
    const log_part& part = batch.part();
    ledger_.overwritten(batch.losses().overwritten);
    ledger_.malformed_record(batch.losses().malformed);
    if (part.first_sequence && last_sequence_ && *part.first_sequence > *last_sequence_) {
        ledger_.overwritten(*part.first_sequence - *last_sequence_ - 1);
    }
    last_sequence_ = part.last_sequence;
}

void replay_account::account_for(const parsed_part& part)
{
    for (const loss_notice& notice : part.notices) {
        ledger_.saw_notice(notice);
    }
    for (const std::uint64_t stamp : part.cut) {
        cut_ += copies_.is_new_cut(stamp) ? 1 : 0;
    }
    ledger_.malformed_record(part.malformed);
    interpreted_ += part.interpreted;
    without_time_ += part.without_time;
    if (part.first && (!first_ || *part.first < *first_)) {
        first_ = part.first;
    }
    if (part.last && (!last_ || *part.last > *last_)) {
        last_ = part.last;
    }
}

void replay_account::keep_what_counts(parsed_part& part, std::vector<syscall_key>& calls)
{
    calls.clear();
    std::size_t event_begin = 0;
    for (const replayed_call& c : part.calls) {
        if (copies_.is_new(c.identity)) {
            calls.push_back(c.call);
            refused_ += c.refused ? 1 : 0;
        } else if (options_.on_events) {
            // What is left of the events is handed over in one piece.
            std::fill(part.events.begin() + static_cast<std::ptrdiff_t>(event_begin),
                      part.events.begin() + static_cast<std::ptrdiff_t>(c.event_end), '\0');
        }
        event_begin = c.event_end;
    }
    if (options_.on_events) {
        std::erase(part.events, '\0');
    }
}

std::optional<failure> replay_account::untranslated() const
{
    if (interpreted_ == 0) {
        return std::nullopt;
    }
    return failure{error::malformed_record,
                   std::to_string(interpreted_) +
                       " records were translated into names by ausearch --interpret and hold no "
                       "numbers any more; run ausearch --raw instead"};
}

std::string replay_account::left_out_for_time() const
{
    return without_time_ == 0 ? std::string()
                              : std::to_string(without_time_) +
                                    " records without a time were left out, because a range of time was "
                                    "asked for";
}

report replay_account::make_report(const trace& counts, std::chrono::system_clock::time_point otherwise)
{
    const auto to_system_time = [&](const std::optional<log_time>& time) {
        return time ? std::chrono::time_point_cast<std::chrono::system_clock::duration>(*time) : otherwise;
    };
    for (std::uint64_t i = copies_.taken_back(); i < cut_; ++i) {
        ledger_.truncated_record();
    }
    report r;
    r.source = "replay";
    r.native = options_.native;
    r.pids = options_.filter.pids;
    r.session = options_.filter.session;
    r.started = to_system_time(first_);
    r.ended = to_system_time(last_);
    r.counts = counts;
    r.refused = refused_;
    r.judged = ledger_.judge_saved_log();
    r.loss = ledger_.counts();
    return r;
}

} // namespace sctrace::detail

#ifndef SCTRACE_WATCHER_OPTIONS_HPP
#define SCTRACE_WATCHER_OPTIONS_HPP

#include <sctrace/architecture.hpp>
#include <sctrace/loss_ledger.hpp>
#include <sctrace/record_filter.hpp>
#include <sctrace/seccomp_record.hpp>
#include <sctrace/source_options.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace sctrace {

/// Which live records to watch, and what is called with them.
/**
 * The functions are called within async_run(), one at a time, on a strand of the watcher's executor; each may
 * be empty. An exception that leaves one of them ends the watcher: a `boost::system::system_error` becomes
 * the operation's error, any other one leaves the call that runs the execution context.
 */
struct watcher_options : source_options {
    /// Which records are wanted; by default those of the whole host.
    record_filter filter;
    /// Only calls that were refused: the action is another one than log and allow.
    /** See is_refusal(): a record that gives no action counts as one. */
    bool denied_only = false;

    /// Stop after this time; zero: never.
    std::chrono::milliseconds duration{0};

    /// The architecture of records that give none.
    architecture native = architecture::native();

    /// Called when the source is open: what is made from now on is watched.
    std::function<void()> on_started;
    /// Called with each wanted record; its views are valid until it returns.
    std::function<void(const seccomp_record&)> on_record;
    /// Called after the last one of the records that were read at once, if one of them was wanted.
    std::function<void()> on_batch;
    /// Called about a second after it happened when records are known to be missing, with how many and why in
    /// words.
    /** What is missing may be records that the filter would not have selected. */
    std::function<void(std::string_view)> on_loss;
};

/// What a watcher saw.
struct watch_summary {
    /// Wanted records.
    std::uint64_t records = 0;
    /// What is missing. Serials that were never seen are counted from the first one that was seen.
    loss_counts lost;
    /// In words what ended the watcher, if that was an error.
    std::string failure_message;
};

} // namespace sctrace

#endif

#ifndef SCTRACE_SCTRACE_HPP
#define SCTRACE_SCTRACE_HPP

#include <sctrace/aggregator.hpp>
#include <sctrace/allow_list.hpp>
#include <sctrace/architecture.hpp>
#include <sctrace/audit_record.hpp>
#include <sctrace/audit_source.hpp>
#include <sctrace/audit_status.hpp>
#include <sctrace/bracket.hpp>
#include <sctrace/call_counts.hpp>
#include <sctrace/call_diff.hpp>
#include <sctrace/child.hpp>
#include <sctrace/condition.hpp>
#include <sctrace/error.hpp>
#include <sctrace/event.hpp>
#include <sctrace/event_folder.hpp>
#include <sctrace/event_reader.hpp>
#include <sctrace/exit_status.hpp>
#include <sctrace/fork_source.hpp>
#include <sctrace/host_check.hpp>
#include <sctrace/hub.hpp>
#include <sctrace/journal_entry.hpp>
#include <sctrace/journal_export_reader.hpp>
#include <sctrace/kmsg_entry.hpp>
#include <sctrace/kmsg_source.hpp>
#include <sctrace/launcher.hpp>
#include <sctrace/live_records.hpp>
#include <sctrace/log_format.hpp>
#include <sctrace/log_line.hpp>
#include <sctrace/log_time.hpp>
#include <sctrace/loss_ledger.hpp>
#include <sctrace/loss_notice.hpp>
#include <sctrace/printk_ratelimit_hold.hpp>
#include <sctrace/process_event.hpp>
#include <sctrace/process_tree.hpp>
#include <sctrace/profile.hpp>
#include <sctrace/profile_reader.hpp>
#include <sctrace/profile_writer.hpp>
#include <sctrace/record_batch.hpp>
#include <sctrace/record_filter.hpp>
#include <sctrace/record_source.hpp>
#include <sctrace/recorder.hpp>
#include <sctrace/recorder_options.hpp>
#include <sctrace/replay_options.hpp>
#include <sctrace/replay_source.hpp>
#include <sctrace/replayer.hpp>
#include <sctrace/report.hpp>
#include <sctrace/saved_calls.hpp>
#include <sctrace/seccomp_filter.hpp>
#include <sctrace/seccomp_record.hpp>
#include <sctrace/source_options.hpp>
#include <sctrace/syscall_key.hpp>
#include <sctrace/syscall_names.hpp>
#include <sctrace/syscall_variants.hpp>
#include <sctrace/target.hpp>
#include <sctrace/trace.hpp>
#include <sctrace/trace_file.hpp>
#include <sctrace/trace_reader.hpp>
#include <sctrace/watcher.hpp>
#include <sctrace/watcher_options.hpp>

/// Records which system calls processes make, from the kernel's SECCOMP audit records.
/**
 * sctrace::recorder records, sctrace::replayer reads saved logs, sctrace::watcher shows live records; the
 * other names are what they are made of. All asynchronous objects are templates over the executor, `basic_x`,
 * with an alias `x` for any executor, and take any completion token.
 *
 * @par Thread Safety
 * Functions that are no members may be called from any thread. What holds for objects is said at each class;
 * of structs, distinct objects are safe and shared ones unsafe.
 */
namespace sctrace {
}

#endif

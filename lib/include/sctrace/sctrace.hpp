#ifndef SCTRACE_SCTRACE_HPP
#define SCTRACE_SCTRACE_HPP

#include <sctrace/aggregator.hpp>
#include <sctrace/architecture.hpp>
#include <sctrace/audit_record.hpp>
#include <sctrace/audit_source.hpp>
#include <sctrace/audit_status.hpp>
#include <sctrace/bracket.hpp>
#include <sctrace/error.hpp>
#include <sctrace/follow_kind.hpp>
#include <sctrace/fork_source.hpp>
#include <sctrace/host_check.hpp>
#include <sctrace/kmsg_entry.hpp>
#include <sctrace/kmsg_source.hpp>
#include <sctrace/launcher.hpp>
#include <sctrace/log_line.hpp>
#include <sctrace/loss_ledger.hpp>
#include <sctrace/loss_notice.hpp>
#include <sctrace/printk_ratelimit_hold.hpp>
#include <sctrace/process_event.hpp>
#include <sctrace/process_tree.hpp>
#include <sctrace/record_batch.hpp>
#include <sctrace/record_source.hpp>
#include <sctrace/recorder.hpp>
#include <sctrace/recorder_options.hpp>
#include <sctrace/report.hpp>
#include <sctrace/seccomp_record.hpp>
#include <sctrace/syscall_names.hpp>
#include <sctrace/target.hpp>
#include <sctrace/trace.hpp>
#include <sctrace/trace_file.hpp>

#endif

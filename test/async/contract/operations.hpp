#ifndef SCTRACE_TEST_ASYNC_CONTRACT_OPERATIONS_HPP
#define SCTRACE_TEST_ASYNC_CONTRACT_OPERATIONS_HPP

#include "async/contract/object_operations.hpp"
#include "async/contract/run_operations.hpp"
#include "async/contract/source_operations.hpp"

#include <tuple>

namespace sctrace::test {

/// Every asynchronous operation of the library: a new one is to be added here and in operations.cpp.
using all_operations =
    std::tuple<kmsg_read, audit_read, replay_read, fork_read, aggregator_add, aggregator_merge,
               aggregator_flush, aggregator_flush_every, aggregator_snapshot, child_wait, recorder_run,
               recorder_receive, recorder_snapshot, watcher_run, replayer_run>;

} // namespace sctrace::test

#endif

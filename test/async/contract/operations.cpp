#include "async/contract/operations.hpp"

#include <utility>

namespace sctrace::test {

template <class Operation>
void begin_with(subject_of<Operation>& subject, any_handler<Operation> handler)
{
    subject.start(std::move(handler));
}

template void begin_with<kmsg_read>(subject_of<kmsg_read>&, any_handler<kmsg_read>);
template void begin_with<audit_read>(subject_of<audit_read>&, any_handler<audit_read>);
template void begin_with<replay_read>(subject_of<replay_read>&, any_handler<replay_read>);
template void begin_with<fork_read>(subject_of<fork_read>&, any_handler<fork_read>);
template void begin_with<aggregator_add>(subject_of<aggregator_add>&, any_handler<aggregator_add>);
template void begin_with<aggregator_merge>(subject_of<aggregator_merge>&, any_handler<aggregator_merge>);
template void begin_with<aggregator_flush>(subject_of<aggregator_flush>&, any_handler<aggregator_flush>);
template void begin_with<aggregator_flush_every>(subject_of<aggregator_flush_every>&,
                                                 any_handler<aggregator_flush_every>);
template void begin_with<aggregator_snapshot>(subject_of<aggregator_snapshot>&,
                                              any_handler<aggregator_snapshot>);
template void begin_with<child_wait>(subject_of<child_wait>&, any_handler<child_wait>);
template void begin_with<recorder_run>(subject_of<recorder_run>&, any_handler<recorder_run>);
template void begin_with<recorder_receive>(subject_of<recorder_receive>&, any_handler<recorder_receive>);
template void begin_with<recorder_snapshot>(subject_of<recorder_snapshot>&, any_handler<recorder_snapshot>);
template void begin_with<watcher_run>(subject_of<watcher_run>&, any_handler<watcher_run>);
template void begin_with<replayer_run>(subject_of<replayer_run>&, any_handler<replayer_run>);

} // namespace sctrace::test

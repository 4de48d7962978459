#ifndef SCTRACE_SRC_RECORDING_OPEN_SOURCE_HPP
#define SCTRACE_SRC_RECORDING_OPEN_SOURCE_HPP

#include "recording/live_source.hpp"
#include "recording/marker_exchange.hpp"

#include <sctrace/error.hpp>
#include <sctrace/source_options.hpp>

#include <boost/system/result.hpp>

namespace sctrace::detail {

/// Opens a live source, the audit socket if a marker comes back through it, else kmsg.
/**
 * Completes when a marker of @p own has come back, or has been waited for as long as it is worth. Everything
 * runs on the strand of @p run, the scope of the operation that opens the source.
 */
template <class Clock>
inline typename run_scope<Clock>::template task<boost::system::result<void, failure>>
open_source(live_source<Clock>& source, marker_exchange<Clock>& own, run_scope<Clock>& run,
            const source_options& options, const host_state& host)
{
    using result = boost::system::result<void, failure>;
    if (source.wants_audit()) {
        const bool must = source.must_be_audit();
        const result joined = source.open_audit();
        if (joined) {
            co_await own.wait_for(bracket_role::opening,
                                  must ? options.bracket_timeout : options.probe_timeout, source);
            const bool came_back = own.saw(bracket_role::opening);
            if (came_back || must || run.stop_asked() || host.log_switched_off()) {
                source.keep_audit(came_back, run.stop_asked());
                co_return result{};
            }
            co_await source.give_audit_up();
        } else if (must) {
            co_return joined;
        }
    }
    const result opened = source.open_kmsg();
    if (opened && own.is_possible(source)) {
        co_await own.wait_for(bracket_role::opening, options.bracket_timeout, source);
    }
    co_return opened;
}

} // namespace sctrace::detail

#endif

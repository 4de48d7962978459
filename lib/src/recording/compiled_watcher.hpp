#ifndef SCTRACE_SRC_COMPILED_WATCHER_HPP
#define SCTRACE_SRC_COMPILED_WATCHER_HPP

#include "recording/compiled_run.hpp"
#include "recording/watch_session.hpp"

#include <sctrace/watcher.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <utility>

namespace sctrace::detail {

template <class Clock>
std::shared_ptr<run_core<watch_summary>> make_watcher(const boost::asio::any_io_executor& ex,
                                                      watcher_options options)
{
    using state = watch_session<Clock>;
    return std::make_shared<compiled_run<run_core<watch_summary>, state>>(
        std::make_shared<state>(ex, std::move(options)));
}

} // namespace sctrace::detail

#endif

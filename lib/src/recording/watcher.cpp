#include "recording/watch_session.hpp"

#include <chrono>

namespace sctrace::detail {

template std::shared_ptr<run_core<watch_summary>>
make_watcher<std::chrono::steady_clock>(const boost::asio::any_io_executor& ex, watcher_options options);

} // namespace sctrace::detail

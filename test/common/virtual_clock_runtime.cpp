#include "common/virtual_clock.hpp"
#include "recording/recording_session.hpp"
#include "recording/watch_session.hpp"

// The library has its runtime for the steady clock only.
namespace sctrace::detail {

using test::virtual_clock;

template std::shared_ptr<hub_core> make_hub<virtual_clock>(const boost::asio::any_io_executor& ex,
                                                           source_options options);

template std::shared_ptr<recorder_core> make_recorder<virtual_clock>(const boost::asio::any_io_executor& ex,
                                                                     recorder_options options);

template std::shared_ptr<recorder_core> make_recorder<virtual_clock>(const boost::asio::any_io_executor& ex,
                                                                     const std::shared_ptr<hub_core>& hub,
                                                                     recorder_options options);

template std::shared_ptr<run_core<watch_summary>>
make_watcher<virtual_clock>(const boost::asio::any_io_executor& ex, watcher_options options);

} // namespace sctrace::detail

#include "recording/recording_session.hpp"

#include <chrono>

namespace sctrace::detail {

template std::shared_ptr<hub_core> make_hub<std::chrono::steady_clock>(const boost::asio::any_io_executor& ex,
                                                                       source_options options);

template std::shared_ptr<recorder_core>
make_recorder<std::chrono::steady_clock>(const boost::asio::any_io_executor& ex, recorder_options options);

template std::shared_ptr<recorder_core>
make_recorder<std::chrono::steady_clock>(const boost::asio::any_io_executor& ex,
                                         const std::shared_ptr<hub_core>& hub, recorder_options options);

} // namespace sctrace::detail

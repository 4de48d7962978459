#include "recording/replay_session.hpp"

#include <sctrace/replayer.hpp>

#include <memory>
#include <utility>

namespace sctrace::detail {

std::shared_ptr<run_core<report>> make_replayer(const boost::asio::any_io_executor& ex,
                                                replay_options options)
{
    return std::make_shared<replay_session>(ex, std::move(options));
}

} // namespace sctrace::detail

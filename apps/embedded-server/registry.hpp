#ifndef EMBEDDED_SERVER_REGISTRY_HPP
#define EMBEDDED_SERVER_REGISTRY_HPP

#include "recording.hpp"
#include "recording_request.hpp"

#include <sctrace/hub.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace embedded_server {

/// The recordings that run, and those that have ended and are still kept.
/** As many are kept as may run; the one that ended first goes first. */
class registry {
public:
    struct setting {
        std::size_t most = 0;
        /// Where traces and reports go; empty: nowhere.
        std::string directory;
        std::function<void(std::string_view)> say;
    };

    registry(sctrace::hub& hub, setting given);

    /// Whether no more recordings may run.
    bool is_full() const noexcept;

    /// Starts a recording.
    std::shared_ptr<recording> add(recording_request wanted);
    void remove(const recording& which);

    /// Null for any other id.
    std::shared_ptr<recording> find(std::string_view id) const noexcept;
    /// All, the oldest first.
    const std::vector<std::shared_ptr<recording>>& all() const noexcept { return recordings_; }
    const recording_totals& totals() const noexcept { return totals_; }

    /// Ends all recordings, and waits until all that they write is written.
    boost::asio::awaitable<void> stop_all();

private:
    recording::setting setting_of(recording_request wanted);
    void forget_first_ended();

    sctrace::hub& hub_;
    setting given_;
    recording_totals totals_;
    std::vector<std::shared_ptr<recording>> recordings_;
    std::uint64_t next_id_;
};

} // namespace embedded_server

#endif

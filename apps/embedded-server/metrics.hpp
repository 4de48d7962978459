#ifndef EMBEDDED_SERVER_METRICS_HPP
#define EMBEDDED_SERVER_METRICS_HPP

#include "registry.hpp"

#include <chrono>
#include <cstddef>
#include <string>

namespace embedded_server {

/// What the server knows of itself, in Prometheus' text exposition format 0.0.4.
std::string to_metrics(const registry& recordings, std::size_t connections,
                       std::chrono::system_clock::time_point process_start);

} // namespace embedded_server

#endif

#ifndef SCTRACE_SRC_HOST_RATELIMIT_GUARDIAN_HPP
#define SCTRACE_SRC_HOST_RATELIMIT_GUARDIAN_HPP

#include "os/descriptor.hpp"

#include <sctrace/printk_ratelimit_hold.hpp>

#include <boost/system/result.hpp>

namespace sctrace::detail {

/// Starts a process that has joined the hold, waits until its holder has gone, and then leaves the hold.
/** Returns the socket to it, whose other end it has as long as it lives. */
boost::system::result<unique_descriptor> start_guardian(const printk_ratelimit_paths& paths) noexcept;

} // namespace sctrace::detail

#endif

#ifndef ASIO_SCTRACE_TABLE_HPP
#define ASIO_SCTRACE_TABLE_HPP

#include <sctrace/architecture.hpp>
#include <sctrace/trace.hpp>

#include <string>

namespace asio_sctrace {

/// The counts as a table in the manner of `strace -c`: calls, share, syscall; most calls first.
std::string to_table(const sctrace::trace& counts, sctrace::architecture native);

} // namespace asio_sctrace

#endif

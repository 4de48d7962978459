#ifndef ASIO_SCTRACE_OUTPUT_FILE_HPP
#define ASIO_SCTRACE_OUTPUT_FILE_HPP

#include <sctrace/report.hpp>
#include <sctrace/trace_file.hpp>

#include <string>

namespace asio_sctrace {

/// Refuses two outputs that are one file.
/** @throws usage_error */
void check_outputs(const std::string& output, const std::string& report);

/// Writes the machine-readable report; says why if that fails.
bool write_report(const sctrace::report& report, const sctrace::trace_file& file);

} // namespace asio_sctrace

#endif

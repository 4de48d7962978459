#ifndef ASIO_SCTRACE_OUTPUT_FILE_HPP
#define ASIO_SCTRACE_OUTPUT_FILE_HPP

#include <sctrace/report.hpp>
#include <sctrace/trace_file.hpp>

#include <string>
#include <vector>

namespace asio_sctrace {

/// A file that is written, and the option that named it; an empty path is none.
struct named_output {
    std::string option;
    std::string path;
};

/// Refuses two outputs that are one file.
/** @throws usage_error */
void check_outputs(const std::vector<named_output>& outputs);

/// Writes the machine-readable report; says why if that fails.
bool write_report(const sctrace::report& report, const sctrace::trace_file& file);

} // namespace asio_sctrace

#endif

#ifndef ASIO_SCTRACE_DOCTOR_REPORT_HPP
#define ASIO_SCTRACE_DOCTOR_REPORT_HPP

#include "host_probe.hpp"

#include <sctrace/host_check.hpp>

#include <string>
#include <vector>

namespace asio_sctrace {

/// What `doctor` found out.
struct doctor_report {
    std::vector<sctrace::host_finding> findings;
    host_probe probe;
};

/// Whether a recording of a command can be proved complete: nothing is bad, and the probe's records came.
bool can_be_complete(const doctor_report& report);

/// Which recording is possible, or what stands in the way, the most important first; one line without
/// newline.
std::string conclusion(const doctor_report& report);

/// All findings as an aligned table for people.
std::string to_text(const doctor_report& report);

/// The same for programs: one JSON object and a newline.
std::string to_json(const doctor_report& report);

} // namespace asio_sctrace

#endif

#ifndef ASIO_SCTRACE_DOCTOR_COMMAND_HPP
#define ASIO_SCTRACE_DOCTOR_COMMAND_HPP

#include <string>
#include <vector>

namespace asio_sctrace {

/// `asio-sctrace doctor`; returns the exit status.
/** @throws usage_error */
int doctor_command(const std::vector<std::string>& words);

} // namespace asio_sctrace

#endif

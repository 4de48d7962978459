#ifndef ASIO_SCTRACE_ADVICE_HPP
#define ASIO_SCTRACE_ADVICE_HPP

#include <sctrace/error.hpp>
#include <sctrace/host_check.hpp>
#include <sctrace/report.hpp>

#include <string>

namespace asio_sctrace {

/// The library's words and, where this tool has a command or an option for it, what to do.
std::string with_advice(const sctrace::failure& why);
std::string with_advice(const sctrace::notice& what);

/// What changes a finding, first by an option of this tool if there is one.
std::string remedy_of(const sctrace::host_finding& found);

/// One line on refused calls among the counts, and how to see them; empty if there are none.
std::string refusals_with_advice(const sctrace::report& report);

} // namespace asio_sctrace

#endif

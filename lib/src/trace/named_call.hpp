#ifndef SCTRACE_SRC_NAMED_CALL_HPP
#define SCTRACE_SRC_NAMED_CALL_HPP

#include "text/json_line.hpp"

#include <sctrace/architecture.hpp>
#include <sctrace/error.hpp>
#include <sctrace/trace.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// What the lines of traces and of events have in common.
namespace sctrace::detail {

/// The value of `arch`: an architecture's name, or its number as `0x…`.
bool read_arch(json_line& in, std::optional<architecture>& arch);

/// The call that `syscall` and `arch` name, or that of @p native where there is no `arch`.
/** Empty, with a problem, if the two contradict each other. */
std::optional<syscall_key> call_of(json_line& in, const std::optional<architecture>& arch,
                                   std::int64_t number, architecture native);

/// What to tell about more different calls than a trace tells apart.
std::string too_many_words();

/// The failure of a file's last line, which lacks its newline: says so if the line was cut.
failure failure_of_last_line(const failure& why, std::string_view line);

} // namespace sctrace::detail

#endif

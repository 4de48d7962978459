#ifndef ASIO_SCTRACE_CALL_FILES_HPP
#define ASIO_SCTRACE_CALL_FILES_HPP

#include <sctrace/architecture.hpp>
#include <sctrace/saved_calls.hpp>

#include <boost/program_options/variables_map.hpp>

#include <string>
#include <vector>

namespace asio_sctrace {

/// Reads a file of system calls, and says what was left out of it unless it is to be quiet.
/**
 * @throws std::runtime_error with what is wrong, where and what to do, for a person.
 */
sctrace::saved_calls load_calls(const std::string& path, const sctrace::saved_calls_options& options,
                                bool quiet = false);

/// What to call a file in a message.
std::string display_name(const std::string& path);

/// Refuses to read standard input twice.
/** @throws usage_error */
void check_standard_input(const std::vector<std::string>& paths);

/// The architecture that `--native` names, or this machine's.
/** @throws usage_error */
sctrace::architecture native_of(const boost::program_options::variables_map& given);

} // namespace asio_sctrace

#endif

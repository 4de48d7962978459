#ifndef ASIO_SCTRACE_OPTION_VALUES_HPP
#define ASIO_SCTRACE_OPTION_VALUES_HPP

#include <sctrace/architecture.hpp>

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace asio_sctrace {

/// Parses the words of a command; those that belong to no option are collected under @p positional.
/** @throws usage_error */
boost::program_options::variables_map parse_words(const std::vector<std::string>& words,
                                                  const boost::program_options::options_description& options,
                                                  const std::string& positional);

/// Throws that an option's word cannot be understood.
[[noreturn]] void reject(const std::string& option, const std::string& word, const std::string& wanted);

/// The option's word; empty without the option.
/** @throws usage_error for an empty word */
std::string string_of(const boost::program_options::variables_map& given, const std::string& option);

/// The words of an option that may be repeated.
/** @throws usage_error for an empty word */
std::vector<std::string> strings_of(const boost::program_options::variables_map& given,
                                    const std::string& option);

/// The words of `--pid` as numbers.
/** @throws usage_error */
std::vector<pid_t> pids_of(const boost::program_options::variables_map& given);

/// The architecture that an option's word names.
/** @throws usage_error */
sctrace::architecture arch_of(const std::string& option, const std::string& word);

/// The number of `--session`; empty without the option.
/** @throws usage_error */
std::optional<std::uint32_t> session_of(const boost::program_options::variables_map& given);

/// The time of an option that takes seconds; one that is not zero does not become zero.
/** @throws usage_error */
std::chrono::milliseconds seconds_of(const boost::program_options::variables_map& given,
                                     const std::string& option);

} // namespace asio_sctrace

#endif

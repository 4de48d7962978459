#ifndef ASIO_SCTRACE_SOURCE_OPTION_HPP
#define ASIO_SCTRACE_SOURCE_OPTION_HPP

#include <sctrace/source_options.hpp>

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>

#include <string>

namespace asio_sctrace {

/// Describes `--source`, `--kmsg`, `--receive-buffer` and `--lift-ratelimit`.
/** @param meanwhile How long the rate limit is lifted, in words: "while recording". */
void add_source_options(boost::program_options::options_description& to, const std::string& meanwhile);

/// Reads them.
/** @throws usage_error */
void read_source_options(const boost::program_options::variables_map& given, sctrace::source_options& to);

} // namespace asio_sctrace

#endif

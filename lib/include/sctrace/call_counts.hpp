#ifndef SCTRACE_CALL_COUNTS_HPP
#define SCTRACE_CALL_COUNTS_HPP

#include <sctrace/architecture.hpp>
#include <sctrace/error.hpp>
#include <sctrace/saved_calls.hpp>
#include <sctrace/trace.hpp>

#include <boost/system/result.hpp>

#include <string>
#include <vector>

namespace sctrace {

/// A file of system calls as a trace.
struct call_counts {
    /// How often each call is in the file.
    trace counts;
    /// How what is no trace was counted, for a person; one sentence each without a full stop.
    std::vector<std::string> notes;
};

/// Makes a trace of what a file of system calls holds.
/**
 * Of events all records count, permitted or not. Of a profile each call counts once that it permits whatever
 * the arguments, on each of its architectures; of a list each name once, on @p native.
 *
 * @param calls What read_saved_calls() read.
 * @param native The architecture of a list, and of a profile that names none.
 * @par Errors
 * @li error::not_expressible - a profile permits by default: what it permits cannot be listed
 * @li error::count_overflow - the sum of all counts has more than 64 bits
 * @par Thread Safety
 * Safe.
 * @par Exception safety
 * Strong guarantee; throws std::bad_alloc.
 *
 * @par Example
 * @code
 * const sctrace::saved_calls list{sctrace::call_names{{"read", "write"}}, {}};
 * const auto counted = sctrace::count_calls(list, sctrace::architecture::native());
 * std::cout << counted->counts.size() << " calls\n"; // 2 calls
 * @endcode
 */
boost::system::result<call_counts, failure> count_calls(const saved_calls& calls, architecture native);

} // namespace sctrace

#endif

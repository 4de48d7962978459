#ifndef SCTRACE_CONDITION_HPP
#define SCTRACE_CONDITION_HPP

#include <boost/system/error_category.hpp>
#include <boost/system/error_condition.hpp>
#include <boost/system/is_error_condition_enum.hpp>

#include <string_view>
#include <type_traits>

namespace sctrace {

/// What a program can do about an error: every code of the library belongs to exactly one condition.
/**
 * Compare an error_code with it: `if (ec == sctrace::condition::source_unavailable)`. Names and numbers stay
 * the same in all releases; a release may add conditions and codes. The page "Errors" lists the codes of each
 * condition with their causes and cures.
 *
 * Errors of system calls keep their errno, which says what failed but not on what. Those that opening a
 * source gives equal `source_unavailable`: ENOENT, EACCES, EPERM, ENODEV, ENXIO, EISDIR, EOPNOTSUPP,
 * EPROTONOSUPPORT, EAFNOSUPPORT and ECONNREFUSED. From an operation that writes a file as well, the first
 * three can be the file's: trace_file::prepare() shows it beforehand. Those that only writing gives equal
 * `output_unavailable`: ENOSPC, EDQUOT, EFBIG and EPIPE. ECANCELED, which is
 * `asio::error::operation_aborted`, equals `stopped`. All others equal no condition of this library.
 *
 * @par Example
 * @code
 * boost::asio::io_context context;
 * sctrace::kmsg_source source(context);
 * const auto opened = source.open("/no/such/device");
 * if (!opened && opened.error().code == sctrace::condition::source_unavailable) {
 *     std::cout << "go on without records\n"; // go on without records
 * }
 * @endcode
 */
enum class condition {
    /// The text is no record of the kind that was asked for: pass over it.
    not_a_record = 1,
    /// A record that cannot be read: count it as lost.
    malformed_record = 2,
    /// Something that was recorded is missing from what was read or counted.
    data_loss = 3,
    /// The source of records cannot be opened or read here: take another one, or ask for the right to it.
    source_unavailable = 4,
    /// The trace or another file cannot be written: name another one.
    output_unavailable = 5,
    /// The command did not start.
    command_not_started = 6,
    /// A file that was given holds something else than it should, or is damaged.
    invalid_input = 7,
    /// What was asked for is sound, but the format, the filter or the number has no room for it.
    not_representable = 8,
    /// The program used the library in a way that it does not provide for.
    invalid_use = 9,
    /// It ended early because that was asked for.
    stopped = 10,
};

/// The condition's name in this header, such as `data_loss`; empty for a value that is none.
/**
 * @par Thread Safety
 * Safe.
 */
std::string_view to_string(condition c) noexcept;

/// The category of `sctrace::condition`; its name is "sctrace.condition".
/**
 * It compares equal to the category of any other copy of the library in the process.
 *
 * @par Thread Safety
 * Safe.
 */
const boost::system::error_category& condition_category() noexcept;

/// Found by argument-dependent lookup when a `condition` becomes an error_condition.
boost::system::error_condition make_error_condition(condition c) noexcept;

} // namespace sctrace

namespace boost::system {

/// Lets a `sctrace::condition` become an error_condition, and be compared with an error_code.
template <>
struct is_error_condition_enum<sctrace::condition> : std::true_type {
};

} // namespace boost::system

#endif

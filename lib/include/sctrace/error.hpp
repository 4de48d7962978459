#ifndef SCTRACE_ERROR_HPP
#define SCTRACE_ERROR_HPP

#include <sctrace/condition.hpp>

#include <boost/assert/source_location.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/is_error_code_enum.hpp>

#include <string>
#include <string_view>
#include <type_traits>

namespace sctrace {

/// What the library itself can report; errors of system calls keep their errno in the system category.
/**
 * Names and numbers stay the same in all releases. Programs usually branch on the sctrace::condition that a
 * code belongs to. The page "Errors" has the cause and the cure of each.
 *
 * @par Example
 * @code
 * const auto record = sctrace::parse_seccomp_line("type=1326 audit(1795497556.007:200135): auid=0 pid=27");
 * if (record.error() == sctrace::condition::data_loss) {
 *     std::cout << "count it as lost\n"; // count it as lost
 * }
 * std::cout << sctrace::to_string(sctrace::error::truncated_record) << '\n'; // truncated_record
 * @endcode
 */
enum class error {
    /// The text is no /dev/kmsg entry (`prefix,seq,usec,flags;text`).
    not_a_kmsg_entry = 1,
    /// The text does not start with the header of an audit record.
    not_an_audit_record = 2,
    /// An audit record, but not one that seccomp wrote.
    not_a_seccomp_record = 3,
    /// A SECCOMP record whose text ends before the system call's number: the kernel cut it.
    truncated_record = 4,
    /// A SECCOMP record whose system call number is no number.
    malformed_record = 5,
    /// No notice of lost records.
    not_a_loss_notice = 6,
    /// The path of a source is a symbolic link.
    source_is_symlink = 7,
    /// The path of a source is neither a character device nor a FIFO.
    source_not_a_device = 8,
    /// The path of the trace is a symbolic link.
    output_is_symlink = 9,
    /// The path of the trace is a directory.
    output_is_directory = 10,
    /// The command was found nowhere.
    command_not_found = 11,
    /// The command exists but the kernel would not run it.
    command_not_executable = 12,
    /// The user to run the command as is unknown.
    unknown_user = 13,
    /// The child could not be prepared (filter, session, ids).
    launch_failed = 14,
    /// The object already runs the operation.
    already_running = 15,
    /// Process ids of this pid namespace are not those in the kernel's records.
    foreign_pid_namespace = 16,
    /// The options contradict one another.
    invalid_options = 17,
    /// A trace file is none, or is damaged.
    malformed_trace = 18,
    /// The line is no entry of the systemd journal in JSON.
    not_a_journal_entry = 19,
    /// The bytes of a gzip stream contradict themselves.
    damaged_gzip = 20,
    /// The end came before the end of a gzip stream.
    truncated_gzip = 21,
    /// The log is no text: another encoding or compression, or a file of the systemd journal.
    unreadable_log = 22,
    /// The log became shorter while it was read.
    shrinking_log = 23,
    /// A stop was requested before everything had been read.
    stopped_early = 24,
    /// More different system calls were seen than a trace tells apart.
    too_many_syscalls = 25,
    /// A seccomp profile is none, or is damaged or contradicts itself.
    malformed_profile = 26,
    /// A file of events is none, or is damaged.
    malformed_event = 27,
    /// A list of system calls holds something else than names.
    malformed_list = 28,
    /// A trace was recorded on another architecture than it is read for.
    other_architecture = 29,
    /// The sum of counts has more than 64 bits.
    count_overflow = 30,
    /// The format has no way to say what a profile says.
    not_expressible = 31,
    /// No filter can be made of a profile or of a list of calls.
    filter_not_possible = 32,
};

/// The error's name in this header, such as `truncated_record`; empty for a value that is none.
/**
 * @par Thread Safety
 * Safe.
 */
std::string_view to_string(error e) noexcept;

/// The category of `sctrace::error`; its name is "sctrace".
/**
 * It compares equal to the category of any other copy of the library in the process.
 *
 * @par Thread Safety
 * Safe.
 */
const boost::system::error_category& error_category() noexcept;

/// Found by argument-dependent lookup when an `error` becomes an error_code.
boost::system::error_code make_error_code(error e) noexcept;

/// What a program can advise where the library only knows what is the matter.
/**
 * How to do it is the program's: a command or an option of its own, in words that follow those of the
 * library. The page "Errors" has the messages that come with each.
 */
enum class advice {
    /// There is no more to say.
    none,
    /// Lift the kernel's rate limit while recording.
    lift_ratelimit,
    /// Replay what the command that ends the message prints.
    replay_its_output,
    /// Replay what that command prints, or record instead.
    replay_or_record,
    /// Make a trace of the log by replaying it.
    replay_first,
    /// Replay what is a log, and no list.
    replay_logs,
    /// Read the trace for the architecture on which it was recorded.
    name_native,
};

/// An error code with the words that a person needs: what failed, on what, and what to do about it.
/**
 * @par Example
 * @code
 * const auto file = sctrace::trace_file::prepare("/");
 * if (!file && file.error().code == sctrace::condition::output_unavailable) {
 *     std::cout << file.error().message << '\n';
 * }
 * // cannot write /: the output is a directory; name a file in it
 * @endcode
 */
struct failure {
    /// What failed, for programs.
    boost::system::error_code code;
    /// The same for people, in one sentence without a full stop.
    std::string message;
    /// What else a program can say.
    advice advised = advice::none;
};

/// A sentence for a person, told while something runs; text and nothing else to a function that takes such.
/**
 * @par Example
 * @code
 * const sctrace::notice told{"the kernel limits the rate"};
 * std::cout << std::string_view(told) << '\n'; // the kernel limits the rate
 * @endcode
 */
struct notice {
    /// The sentence, without a full stop.
    std::string text;
    /// What else a program can say.
    advice advised = advice::none;

    /// The sentence.
    operator std::string_view() const noexcept { return text; }
};

/// Lets `boost::system::result<T, failure>::value()` throw `boost::system::system_error` with the message.
/**
 * @param f What failed.
 * @param where The place that asked for the value.
 */
[[noreturn]] void throw_exception_from_error(const failure& f, const boost::source_location& where);

} // namespace sctrace

namespace boost::system {

/// Lets a `sctrace::error` become an error_code, and be compared with an error_code.
template <>
struct is_error_code_enum<sctrace::error> : std::true_type {
};

} // namespace boost::system

#endif

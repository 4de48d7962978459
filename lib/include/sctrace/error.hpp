#ifndef SCTRACE_ERROR_HPP
#define SCTRACE_ERROR_HPP

#include <boost/assert/source_location.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/is_error_code_enum.hpp>

#include <string>
#include <type_traits>

namespace sctrace {

/// What the library itself can report; errors of system calls keep their errno in the system category.
enum class error {
    /// The text is no /dev/kmsg entry (`prefix,seq,usec,flags;text`).
    not_a_kmsg_entry = 1,
    /// The text does not start with the header of an audit record.
    not_an_audit_record,
    /// An audit record, but not one that seccomp wrote.
    not_a_seccomp_record,
    /// A SECCOMP record whose text ends before the system call's number: the kernel cut it.
    truncated_record,
    /// A SECCOMP record whose system call number is no number.
    malformed_record,
    /// No notice of lost records.
    not_a_loss_notice,
    /// The path of a source is a symbolic link.
    source_is_symlink,
    /// The path of a source is neither a character device nor a FIFO.
    source_not_a_device,
    /// The path of the trace is a symbolic link.
    output_is_symlink,
    /// The path of the trace is a directory.
    output_is_directory,
    /// The command was found nowhere.
    command_not_found,
    /// The command exists but the kernel would not run it.
    command_not_executable,
    /// The user to run the command as is unknown.
    unknown_user,
    /// The child could not be prepared (filter, session, ids).
    launch_failed,
    /// The object already runs the operation.
    already_running,
    /// Process ids of this pid namespace are not those in the kernel's records.
    foreign_pid_namespace,
    /// The options contradict one another.
    invalid_options,
    /// A trace file is none, or is damaged.
    malformed_trace,
    /// The line is no entry of the systemd journal in JSON.
    not_a_journal_entry,
    /// The bytes of a gzip stream contradict themselves.
    damaged_gzip,
    /// The end came before the end of a gzip stream.
    truncated_gzip,
    /// The log is no text: another encoding or compression, or a file of the systemd journal.
    unreadable_log,
    /// The log became shorter while it was read.
    shrinking_log,
    /// A stop was requested before everything had been read.
    stopped_early,
    /// More different system calls were seen than a trace tells apart.
    too_many_syscalls,
    /// A seccomp profile is none, or is damaged or contradicts itself.
    malformed_profile,
    /// A file of events is none, or is damaged.
    malformed_event,
    /// A list of system calls holds something else than names.
    malformed_list,
    /// A trace was recorded on another architecture than it is read for.
    other_architecture,
    /// The sum of counts has more than 64 bits.
    count_overflow,
    /// The format has no way to say what a profile says.
    not_expressible,
    /// No filter can be made of a profile or of a list of calls.
    filter_not_possible,
};

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

/// An error code with the words that a person needs: what failed, on what, and what to do about it.
struct failure {
    /// What failed, for programs.
    boost::system::error_code code;
    /// The same for people, in one sentence without a full stop.
    std::string message;
};

/// Lets `boost::system::result<T, failure>::value()` throw `boost::system::system_error` with the message.
[[noreturn]] void throw_exception_from_error(const failure& f, const boost::source_location& where);

} // namespace sctrace

template <>
struct boost::system::is_error_code_enum<sctrace::error> : std::true_type {
};

#endif

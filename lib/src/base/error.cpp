#include "base/message_buffer.hpp"

#include <sctrace/error.hpp>

#include <boost/system/error_category.hpp>
#include <boost/system/system_error.hpp>
#include <boost/throw_exception.hpp>

#include <cstddef>
#include <string>

namespace sctrace {

namespace {

struct description {
    std::string_view name;
    condition kind;
    const char* message;
};

constexpr description describe(error e) noexcept
{
    switch (e) {
    case error::not_a_kmsg_entry:
        return {"not_a_kmsg_entry", condition::not_a_record,
                "not an entry of /dev/kmsg; an entry reads `prefix,seq,usec,flags;text`"};
    case error::not_an_audit_record:
        return {"not_an_audit_record", condition::not_a_record,
                "not an audit record; a record starts with `type=… audit(…):` or `type=… msg=audit(…):`"};
    case error::not_a_seccomp_record:
        return {"not_a_seccomp_record", condition::not_a_record,
                "an audit record, but not one that seccomp wrote; skip it"};
    case error::truncated_record:
        return {"truncated_record", condition::data_loss,
                "the kernel cut the SECCOMP record before the system call's number; count it as a lost "
                "record, or read the audit socket, which does not cut"};
    case error::malformed_record:
        return {"malformed_record", condition::malformed_record,
                "a SECCOMP record without a numeric `syscall=`; count it as a lost record"};
    case error::not_a_loss_notice:
        return {"not_a_loss_notice", condition::not_a_record, "not a notice of lost audit records; skip it"};
    case error::source_is_symlink:
        return {"source_is_symlink", condition::source_unavailable,
                "the source is a symbolic link; name the device or FIFO itself"};
    case error::source_not_a_device:
        return {"source_not_a_device", condition::source_unavailable,
                "the source is neither a character device nor a FIFO"};
    case error::output_is_symlink:
        return {"output_is_symlink", condition::output_unavailable,
                "the output is a symbolic link; name the file itself"};
    case error::output_is_directory:
        return {"output_is_directory", condition::output_unavailable,
                "the output is a directory; name a file in it"};
    case error::command_not_found:
        return {"command_not_found", condition::command_not_started,
                "command not found; check its spelling and PATH"};
    case error::command_not_executable:
        return {"command_not_executable", condition::command_not_started,
                "the command cannot be executed; check its permissions and its first line"};
    case error::unknown_user:
        return {"unknown_user", condition::command_not_started, "no such user; check the user's name"};
    case error::launch_failed:
        return {"launch_failed", condition::command_not_started,
                "the command could not be prepared to run under the filter; see the system's error"};
    case error::already_running:
        return {"already_running", condition::invalid_use,
                "the operation already runs; wait for it to complete first"};
    case error::foreign_pid_namespace:
        return {"foreign_pid_namespace", condition::source_unavailable,
                "process ids of this pid namespace are not those in the kernel's records; run in the initial "
                "one"};
    case error::invalid_options:
        return {"invalid_options", condition::invalid_use,
                "the options contradict one another; leave one of them out"};
    case error::malformed_trace:
        return {"malformed_trace", condition::invalid_input,
                "not a trace; each line reads {\"syscall\":0,\"name\":\"read\",\"count\":42}"};
    case error::not_a_journal_entry:
        return {"not_a_journal_entry", condition::not_a_record,
                "not an entry of the systemd journal; `journalctl -o json` writes one object on each line"};
    case error::damaged_gzip:
        return {"damaged_gzip", condition::data_loss,
                "the gzip data is damaged; `gzip -t` checks the whole file"};
    case error::truncated_gzip:
        return {"truncated_gzip", condition::data_loss,
                "the gzip data is cut; copy the whole file, or wait until it is written"};
    case error::unreadable_log:
        return {"unreadable_log", condition::invalid_input,
                "the log is no text; convert or uncompress it first"};
    case error::shrinking_log:
        return {"shrinking_log", condition::data_loss,
                "the log became shorter while it was read; read it again when nobody writes to it"};
    case error::stopped_early:
        return {"stopped_early", condition::stopped,
                "stopped before everything had been read; what was read counts"};
    case error::too_many_syscalls:
        return {"too_many_syscalls", condition::data_loss,
                "more different system calls than a trace tells apart; select fewer records"};
    case error::malformed_profile:
        return {"malformed_profile", condition::invalid_input,
                "not a seccomp profile of the OCI runtime specification; the message names the line"};
    case error::malformed_event:
        return {"malformed_event", condition::invalid_input,
                "not an event; events are JSON objects, one on each line"};
    case error::malformed_list:
        return {"malformed_list", condition::invalid_input,
                "not a list of system calls; write one name on each line"};
    case error::other_architecture:
        return {"other_architecture", condition::invalid_input,
                "the trace was recorded on another architecture; name it as the native one"};
    case error::count_overflow:
        return {"count_overflow", condition::not_representable,
                "the sum of the counts has more than 64 bits; merge fewer traces"};
    case error::not_expressible:
        return {"not_expressible", condition::not_representable,
                "the format cannot say what the profile says; choose the OCI format"};
    case error::filter_not_possible:
        return {"filter_not_possible", condition::not_representable,
                "the kernel or libseccomp cannot make this filter; see the message"};
    }
    return {"", condition{}, "unknown sctrace error"};
}

// Boost's base class has a protected destructor, yet friends for which GCC calls it accessible; nobody
// deletes a category through its base.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

class sctrace_category final : public boost::system::error_category {
public:
    constexpr sctrace_category() noexcept
        : error_category(0x7c1f0d52a6e943b8)
    {
    }

    const char* name() const noexcept override { return "sctrace"; }

    std::string message(int value) const override { return describe(static_cast<error>(value)).message; }

    const char* message(int value, char* buffer, std::size_t length) const noexcept override
    {
        return detail::copy_message(describe(static_cast<error>(value)).message, buffer, length);
    }

    boost::system::error_condition default_error_condition(int value) const noexcept override
    {
        const description found = describe(static_cast<error>(value));
        if (found.name.empty()) {
            return {value, *this};
        }
        return found.kind;
    }
};

#pragma GCC diagnostic pop

constexpr sctrace_category category;

} // namespace

std::string_view to_string(error e) noexcept
{
    return describe(e).name;
}

const boost::system::error_category& error_category() noexcept
{
    return category;
}

boost::system::error_code make_error_code(error e) noexcept
{
    return {static_cast<int>(e), category};
}

void throw_exception_from_error(const failure& f, const boost::source_location& where)
{
    boost::throw_exception(boost::system::system_error(f.code, f.message), where);
}

} // namespace sctrace

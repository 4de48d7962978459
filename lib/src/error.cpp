#include <sctrace/error.hpp>

#include <boost/system/error_category.hpp>
#include <boost/system/system_error.hpp>
#include <boost/throw_exception.hpp>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace sctrace {

namespace {

constexpr const char* message_of(int value) noexcept
{
    switch (static_cast<error>(value)) {
    case error::not_a_kmsg_entry:
        return "not an entry of /dev/kmsg; an entry reads `prefix,seq,usec,flags;text`";
    case error::not_an_audit_record:
        return "not an audit record; a record starts with `type=… audit(…):` or `type=… msg=audit(…):`";
    case error::not_a_seccomp_record:
        return "an audit record, but not one that seccomp wrote; skip it";
    case error::truncated_record:
        return "the kernel cut the SECCOMP record before the system call's number; count it as a lost "
               "record, "
               "or read the audit socket, which does not cut";
    case error::malformed_record:
        return "a SECCOMP record without a numeric `syscall=`; count it as a lost record";
    case error::not_a_loss_notice:
        return "not a notice of lost audit records; skip it";
    case error::source_is_symlink:
        return "the source is a symbolic link; name the device or FIFO itself";
    case error::source_not_a_device:
        return "the source is neither a character device nor a FIFO";
    case error::output_is_symlink:
        return "the output is a symbolic link; name the file itself";
    case error::output_is_directory:
        return "the output is a directory; name a file in it";
    case error::command_not_found:
        return "command not found; check its spelling and PATH";
    case error::command_not_executable:
        return "the command cannot be executed; check its permissions and its first line";
    case error::unknown_user:
        return "no such user; check the user's name";
    case error::launch_failed:
        return "the command could not be prepared to run under the filter; see the system's error";
    case error::already_running:
        return "the operation already runs; wait for it to complete first";
    case error::foreign_pid_namespace:
        return "process ids of this pid namespace are not those in the kernel's records; run in the initial "
               "one";
    case error::invalid_options:
        return "the options contradict one another; leave one of them out";
    case error::malformed_trace:
        return "not a trace; each line reads {\"syscall\":0,\"name\":\"read\",\"count\":42}";
    case error::not_a_journal_entry:
        return "not an entry of the systemd journal; `journalctl -o json` writes one object on each line";
    case error::damaged_gzip:
        return "the gzip data is damaged; `gzip -t` checks the whole file";
    case error::truncated_gzip:
        return "the gzip data is cut; copy the whole file, or wait until it is written";
    case error::unreadable_log:
        return "the log is no text; convert or uncompress it first";
    case error::shrinking_log:
        return "the log became shorter while it was read; read it again when nobody writes to it";
    case error::stopped_early:
        return "stopped before everything had been read; what was read counts";
    case error::too_many_syscalls:
        return "more different system calls than a trace tells apart; select fewer records";
    case error::malformed_profile:
        return "not a seccomp profile of the OCI runtime specification; the message names the line";
    case error::malformed_event:
        return "not an event; `asio-sctrace replay --events` writes one object on each line";
    case error::malformed_list:
        return "not a list of system calls; write one name on each line";
    case error::other_architecture:
        return "the trace was recorded on another architecture; name it as the native one";
    case error::count_overflow:
        return "the sum of the counts has more than 64 bits; merge fewer traces";
    case error::not_expressible:
        return "the format cannot say what the profile says; choose the OCI format";
    case error::filter_not_possible:
        return "the kernel or libseccomp cannot make this filter; see the message";
    }
    return "unknown sctrace error";
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

    std::string message(int value) const override { return message_of(value); }

    const char* message(int value, char* buffer, std::size_t length) const noexcept override
    {
        if (length == 0)
            return buffer;
        const std::string_view text = message_of(value);
        const std::size_t copied = std::min(text.size(), length - 1);
        std::memcpy(buffer, text.data(), copied);
        buffer[copied] = '\0';
        return buffer;
    }
};

#pragma GCC diagnostic pop

constexpr sctrace_category category;

} // namespace

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

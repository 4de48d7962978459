#include <sctrace/error.hpp>

#include <boost/system/error_category.hpp>
#include <boost/system/generic_category.hpp>
#include <boost/system/system_category.hpp>
#include <boost/system/system_error.hpp>
#include <boost/throw_exception.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

namespace sctrace {

namespace {

struct error_words {
    error code;
    std::string_view name;
    condition kind;
    const char* message;
};

/// The last row is for a value that is none.
constexpr auto errors = std::to_array<error_words>({
    {error::not_a_kmsg_entry, "not_a_kmsg_entry", condition::not_a_record,
     "not an entry of /dev/kmsg; an entry reads `prefix,seq,usec,flags;text`"},
    {error::not_an_audit_record, "not_an_audit_record", condition::not_a_record,
     "not an audit record; a record starts with `type=… audit(…):` or `type=… msg=audit(…):`"},
    {error::not_a_seccomp_record, "not_a_seccomp_record", condition::not_a_record,
     "an audit record, but not one that seccomp wrote; skip it"},
    {error::truncated_record, "truncated_record", condition::data_loss,
     "the kernel cut the SECCOMP record before the system call's number; count it as a lost "
     "record, or read the audit socket, which does not cut"},
    {error::malformed_record, "malformed_record", condition::malformed_record,
     "a SECCOMP record without a numeric `syscall=`; count it as a lost record"},
    {error::not_a_loss_notice, "not_a_loss_notice", condition::not_a_record,
     "not a notice of lost audit records; skip it"},
    {error::source_is_symlink, "source_is_symlink", condition::source_unavailable,
     "the source is a symbolic link; name the device or FIFO itself"},
    {error::source_not_a_device, "source_not_a_device", condition::source_unavailable,
     "the source is neither a character device nor a FIFO"},
    {error::output_is_symlink, "output_is_symlink", condition::output_unavailable,
     "the output is a symbolic link; name the file itself"},
    {error::output_is_directory, "output_is_directory", condition::output_unavailable,
     "the output is a directory; name a file in it"},
    {error::command_not_found, "command_not_found", condition::command_not_started,
     "command not found; check its spelling and PATH"},
    {error::command_not_executable, "command_not_executable", condition::command_not_started,
     "the command cannot be executed; check its permissions and its first line"},
    {error::unknown_user, "unknown_user", condition::command_not_started,
     "no such user; check the user's name"},
    {error::launch_failed, "launch_failed", condition::command_not_started,
     "the command could not be prepared to run under the filter; see the system's error"},
    {error::already_running, "already_running", condition::invalid_use,
     "the operation already runs; wait for it to complete first"},
    {error::foreign_pid_namespace, "foreign_pid_namespace", condition::source_unavailable,
     "process ids of this pid namespace are not those in the kernel's records; run in the initial "
     "one"},
    {error::invalid_options, "invalid_options", condition::invalid_use,
     "the options contradict one another; leave one of them out"},
    {error::malformed_trace, "malformed_trace", condition::invalid_input,
     "not a trace; each line reads {\"syscall\":0,\"name\":\"read\",\"count\":42}"},
    {error::not_a_journal_entry, "not_a_journal_entry", condition::not_a_record,
     "not an entry of the systemd journal; `journalctl -o json` writes one object on each line"},
    {error::damaged_gzip, "damaged_gzip", condition::data_loss,
     "the gzip data is damaged; `gzip -t` checks the whole file"},
    {error::truncated_gzip, "truncated_gzip", condition::data_loss,
     "the gzip data is cut; copy the whole file, or wait until it is written"},
    {error::unreadable_log, "unreadable_log", condition::invalid_input,
     "the log is no text; convert or uncompress it first"},
    {error::shrinking_log, "shrinking_log", condition::data_loss,
     "the log became shorter while it was read; read it again when nobody writes to it"},
    {error::stopped_early, "stopped_early", condition::stopped,
     "stopped before everything had been read; what was read counts"},
    {error::too_many_syscalls, "too_many_syscalls", condition::data_loss,
     "more different system calls than a trace tells apart; select fewer records"},
    {error::malformed_profile, "malformed_profile", condition::invalid_input,
     "not a seccomp profile of the OCI runtime specification; the message names the line"},
    {error::malformed_event, "malformed_event", condition::invalid_input,
     "not an event; events are JSON objects, one on each line"},
    {error::malformed_list, "malformed_list", condition::invalid_input,
     "not a list of system calls; write one name on each line"},
    {error::other_architecture, "other_architecture", condition::invalid_input,
     "the trace was recorded on another architecture; name it as the native one"},
    {error::count_overflow, "count_overflow", condition::not_representable,
     "the sum of the counts has more than 64 bits; merge fewer traces"},
    {error::not_expressible, "not_expressible", condition::not_representable,
     "the format cannot say what the profile says; choose the OCI format"},
    {error::filter_not_possible, "filter_not_possible", condition::not_representable,
     "the kernel or libseccomp cannot make this filter; see the message"},
    {error{}, "", condition{}, "unknown sctrace error"},
});

struct condition_words {
    condition code;
    std::string_view name;
    const char* message;
};

constexpr auto conditions = std::to_array<condition_words>({
    {condition::not_a_record, "not_a_record", "not a record of the kind that was asked for"},
    {condition::malformed_record, "malformed_record", "a record that cannot be read"},
    {condition::data_loss, "data_loss", "something that was recorded is missing"},
    {condition::source_unavailable, "source_unavailable", "the source of records is not available"},
    {condition::output_unavailable, "output_unavailable", "the output cannot be written"},
    {condition::command_not_started, "command_not_started", "the command did not start"},
    {condition::invalid_input, "invalid_input", "a file holds something else than it should"},
    {condition::not_representable, "not_representable", "the result cannot be expressed"},
    {condition::invalid_use, "invalid_use", "the library was used wrongly"},
    {condition::stopped, "stopped", "ended early because that was asked for"},
    {condition{}, "", "unknown sctrace condition"},
});

template <class Table, class Code>
const auto& words_for(const Table& table, Code code) noexcept
{
    return *std::find_if(table.begin(), table.end() - 1,
                         [code](const auto& row) { return row.code == code; });
}

constexpr std::array errnos_of_opening_a_source{
    ENOENT, EACCES, EPERM, ENODEV, ENXIO, EISDIR, EOPNOTSUPP, EPROTONOSUPPORT, EAFNOSUPPORT, ECONNREFUSED,
};

constexpr std::array errnos_of_writing{ENOSPC, EDQUOT, EFBIG, EPIPE};

template <class Numbers>
bool has(const Numbers& numbers, int number) noexcept
{
    return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

bool includes_errno(condition c, int number) noexcept
{
    switch (c) {
    case condition::source_unavailable:
        return has(errnos_of_opening_a_source, number);
    case condition::output_unavailable:
        return has(errnos_of_writing, number);
    case condition::stopped:
        return number == ECANCELED;
    default:
        return false;
    }
}

bool holds_errno(const boost::system::error_code& code) noexcept
{
    return code.category() == boost::system::system_category() ||
           code.category() == boost::system::generic_category();
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

    using error_category::message;
    std::string message(int value) const override
    {
        return words_for(errors, static_cast<error>(value)).message;
    }

    boost::system::error_condition default_error_condition(int value) const noexcept override
    {
        const error_words& found = words_for(errors, static_cast<error>(value));
        return found.name.empty() ? boost::system::error_condition(value, *this) : found.kind;
    }
};

class sctrace_condition_category final : public boost::system::error_category {
public:
    constexpr sctrace_condition_category() noexcept
        : error_category(0x3b9e64d1f7085ac2)
    {
    }

    const char* name() const noexcept override { return "sctrace.condition"; }

    using error_category::message;
    std::string message(int value) const override
    {
        return words_for(conditions, static_cast<condition>(value)).message;
    }

    using error_category::equivalent;

    // A code of the library tells its condition itself, see default_error_condition() of its category.
    bool equivalent(const boost::system::error_code& code, int value) const noexcept override
    {
        return error_category::equivalent(code, value) ||
               (holds_errno(code) && includes_errno(static_cast<condition>(value), code.value()));
    }
};

#pragma GCC diagnostic pop

constexpr sctrace_category category;
constexpr sctrace_condition_category category_of_conditions;

} // namespace

std::string_view to_string(error e) noexcept
{
    return words_for(errors, e).name;
}

const boost::system::error_category& error_category() noexcept
{
    return category;
}

boost::system::error_code make_error_code(error e) noexcept
{
    return {static_cast<int>(e), category};
}

std::string_view to_string(condition c) noexcept
{
    return words_for(conditions, c).name;
}

const boost::system::error_category& condition_category() noexcept
{
    return category_of_conditions;
}

boost::system::error_condition make_error_condition(condition c) noexcept
{
    return {static_cast<int>(c), category_of_conditions};
}

void throw_exception_from_error(const failure& f, const boost::source_location& where)
{
    boost::throw_exception(boost::system::system_error(f.code, f.message), where);
}

} // namespace sctrace

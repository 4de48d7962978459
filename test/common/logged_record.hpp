#ifndef SCTRACE_TEST_LOGGED_RECORD_HPP
#define SCTRACE_TEST_LOGGED_RECORD_HPP

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace sctrace::test {

/// A SECCOMP record, each value as the kernel writes it.
struct logged_record {
    std::uint64_t serial = 1;
    std::string time = "1795497556.007";
    std::string session = "4294967295";
    std::string pid = "2752";
    std::string comm = "\"nginx\"";
    std::string exe = "\"/usr/sbin/nginx\"";
    /// Empty: a kernel before 3.16.
    std::string arch = "c000003e";
    std::string syscall = "110";
    std::string ip = "0x7f29e9374829";
    std::string code = "0x7ffc0000";

    std::string fields() const
    {
        return "auid=4294967295 uid=33 gid=33 ses=" + session + " subj=unconfined pid=" + pid +
               " comm=" + comm + " exe=" + exe + " sig=0" + (arch.empty() ? "" : " arch=" + arch) +
               " syscall=" + syscall + " compat=0 ip=" + ip + " code=" + code;
    }

    std::string header() const { return "audit(" + time + ':' + std::to_string(serial) + "): "; }

    /// What printk gets.
    std::string kernel_text() const { return "audit: type=1326 " + header() + fields(); }
};

/// An entry of /dev/kmsg.
inline std::string kmsg_line(const logged_record& r, std::uint64_t sequence)
{
    return "5," + std::to_string(sequence) + ',' + std::to_string(914890358 + sequence) + ",-;" +
           r.kernel_text();
}

inline std::string kmsg_line(const logged_record& r)
{
    return kmsg_line(r, r.serial);
}

inline std::string dmesg_line(const logged_record& r)
{
    return "[ 1518.015136] " + r.kernel_text();
}

inline std::string syslog_line(const logged_record& r)
{
    return "Nov 24 05:19:16 web-1 kernel: [ 1518.015136] " + r.kernel_text();
}

/// auditd's line with `log_format = RAW`.
inline std::string audit_line(const logged_record& r)
{
    return "type=SECCOMP msg=" + r.header() + r.fields();
}

/// auditd's line with its default `log_format = ENRICHED` (src/auditd-event.c).
inline std::string enriched_line(const logged_record& r)
{
    return audit_line(r) + "\x1d"
                           R"(AUID="unset" UID="www-data" GID="www-data" ARCH=x86_64 SYSCALL=getppid)";
}

/// journald's own copy, which lacks the header, as journalctl shows it.
inline std::string journal_line(const logged_record& r)
{
    return "Nov 24 05:19:16 web-1 audit[" + r.pid + "]: SECCOMP " + r.fields();
}

/// A log of these lines.
inline std::string log_of(std::initializer_list<std::string_view> lines)
{
    std::string text;
    for (const std::string_view line : lines) {
        text.append(line) += '\n';
    }
    return text;
}

/// A kmsg capture of records that differ in their serials alone.
inline std::string kmsg_log(std::uint64_t first_serial, std::uint64_t count)
{
    std::string text;
    for (std::uint64_t i = 0; i != count; ++i) {
        text += kmsg_line({.serial = first_serial + i}) + '\n';
    }
    return text;
}

} // namespace sctrace::test

#endif

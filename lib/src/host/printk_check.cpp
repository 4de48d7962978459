#include "host/host_check.hpp"
#include "os/os_error.hpp"
#include "os/process.hpp"

#include <linux/capability.h>
#include <sys/klog.h>

namespace sctrace::detail {

namespace {

host_finding unread(std::string name, std::string meaning)
{
    return {std::move(name), host_status::unknown, "cannot be read", std::move(meaning), "mount /proc"};
}

host_finding printk_ratelimit()
{
    const auto seconds = number_in("/proc/sys/kernel/printk_ratelimit");
    const auto burst = number_in("/proc/sys/kernel/printk_ratelimit_burst");
    if (!seconds || !burst) {
        return unread("printk_ratelimit", "a limit keeps most records away from /dev/kmsg");
    }
    if (*seconds == 0) {
        return {"printk_ratelimit", host_status::ok, "off", "every record goes to /dev/kmsg", ""};
    }
    return {"printk_ratelimit", host_status::warning,
            std::to_string(*burst) + " records per " + std::to_string(*seconds) + " s",
            "the rest never reaches /dev/kmsg; the audit socket has them all",
            "sysctl -w kernel.printk_ratelimit=0"};
}

/// kernel/printk/printk.c, devkmsg_open(): with `off` not even a reader can open the device.
host_finding printk_devkmsg()
{
    const auto value = first_line_of("/proc/sys/kernel/printk_devkmsg");
    if (!value) {
        return unread("printk_devkmsg", "`off` keeps everybody from /dev/kmsg");
    }
    if (*value != "off") {
        return {"printk_devkmsg", host_status::ok, *value, "/dev/kmsg can be opened", ""};
    }
    return {"printk_devkmsg", host_status::warning, *value, "/dev/kmsg cannot be opened, not even to read it",
            "sysctl -w kernel.printk_devkmsg=ratelimit, or boot without printk.devkmsg=off"};
}

host_finding dmesg_restrict()
{
    const auto value = number_in("/proc/sys/kernel/dmesg_restrict");
    if (!value) {
        return unread("dmesg_restrict", "1 keeps users without CAP_SYSLOG from /dev/kmsg");
    }
    const bool barred = *value != 0 && !has_host_capability(CAP_SYSLOG);
    return {"dmesg_restrict", barred ? host_status::warning : host_status::ok, std::to_string(*value),
            barred ? "/dev/kmsg cannot be read without CAP_SYSLOG" : "/dev/kmsg may be read",
            barred ? "sysctl -w kernel.dmesg_restrict=0" : ""};
}

/// A record takes about 256 bytes of text in the ring buffer.
host_finding kmsg_ring()
{
    constexpr int size_of_buffer = 10;
    constexpr int bytes_of_record = 256;
    const int bytes = ::klogctl(size_of_buffer, nullptr, 0);
    if (bytes < 0) {
        return {"kmsg_ring", host_status::unknown, unreadable(system_error()),
                "records that are not read in time are overwritten in /dev/kmsg", "run it as root"};
    }
    return {"kmsg_ring", host_status::ok,
            std::to_string(bytes / 1024) + " KiB, about " + std::to_string(bytes / bytes_of_record) +
                " records",
            "more records than that at once overwrite one another in /dev/kmsg", "boot with log_buf_len=16M"};
}

} // namespace

std::vector<host_finding> check_printk()
{
    return {printk_ratelimit(), printk_devkmsg(), dmesg_restrict(), kmsg_ring()};
}

} // namespace sctrace::detail

#ifndef SCTRACE_PRINTK_RATELIMIT_HOLD_HPP
#define SCTRACE_PRINTK_RATELIMIT_HOLD_HPP

#include <sctrace/error.hpp>

#include <boost/system/result.hpp>

#include <string>

namespace sctrace {

/// Where the hold keeps its state; the defaults are the system's.
struct printk_ratelimit_paths {
    /// The setting: seconds between bursts of kernel messages, 0 for no limit.
    std::string sysctl = "/proc/sys/kernel/printk_ratelimit";
    /// The file that holds the old value while there is a hold; its folder must be writable by nobody else.
    std::string state = "/run/sctrace-printk_ratelimit";
};

/// Keeps kernel.printk_ratelimit at 0 while it lives; the last of several holders restores the old value.
/**
 * Without an audit daemon the kernel writes audit records to its log through printk_ratelimit(), which lets
 * 10 through in 5 seconds by default and drops the rest silently (kernel/audit.c, kauditd_printk_skb()). The
 * setting belongs to the whole host, so all holders, in all processes, share one hold: the first one notes
 * the old value in the state file, the last one restores it and removes the file.
 *
 * Each holder has a guardian, a process of its own named `sctrace-guard`, which outlives the holder and
 * restores the value if that was killed, by SIGKILL too. The guardian keeps none of the holder's files open,
 * belongs to no terminal, blocks all signals, and is not a child of the holder. It is a copy of the holder's
 * process that never touches its memory: pages are copied only as the holder changes them. When the guardian
 * was killed as well, the next holder finds the old value in the state file, and it is restored at the end of
 * that hold.
 *
 * A value that somebody else has written meanwhile (it is no longer 0) is left as it is.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 *
 * @par Example
 * @code
 * sctrace::printk_ratelimit_paths paths; // the system's own, but for this example
 * paths.sysctl = "/no/such/setting";
 * const auto hold = sctrace::printk_ratelimit_hold::acquire(paths);
 * if (!hold) {
 *     std::cout << hold.error().message << '\n';
 * }
 * // cannot lift the kernel's rate limit: /no/such/setting: No such file or directory
 * @endcode
 */
class printk_ratelimit_hold {
public:
    /// Joins the hold, or begins one.
    /**
     * Blocks while another holder comes or goes, normally well below a millisecond, at most some seconds.
     *
     * @param paths The setting and the state file; relative ones are made absolute.
     * @return The hold, or what failed, in words. The code is the errno in the system category:
     * @li `permission_denied`, `operation_not_permitted`, `read_only_file_system` - the setting may not be
     *     written: not root, or a container
     * @li `too_many_symbolic_link_levels`, `invalid_argument` - the state file is a symbolic link, or no
     * regular file of the caller's own
     * @li `timed_out` - another holder has been in the way for seconds
     * @li otherwise that of the call that failed
     */
    static boost::system::result<printk_ratelimit_hold, failure>
    acquire(const printk_ratelimit_paths& paths = {});

    /// Takes over the hold; `other` holds nothing afterwards.
    printk_ratelimit_hold(printk_ratelimit_hold&& other) noexcept;
    /// Leaves the hold that this object had and takes over that of `other`.
    printk_ratelimit_hold& operator=(printk_ratelimit_hold&& other) noexcept;
    printk_ratelimit_hold(const printk_ratelimit_hold&) = delete;
    printk_ratelimit_hold& operator=(const printk_ratelimit_hold&) = delete;

    /// Leaves the hold.
    /**
     * Waits until the guardian has done its work, at most 2 seconds: if this was the last holder, the old
     * value is back afterwards.
     */
    ~printk_ratelimit_hold();

private:
    explicit printk_ratelimit_hold(int guardian) noexcept;
    void leave() noexcept;

    // A socket to the guardian: it leaves the hold when this end is shut down or gone, and is done when its
    // own end is gone.
    int guardian_ = -1;
};

} // namespace sctrace

#endif

#include <sctrace/syscall_names.hpp>
#include <sctrace/syscall_variants.hpp>

#include <algorithm>
#include <array>
#include <string_view>

namespace sctrace {

namespace {

constexpr std::size_t largest_family = 8;

/// Calls of which a program's code may come to one or the other; unused places are empty.
using family = std::array<std::string_view, largest_family>;

/// Why they are relatives stands above each group; time64 calls are those of 32-bit architectures
/// (Linux 5.1).
constexpr std::array families{
    // A thread or process: glibc 2.34 tries clone3 first, musl and Go clone, old programs fork and vfork.
    family{"clone", "clone3", "fork", "vfork"},
    // A new program: fexecve(3), and runtimes that start what they hold open.
    family{"execve", "execveat"},
    // The end: exit ends a thread, exit_group the process; _exit(2) of old C libraries was exit.
    family{"exit", "exit_group"},
    // The end of a child.
    family{"wait4", "waitid", "waitpid"},
    // What the kernel has a program call once a signal was handled or a wait was interrupted.
    family{"rt_sigreturn", "sigreturn", "restart_syscall"},
    // Signal handlers and masks before and after real-time signals.
    family{"rt_sigaction", "sigaction", "signal"},
    family{"rt_sigprocmask", "sigprocmask"},

    // C libraries went over from names to names below a folder, and new architectures have only the latter.
    family{"open", "openat", "openat2", "creat"},
    family{"access", "faccessat", "faccessat2"},
    family{"rename", "renameat", "renameat2"},
    family{"unlink", "unlinkat", "rmdir"},
    family{"mkdir", "mkdirat"},
    family{"mknod", "mknodat"},
    family{"link", "linkat"},
    family{"symlink", "symlinkat"},
    family{"readlink", "readlinkat"},
    // fchmodat2 came with Linux 6.6 for what C libraries did by /proc before.
    family{"chmod", "fchmodat", "fchmodat2"},
    family{"chown", "lchown", "fchownat", "chown32", "lchown32"},
    family{"fchown", "fchown32"},
    family{"utime", "utimes", "futimesat", "utimensat", "utimensat_time64"},
    family{"getdents", "getdents64"},
    // Attributes: glibc 2.33 went over from stat to newfstatat, 32-bit ones and musl to statx.
    family{"stat", "lstat", "newfstatat", "statx", "stat64", "lstat64", "fstatat64"},
    family{"fstat", "fstat64", "newfstatat", "statx"},
    family{"statfs", "statfs64"},
    family{"fstatfs", "fstatfs64"},
    family{"truncate", "truncate64"},
    family{"ftruncate", "ftruncate64"},
    family{"lseek", "_llseek"},
    family{"fcntl", "fcntl64"},
    family{"fadvise64", "fadvise64_64", "arm_fadvise64_64"},
    family{"sync_file_range", "sync_file_range2"},
    family{"sendfile", "sendfile64"},
    // With flags, where the kernel has them.
    family{"preadv", "preadv2"},
    family{"pwritev", "pwritev2"},

    // Waiting: C libraries implement one by the other, and new architectures lack the older ones.
    family{"poll", "ppoll", "ppoll_time64"},
    family{"select", "_newselect", "pselect6", "pselect6_time64"},
    family{"epoll_create", "epoll_create1"},
    family{"epoll_wait", "epoll_pwait", "epoll_pwait2"},
    family{"nanosleep", "clock_nanosleep", "clock_nanosleep_time64"},
    family{"pause", "rt_sigsuspend", "sigsuspend"},
    family{"futex", "futex_time64", "futex_waitv"},
    // Linux 6.7 split futex up.
    family{"futex", "futex_wait", "futex_wake", "futex_requeue"},

    // The later one takes flags, such as close-on-exec; the earlier ones are missing on new architectures.
    family{"dup2", "dup3"},
    family{"pipe", "pipe2"},
    family{"eventfd", "eventfd2"},
    family{"signalfd", "signalfd4"},
    family{"inotify_init", "inotify_init1"},
    family{"accept", "accept4"},

    // Sockets: send(2) and recv(2) are calls on some architectures, on others C libraries spell them sendto.
    family{"send", "sendto"},
    family{"recv", "recvfrom"},
    family{"sendmsg", "sendmmsg"},
    family{"recvmsg", "recvmmsg", "recvmmsg_time64"},

    // Memory: the second one counts in pages.
    family{"mmap", "mmap2"},
    // Limits: C libraries implement the former two by prlimit64.
    family{"getrlimit", "setrlimit", "prlimit64", "ugetrlimit"},
    // Identity: 32 bits wide on architectures that once had 16.
    family{"getuid", "getuid32"},
    family{"getgid", "getgid32"},
    family{"geteuid", "geteuid32"},
    family{"getegid", "getegid32"},
    family{"setuid", "setresuid", "setuid32", "setresuid32"},
    family{"setgid", "setresgid", "setgid32", "setresgid32"},
    family{"setgroups", "setgroups32"},
    // Threads: a signal to one of them, and the register of its own data.
    family{"tkill", "tgkill"},
    family{"arch_prctl", "set_thread_area"},

    // Time: where the vDSO answers, the trace has none of them.
    family{"time", "gettimeofday", "clock_gettime", "clock_gettime64"},
    family{"clock_getres", "clock_getres_time64"},
    family{"clock_settime", "settimeofday", "clock_settime64"},
    family{"clock_adjtime", "adjtimex", "clock_adjtime64"},
    family{"timer_gettime", "timer_gettime64"},
    family{"timer_settime", "timer_settime64"},
    family{"timerfd_gettime", "timerfd_gettime64"},
    family{"timerfd_settime", "timerfd_settime64"},
    family{"rt_sigtimedwait", "rt_sigtimedwait_time64"},
    family{"mq_timedsend", "mq_timedsend_time64"},
    family{"mq_timedreceive", "mq_timedreceive_time64"},
    family{"semop", "semtimedop", "semtimedop_time64"},
    family{"sched_rr_get_interval", "sched_rr_get_interval_time64"},
    family{"io_getevents", "io_pgetevents", "io_pgetevents_time64"},
};

bool contains(std::span<const std::string> names, std::string_view name)
{
    return std::find(names.begin(), names.end(), name) != names.end();
}

void add_variants(std::vector<syscall_variant>& to, const family& members, std::span<const std::string> names,
                  architecture native)
{
    const auto* seen = std::find_if(members.begin(), members.end(), [&](std::string_view name) {
        return !name.empty() && contains(names, name);
    });
    if (seen == members.end()) {
        return;
    }
    for (const std::string_view name : members) {
        const bool known = std::any_of(to.begin(), to.end(),
                                       [&](const syscall_variant& variant) { return variant.name == name; });
        if (!name.empty() && !known && !contains(names, name) && syscall_number(native, name)) {
            to.push_back({std::string(name), std::string(*seen)});
        }
    }
}

} // namespace

std::vector<syscall_variant> variants_of(std::span<const std::string> names, architecture native)
{
    std::vector<syscall_variant> variants;
    for (const family& members : families) {
        add_variants(variants, members, names, native);
    }
    std::sort(variants.begin(), variants.end(),
              [](const syscall_variant& a, const syscall_variant& b) { return a.name < b.name; });
    return variants;
}

} // namespace sctrace

#ifndef SCTRACE_TEST_KERNEL_IN_CHILD_HPP
#define SCTRACE_TEST_KERNEL_IN_CHILD_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sctrace::test {

constexpr uid_t nobody = 65534;

inline std::string read_to_end(int descriptor)
{
    std::string text;
    std::array<char, 4096> part;
    for (ssize_t size = 0; (size = ::read(descriptor, part.data(), part.size())) > 0;) {
        text.append(part.data(), static_cast<std::size_t>(size));
    }
    return text;
}

template <class Function>
[[noreturn]] void run_and_report(Function& function, int output)
{
    std::string text;
    try {
        text = function();
    } catch (const std::exception& e) {
        text = std::string("exception: ") + e.what();
    }
    const ssize_t written = ::write(output, text.data(), text.size());
    ::_exit(written < 0 ? 1 : 0);
}

/// Runs a function in a child process, which it may change as it likes, and returns the text that it returns.
template <class Function>
std::string in_child(Function function)
{
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw std::runtime_error("pipe2");
    }
    const pid_t child = ::fork();
    if (child == 0) {
        run_and_report(function, ends[1]);
    }
    ::close(ends[1]);
    std::string text = read_to_end(ends[0]);
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    return text;
}

inline void require(bool success, const char* what)
{
    if (!success) {
        throw std::runtime_error(what);
    }
}

/// Makes the calling process an ordinary one of the user nobody.
inline void become_nobody()
{
    require(::setgroups(0, nullptr) == 0, "setgroups");
    require(::setresgid(nobody, nobody, nobody) == 0, "setresgid");
    require(::setresuid(nobody, nobody, nobody) == 0, "setresuid");
    // As after an exec: /proc/self belongs to the new user.
    require(::prctl(PR_SET_DUMPABLE, 1L, 0L, 0L, 0L) == 0, "prctl");
}

/// Takes a capability away from the calling thread.
inline void drop_capability(unsigned number)
{
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
    require(::syscall(SYS_capget, &header, sets.data()) == 0, "capget");
    auto& set = sets[number / 32];
    set.effective &= ~(std::uint32_t{1} << number % 32);
    set.permitted &= ~(std::uint32_t{1} << number % 32);
    require(::syscall(SYS_capset, &header, sets.data()) == 0, "capset");
}

/// From now on nobody else sees what the calling process mounts.
inline void keep_mounts_private()
{
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    require(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "mount private");
}

/// Takes what is in a folder away from the calling process.
inline void hide_folder(const char* path)
{
    keep_mounts_private();
    require(::mount("none", path, "tmpfs", 0, nullptr) == 0, "mount tmpfs");
}

inline void hide_proc()
{
    hide_folder("/proc");
}

inline std::uint32_t argument_offset(unsigned index)
{
    return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + index * sizeof(std::uint64_t));
}

/// From now on the kernel answers one system call of the calling process, or those with one first argument,
/// so.
inline void answer_call(long number, std::uint32_t answer, std::optional<std::uint32_t> argument = {},
                        unsigned index = 0)
{
    std::vector<sock_filter> filter{
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
        {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, static_cast<std::uint32_t>(number)},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    };
    if (argument) {
        filter.push_back({BPF_LD | BPF_W | BPF_ABS, 0, 0, argument_offset(index)});
        filter.push_back({BPF_JMP | BPF_JEQ | BPF_K, 1, 0, *argument});
        filter.push_back({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW});
    }
    filter.push_back({BPF_RET | BPF_K, 0, 0, answer});
    const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    require(::prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) == 0, "no_new_privs");
    require(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0L, &program) == 0, "seccomp");
}

inline void fail_call(long number, int error, std::optional<std::uint32_t> argument = {}, unsigned index = 0)
{
    answer_call(number, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error), argument, index);
}

} // namespace sctrace::test

#endif

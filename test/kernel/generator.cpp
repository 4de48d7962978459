// Makes known counts of chosen system calls.
//
//     sctrace_generator [--filter] [--prctl-filter] [--errno-filter NUMBER] [--comm NAME] [--wait-fd N]
//                       [--threads N] [--processes N] [--spawn KIND:COUNT] SPEC...
//
//     SPEC         NUMBER:COUNT       COUNT calls with that number, decimal or 0x..., which may be negative,
//     unknown
//                                     or carry the x32 bit; all arguments are 0
//                  i386:NUMBER:COUNT  the same by int 0x80 (x86_64 only); exit status 77 where the kernel has
//                  none
//     --filter     install a filter that logs every call, before anything else
//     --prctl-filter
//                  the same, by prctl(2) instead of seccomp(2)
//     --errno-filter
//                  install a filter, after the one that logs, which refuses every call of that number; the
//                  refused calls leave no record
//     --comm       name of the process and its threads, at most 15 bytes
//     --wait-fd    each thread waits for a byte or the end of this descriptor before its calls
//     --threads    threads per process (default 1)
//     --processes  processes (default 1)
//     --spawn      the process makes COUNT children after its SPECs; only with one process. KIND is
//                      clone   all of them at once
//                      vfork   one after another
//                      clone3  one after another
//                      chain   by clone, each of them the child of the one before
//
// The process ids, separated by spaces, on one line of the output announce that everything has been prepared:
// all processes and threads are there, and spin until the line is out. From then on each thread of each
// process makes
//     * one read, only with --wait-fd: it waits in it, or is about to;
//     * its SPECs, in order;
//     * nothing else: threads but the first spin until their process ends.
// and each process then makes one exit_group. The first process is the parent of the others and makes one
// wait4 for each of them before its exit_group. The counts of every SPEC are thus COUNT * threads *
// processes. Each child that --spawn makes makes the SPECs and one exit_group, and its parent one call of
// that KIND and one wait4.
//
// Exit status: 0, 1 after a failure, 2 for wrong usage, 77 for no int 0x80.

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

struct spec {
    bool i386 = false;
    long number = 0;
    std::uint64_t count = 0;
};

enum class spawn_kind { clone, vfork, clone3, chain };

struct options {
    bool filter = false;
    bool prctl_filter = false;
    std::optional<long> refused;
    std::string comm;
    int wait_fd = -1;
    unsigned threads = 1;
    unsigned processes = 1;
    spawn_kind spawn = spawn_kind::clone;
    unsigned spawned = 0;
    std::vector<spec> specs;
};

// Seen by all processes and threads.
struct progress {
    std::atomic<unsigned> ready = 0;
    std::atomic<bool> announced = false;
};

[[noreturn]] void usage(std::string_view what)
{
    std::fprintf(stderr, "sctrace_generator: %.*s\n", static_cast<int>(what.size()), what.data());
    std::exit(2);
}

[[noreturn]] void die(const char* what)
{
    std::perror(what);
    std::exit(1);
}

template <class T>
T parse_number(std::string_view text)
{
    const bool negative = text.starts_with('-');
    std::string_view digits = text.substr(negative ? 1 : 0);
    const bool hex = digits.starts_with("0x");
    digits.remove_prefix(hex ? 2 : 0);
    long long value = 0;
    const char* const end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, value, hex ? 16 : 10);
    if (parsed.ec != std::errc{} || parsed.ptr != end || digits.empty()) {
        usage("no number: " + std::string(text));
    }
    return static_cast<T>(negative ? -value : value);
}

spec parse_spec(std::string_view text)
{
    spec parsed;
    constexpr std::string_view i386 = "i386:";
    parsed.i386 = text.starts_with(i386);
    if (parsed.i386) {
        text.remove_prefix(i386.size());
    }
    const auto colon = text.find(':');
    if (colon == text.npos) {
        usage("no NUMBER:COUNT: " + std::string(text));
    }
    parsed.number = parse_number<long>(text.substr(0, colon));
    parsed.count = parse_number<std::uint64_t>(text.substr(colon + 1));
    return parsed;
}

spawn_kind parse_kind(std::string_view text)
{
    if (text == "clone") {
        return spawn_kind::clone;
    }
    if (text == "vfork") {
        return spawn_kind::vfork;
    }
    if (text == "clone3") {
        return spawn_kind::clone3;
    }
    if (text == "chain") {
        return spawn_kind::chain;
    }
    usage("no kind of child: " + std::string(text));
}

void parse_spawn(std::string_view text, options& parsed)
{
    const auto colon = text.find(':');
    if (colon == text.npos) {
        usage("no KIND:COUNT: " + std::string(text));
    }
    parsed.spawn = parse_kind(text.substr(0, colon));
    parsed.spawned = parse_number<unsigned>(text.substr(colon + 1));
}

options parse_options(const std::vector<std::string_view>& words)
{
    options parsed;
    for (std::size_t i = 0; i != words.size(); ++i) {
        const auto value = [&] {
            if (i + 1 == words.size()) {
                usage("no value after " + std::string(words[i]));
            }
            return words[++i];
        };
        if (words[i] == "--filter") {
            parsed.filter = true;
        } else if (words[i] == "--prctl-filter") {
            parsed.prctl_filter = true;
        } else if (words[i] == "--errno-filter") {
            parsed.refused = parse_number<long>(value());
        } else if (words[i] == "--comm") {
            parsed.comm = value();
        } else if (words[i] == "--wait-fd") {
            parsed.wait_fd = parse_number<int>(value());
        } else if (words[i] == "--threads") {
            parsed.threads = parse_number<unsigned>(value());
        } else if (words[i] == "--processes") {
            parsed.processes = parse_number<unsigned>(value());
        } else if (words[i] == "--spawn") {
            parse_spawn(value(), parsed);
        } else {
            parsed.specs.push_back(parse_spec(words[i]));
        }
    }
    if (parsed.threads == 0 || parsed.processes == 0) {
        usage("at least one thread and one process are needed");
    }
    if (parsed.spawned != 0 && parsed.processes != 1) {
        usage("--spawn needs one process");
    }
    return parsed;
}

#ifdef __x86_64__
void call_i386(long number)
{
    long result = number;
    asm volatile("int $0x80"
                 : "+a"(result)
                 : "b"(0L), "c"(0L), "d"(0L), "S"(0L), "D"(0L)
                 : "memory", "r8", "r9", "r10", "r11");
}

bool has_i386()
{
    const pid_t probe = fork();
    if (probe < 0) {
        die("fork");
    }
    if (probe == 0) {
        constexpr long getpid_i386 = 20;
        call_i386(getpid_i386);
        _exit(0);
    }
    int status = 0;
    waitpid(probe, &status, 0);
    return WIFEXITED(status);
}
#else
void call_i386(long) {}

bool has_i386()
{
    return false;
}
#endif

void require_i386(const options& wanted)
{
    for (const auto& each : wanted.specs) {
        if (each.i386 && !has_i386()) {
            std::fputs("sctrace_generator: this kernel runs no i386 calls (int 0x80)\n", stderr);
            std::exit(77);
        }
    }
}

enum class installer { seccomp, prctl };

void install_filter(std::span<sock_filter> filter, installer how = installer::seccomp)
{
    const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) != 0) {
        die("prctl");
    }
    const long result = how == installer::seccomp
                            ? syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0L, &program)
                            : syscall(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0L, 0L);
    if (result != 0) {
        die("seccomp");
    }
}

void log_all_calls(installer how)
{
    std::array<sock_filter, 1> filter{{{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_LOG}}};
    install_filter(filter, how);
}

void refuse_call(long number)
{
    std::array<sock_filter, 4> filter{{
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, static_cast<std::uint32_t>(number)},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    }};
    install_filter(filter);
}

progress& share_progress()
{
    void* const memory =
        mmap(nullptr, sizeof(progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        die("mmap");
    }
    return *::new (memory) progress;
}

void make_calls(const spec& wanted)
{
    for (std::uint64_t i = 0; i != wanted.count; ++i) {
        if (wanted.i386) {
            call_i386(wanted.number);
        } else {
            syscall(wanted.number, 0L, 0L, 0L, 0L, 0L, 0L);
        }
    }
}

void make_all_calls(const options& wanted)
{
    for (const auto& each : wanted.specs) {
        make_calls(each);
    }
}

void wait_and_make_calls(const options& wanted)
{
    char byte = 0;
    if (wanted.wait_fd >= 0) {
        syscall(SYS_read, wanted.wait_fd, &byte, 1L);
    }
    make_all_calls(wanted);
}

// The C library's fork() makes more calls than the one.
pid_t clone_child()
{
    return static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, 0L, 0L, 0L, 0L));
}

pid_t clone3_child()
{
    clone_args arguments{};
    arguments.exit_signal = SIGCHLD;
    return static_cast<pid_t>(syscall(SYS_clone3, &arguments, sizeof arguments));
}

void await_any_child()
{
    syscall(SYS_wait4, -1L, nullptr, 0L, nullptr);
}

[[noreturn]] void run_spawned(const options& wanted, unsigned more_in_chain);

void spawn_chain(const options& wanted, unsigned length)
{
    const pid_t pid = clone_child();
    if (pid < 0) {
        die("clone");
    }
    if (pid == 0) {
        run_spawned(wanted, length - 1);
    }
    await_any_child();
}

void run_spawned(const options& wanted, unsigned more_in_chain)
{
    make_all_calls(wanted);
    if (more_in_chain != 0) {
        spawn_chain(wanted, more_in_chain);
    }
    _exit(0);
}

// vfork() has a function of its own that only the parent returns from: the two share a stack.
void vfork_child(const options& wanted)
{
    const pid_t pid = vfork();
    if (pid < 0) {
        die("vfork");
    }
    if (pid == 0) {
        run_spawned(wanted, 0);
    }
}

void spawn_child(const options& wanted)
{
    if (wanted.spawn == spawn_kind::vfork) {
        return vfork_child(wanted);
    }
    const pid_t pid = wanted.spawn == spawn_kind::clone3 ? clone3_child() : clone_child();
    if (pid < 0) {
        die("clone");
    }
    if (pid == 0) {
        run_spawned(wanted, 0);
    }
}

void spawn_children(const options& wanted)
{
    if (wanted.spawn == spawn_kind::chain && wanted.spawned != 0) {
        return spawn_chain(wanted, wanted.spawned);
    }
    const bool at_once = wanted.spawn == spawn_kind::clone;
    for (unsigned i = 0; i != wanted.spawned; ++i) {
        spawn_child(wanted);
        if (!at_once) {
            await_any_child();
        }
    }
    for (unsigned i = 0; at_once && i != wanted.spawned; ++i) {
        await_any_child();
    }
}

void await_announcement(progress& shared)
{
    ++shared.ready;
    while (!shared.announced) {
    }
}

// Threads must not end one by one: each would make an exit that may or may not come before the exit_group.
void run_thread(const options& wanted, progress& shared, std::atomic<unsigned>& finished)
{
    await_announcement(shared);
    wait_and_make_calls(wanted);
    ++finished;
    // A loop that reads nothing would be undefined behaviour, and compilers remove it.
    while (shared.announced) {
    }
}

void start_threads(const options& wanted, progress& shared, std::atomic<unsigned>& finished)
{
    for (unsigned i = 1; i != wanted.threads; ++i) {
        std::thread(run_thread, std::cref(wanted), std::ref(shared), std::ref(finished)).detach();
    }
}

[[noreturn]] void run_child(const options& wanted, progress& shared)
{
    std::atomic<unsigned> finished = 0;
    start_threads(wanted, shared, finished);
    await_announcement(shared);
    wait_and_make_calls(wanted);
    while (finished != wanted.threads - 1) {
    }
    _exit(0);
}

std::vector<pid_t> start_children(const options& wanted, progress& shared)
{
    std::vector<pid_t> pids;
    for (unsigned i = 1; i != wanted.processes; ++i) {
        const pid_t pid = fork();
        if (pid < 0) {
            die("fork");
        }
        if (pid == 0) {
            run_child(wanted, shared);
        }
        pids.push_back(pid);
    }
    return pids;
}

void announce(const std::vector<pid_t>& children)
{
    std::string line = std::to_string(getpid());
    for (const pid_t child : children) {
        line += ' ' + std::to_string(child);
    }
    line += '\n';
    if (write(STDOUT_FILENO, line.data(), line.size()) < 0) {
        die("write");
    }
}

[[noreturn]] void run_first(const options& wanted, progress& shared)
{
    std::atomic<unsigned> finished = 0;
    const auto children = start_children(wanted, shared);
    start_threads(wanted, shared, finished);
    while (shared.ready != wanted.threads * wanted.processes - 1) {
    }
    announce(children);
    shared.announced = true;
    wait_and_make_calls(wanted);
    spawn_children(wanted);
    while (finished != wanted.threads - 1) {
    }
    for (const pid_t child : children) {
        syscall(SYS_wait4, child, nullptr, 0L, nullptr);
    }
    _exit(0);
}

} // namespace

int main(int argc, char** argv)
{
    const options wanted = parse_options({argv + 1, argv + argc});
    if (!wanted.comm.empty()) {
        prctl(PR_SET_NAME, wanted.comm.c_str(), 0L, 0L, 0L);
    }
    require_i386(wanted);
    if (wanted.filter) {
        log_all_calls(installer::seccomp);
    }
    if (wanted.prctl_filter) {
        log_all_calls(installer::prctl);
    }
    if (wanted.refused) {
        refuse_call(*wanted.refused);
    }
    run_first(wanted, share_progress());
}

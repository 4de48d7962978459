// What reading saved logs costs, against what people use for it today. Everything is measured side by side in
// one run, with the files in the page cache, best of five alternating rounds.
//
//     sctrace_bench_replay [ASIO_SCTRACE]
//
// With any argument that begins with --benchmark the inputs are small: the numbers then mean nothing.

#include "common/peak_memory.hpp"
#include "common/temporary_folder.hpp"
#include "log_generator.hpp"

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <auparse.h>
#include <fcntl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using clock = std::chrono::steady_clock;
using command = std::vector<std::string>;
using sctrace::test::generated_log;
using sctrace::test::log_generator;
using sctrace::test::peak_memory;
using sctrace::test::temporary_folder;

struct sizes {
    std::uint64_t capture_bytes = 430'000'000;
    std::uint64_t audit_lines = 300'000;
    int rounds = 5;
};

constexpr sizes small{10'000'000, 5'000, 1};
constexpr int not_found = 127;

/// One way to read a log.
struct contestant {
    std::string name;
    /// What is measured; an exit status.
    std::function<int()> work;
    /// How many records the work saw, according to what it left.
    std::function<std::uint64_t()> seen;
    /// Whether the bench fails without it.
    bool is_ours = false;
};

[[noreturn]] void become(const command& words, const std::string& output)
{
    ::dup2(::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), STDOUT_FILENO);
    ::dup2(::open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
    std::vector<char*> arguments;
    for (const std::string& w : words) {
        arguments.push_back(const_cast<char*>(w.c_str()));
    }
    arguments.push_back(nullptr);
    ::execvp(arguments[0], arguments.data());
    ::_exit(not_found);
}

int end_of(pid_t child)
{
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// Starts a command; its standard output goes to a file.
pid_t start(const command& words, const std::string& output)
{
    const pid_t child = ::fork();
    if (child == 0) {
        become(words, output);
    }
    return child;
}

std::string shown(const command& words)
{
    std::string text;
    for (const std::string& w : words) {
        text += (text.empty() ? "" : " ") + std::filesystem::path(w).filename().string();
    }
    return text;
}

std::string first_line(const std::string& path)
{
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

/// The sum of the counts in a trace.
std::uint64_t records_in_trace(const std::string& path)
{
    constexpr std::string_view member = "\"count\":";
    std::uint64_t sum = 0;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        sum += std::stoull(line.substr(line.find(member) + member.size()));
    }
    return sum;
}

std::uint64_t lines_in(const std::string& path)
{
    std::uint64_t lines = 0;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        lines += line.starts_with("type=") ? 1 : 0;
    }
    return lines;
}

/// Reads one field of each record, and writes how many there were.
void read_with_auparse(const std::string& path, const std::string& output)
{
    std::uint64_t records = 0;
    const std::unique_ptr<auparse_state_t, void (*)(auparse_state_t*)> parser(
        auparse_init(AUSOURCE_FILE, path.c_str()), auparse_destroy);
    while (auparse_next_event(parser.get()) > 0) {
        do {
            if (auparse_find_field(parser.get(), "syscall") != nullptr &&
                auparse_get_field_int(parser.get()) >= 0) {
                ++records;
            }
        } while (auparse_next_record(parser.get()) > 0);
    }
    std::ofstream(output) << records << '\n';
}

/// The measurements, and where their files are.
class bench {
public:
    bench(std::string tool, const sizes& how_large)
        : tool_(std::move(tool))
        , sizes_(how_large)
    {
    }

    /// Whether everything that was there worked and agreed.
    bool passed() const { return passed_; }

    void introduce() const
    {
        utsname system{};
        ::uname(&system);
        std::string processor = "unknown processor";
        std::ifstream file("/proc/cpuinfo");
        for (std::string line; std::getline(file, line);) {
            if (line.starts_with("model name")) {
                processor = line.substr(line.find(':') + 2);
            }
        }
        std::printf("%s, %ld processors, %s %s; best of %d rounds, files in the page cache\n",
                    processor.c_str(), ::sysconf(_SC_NPROCESSORS_ONLN), system.sysname, system.release,
                    sizes_.rounds);
    }

    void compare_with_search(unsigned percent, double target)
    {
        const generated_log log = log_generator::kmsg(log_path(), sizes_.capture_bytes, percent);
        describe("kmsg capture", log);
        const command search{"rg", "-c", "type=1326", log.path};
        const auto times =
            race(log, {replay(log), other(search, [this] { return std::stoull(first_line(output())); })});
        print_ratio(times[0] / times[1], "replay / rg", "at most", target);
        forget(log);
    }

    void compare_with_audit_tools()
    {
        const generated_log log = log_generator::audit(log_path(), sizes_.audit_lines);
        describe("audit.log", log);
        const command search{"ausearch", "-m", "SECCOMP", "--raw", "--input", log.path};
        const auto times =
            race(log, {replay(log), other(search, [this] { return lines_in(output()); }), auparse(log)});
        print_ratio(times[1] / times[0], "ausearch / replay", "at least", 10);
        print_ratio(times[2] / times[0], "libauparse / replay", "at least", 15);
        forget(log);
    }

    void compare_sizes()
    {
        std::vector<double> times_per_byte;
        for (const std::uint64_t bytes : {sizes_.capture_bytes / 10, sizes_.capture_bytes}) {
            const generated_log log = log_generator::kmsg(log_path(), bytes, 90);
            describe("kmsg capture", log);
            times_per_byte.push_back(race(log, {replay(log)})[0] / static_cast<double>(log.bytes));
            measure_memory(log);
            forget(log);
        }
        print_ratio(times_per_byte[1] / times_per_byte[0], "time per byte, large / small", "about", 1);
    }

private:
    static constexpr double not_measured = std::numeric_limits<double>::quiet_NaN();

    std::string log_path() const { return folder_.file("log"); }
    std::string output() const { return folder_.file("output"); }
    std::string trace() const { return folder_.file("trace"); }

    static void describe(const char* what, const generated_log& log)
    {
        // Else the disk is busy with the new file while others are measured.
        ::sync();
        std::printf("\n%s of %.1f MB, %llu entries, %llu of them SECCOMP records\n", what,
                    static_cast<double>(log.bytes) / 1e6, static_cast<unsigned long long>(log.entries),
                    static_cast<unsigned long long>(log.records));
        std::fflush(stdout);
    }

    static void forget(const generated_log& log) { std::filesystem::remove(log.path); }

    command replay_command(const generated_log& log) const
    {
        return {tool_, "replay", "--quiet", "-o", trace(), log.path};
    }

    contestant replay(const generated_log& log) const
    {
        const command words = replay_command(log);
        return {shown(words), [this, words] { return end_of(start(words, output())); },
                [this] { return records_in_trace(trace()); }, true};
    }

    contestant other(const command& words, std::function<std::uint64_t()> seen) const
    {
        return {shown(words), [this, words] { return end_of(start(words, output())); }, std::move(seen)};
    }

    /// Reads in a child, so that its memory is not ours.
    contestant auparse(const generated_log& log) const
    {
        return {"libauparse, the syscall field of each record",
                [this, path = log.path] {
                    const pid_t child = ::fork();
                    if (child == 0) {
                        read_with_auparse(path, output());
                        ::_exit(0);
                    }
                    return end_of(child);
                },
                [this] { return std::stoull(first_line(output())); }};
    }

    /// Runs each in turn, again and again; the best times.
    std::vector<double> race(const generated_log& log, const std::vector<contestant>& contestants)
    {
        std::vector<double> best(contestants.size(), not_measured);
        for (int round = 0; round != sizes_.rounds; ++round) {
            for (std::size_t i = 0; i != contestants.size(); ++i) {
                best[i] = std::fmin(best[i], time_of(contestants[i], log, round == 0));
            }
        }
        for (std::size_t i = 0; i != contestants.size(); ++i) {
            if (!std::isnan(best[i])) {
                std::printf("  %-64s %8.3f s %7.0f MB/s\n", contestants[i].name.c_str(), best[i],
                            static_cast<double>(log.bytes) / 1e6 / best[i]);
            }
        }
        std::fflush(stdout);
        return best;
    }

    double time_of(const contestant& one, const generated_log& log, bool complain)
    {
        const auto begin = clock::now();
        const int status = one.work();
        const double seconds = std::chrono::duration<double>(clock::now() - begin).count();
        const bool worked = status == 0 && one.seen() == log.records;
        if (!worked && complain) {
            std::printf("  %-64s %s\n", one.name.c_str(), reason(one, status).c_str());
        }
        passed_ = passed_ && (worked || (status != 0 && !one.is_ours));
        return worked ? seconds : not_measured;
    }

    static std::string reason(const contestant& one, int status)
    {
        if (status == not_found) {
            return "not installed";
        }
        return status != 0 ? "failed with status " + std::to_string(status)
                           : "saw " + std::to_string(one.seen()) + " records";
    }

    void measure_memory(const generated_log& log)
    {
        const pid_t child = start(replay_command(log), output());
        peak_memory memory(child);
        const int status = end_of(child);
        const double peak = static_cast<double>(memory.stop()) / 1024;
        if (status == 0) {
            std::printf("  anonymous memory (RssAnon), at most: %.1f MiB (target: at most 16)\n", peak);
        }
    }

    static void print_ratio(double ratio, const char* what, const char* how, double target)
    {
        if (!std::isnan(ratio)) {
            std::printf("  %s = %.2f (target: %s %g)\n", what, ratio, how, target);
        }
    }

    std::string tool_;
    sizes sizes_;
    temporary_folder folder_;
    bool passed_ = true;
};

struct arguments {
#ifdef SCTRACE_TOOL
    std::string tool = SCTRACE_TOOL;
#else
    std::string tool = "asio-sctrace";
#endif
    sizes how_large;
};

arguments parse(int argc, char** argv)
{
    arguments parsed;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word.starts_with("--benchmark")) {
            parsed.how_large = small;
        } else {
            parsed.tool = word;
        }
    }
    return parsed;
}

} // namespace

int main(int argc, char** argv)
{
    try {
        const arguments wanted = parse(argc, argv);
        bench all(wanted.tool, wanted.how_large);
        all.introduce();
        all.compare_with_search(90, 1.0);
        all.compare_with_search(5, 0.5);
        all.compare_with_audit_tools();
        all.compare_sizes();
        return all.passed() ? 0 : 1;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "sctrace_bench_replay: %s\n", e.what());
        return 1;
    }
}

#include <sctrace/kmsg_entry.hpp>
#include <sctrace/log_line.hpp>
#include <sctrace/seccomp_record.hpp>

#include <array>
#include <cstring>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <auparse.h>

#include <benchmark/benchmark.h>

namespace {

constexpr std::string_view fields =
    "auid=4294967295 uid=33 gid=33 ses=4294967295 subj=unconfined pid=2752 comm=\"nginx\" "
    "exe=\"/usr/sbin/nginx\" sig=0 arch=c000003e syscall=110 compat=0 ip=0x7f29e9374829 code=0x7ffc0000";

const std::string kmsg_line =
    "5,3400484,914890358,-;audit: type=1326 audit(1795497556.007:200135): " + std::string(fields) + "\n";
const std::string payload = "audit(1795497556.007:200135): " + std::string(fields);
const std::string daemon_line =
    "type=SECCOMP msg=audit(1795497556.007:200135): " + std::string(fields) + "\n";

/// Lines of a usual kernel log that are no records, in one buffer as a reader of files sees them.
std::string make_other_lines()
{
    constexpr std::array lines{
        "[    0.000000] Linux version 6.1.0-18-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian "
        "12.2.0-14) "
        "12.2.0) #1 SMP PREEMPT_DYNAMIC",
        "[    0.004000] BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable",
        "[    1.295412] usb 1-1: New USB device found, idVendor=1d6b, idProduct=0002, bcdDevice= 6.01",
        "[    1.901023] EXT4-fs (sda1): mounted filesystem with ordered data mode. Quota mode: none.",
        "[    9.104821] docker0: port 2(vethc1bb733) entered blocking state",
        "Nov 24 05:40:36 host systemd[1]: Started Session 3 of user root.",
        "Nov 24 05:40:37 host kernel: [12365.382693] [UFW BLOCK] IN=eth0 OUT= SRC=10.0.0.1 DST=10.0.0.2 "
        "LEN=60",
        "6,2565,102258085667,-;e1000: eth0 NIC Link is Up 1000 Mbps Full Duplex, Flow Control: RX",
    };
    std::string text;
    for (int i = 0; i < 64; ++i) {
        for (const std::string_view line : lines) {
            text.append(line) += '\n';
        }
    }
    return text;
}

const std::string other_lines = make_other_lines();

/// Calls `action` for each line; returns how many there were.
template <class Action>
std::int64_t for_each_line(std::string_view text, Action action)
{
    std::int64_t count = 0;
    while (!text.empty()) {
        const void* const end = std::memchr(text.data(), '\n', text.size());
        const auto length = static_cast<std::size_t>(static_cast<const char*>(end) - text.data());
        action(text.substr(0, length));
        text.remove_prefix(length + 1);
        ++count;
    }
    return count;
}

/// The time of one item, in the unit that the reporter prints.
void count_items(benchmark::State& state, std::int64_t items)
{
    state.SetItemsProcessed(items);
    state.counters["time/item"] = benchmark::Counter(
        static_cast<double>(items), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void other_line_end(benchmark::State& state)
{
    std::int64_t lines = 0;
    for (auto _ : state) {
        lines += for_each_line(other_lines, [](std::string_view line) { benchmark::DoNotOptimize(line); });
    }
    count_items(state, lines);
}

void other_line_parsed(benchmark::State& state)
{
    std::int64_t lines = 0;
    for (auto _ : state) {
        lines += for_each_line(other_lines, [](std::string_view line) {
            benchmark::DoNotOptimize(sctrace::parse_seccomp_line(line).has_value());
        });
    }
    count_items(state, lines);
}

void kmsg_record(benchmark::State& state)
{
    std::array<char, 8192> buffer{};
    for (auto _ : state) {
        const auto entry = sctrace::parse_kmsg_entry(kmsg_line);
        const auto record = sctrace::parse_audit_record(sctrace::unescape_kmsg(entry->text, buffer));
        const auto parsed = sctrace::parse_seccomp_record(*record);
        benchmark::DoNotOptimize(parsed->syscall);
    }
    count_items(state, static_cast<std::int64_t>(state.iterations()));
}

void netlink_record(benchmark::State& state)
{
    for (auto _ : state) {
        const auto record = sctrace::parse_audit_payload(sctrace::audit_type::seccomp, payload);
        const auto parsed = sctrace::parse_seccomp_record(*record);
        benchmark::DoNotOptimize(parsed->syscall);
    }
    count_items(state, static_cast<std::int64_t>(state.iterations()));
}

void daemon_record(benchmark::State& state)
{
    for (auto _ : state) {
        const auto parsed = sctrace::parse_seccomp_line(daemon_line);
        benchmark::DoNotOptimize(parsed->syscall);
    }
    count_items(state, static_cast<std::int64_t>(state.iterations()));
}

/// What libauparse takes per record for one field, fed with a buffer of many records.
void auparse_syscall(benchmark::State& state)
{
    std::string log;
    for (int serial = 0; serial < 1000; ++serial) {
        log += "type=SECCOMP msg=audit(1795497556.007:" + std::to_string(200000 + serial) +
               "): " + std::string(fields) + "\n";
    }
    std::int64_t records = 0;
    for (auto _ : state) {
        const std::unique_ptr<auparse_state_t, void (*)(auparse_state_t*)> parser(
            auparse_init(AUSOURCE_BUFFER, log.c_str()), auparse_destroy);
        while (auparse_next_event(parser.get()) > 0) {
            benchmark::DoNotOptimize(auparse_find_field(parser.get(), "syscall"));
            benchmark::DoNotOptimize(auparse_get_field_int(parser.get()));
            ++records;
        }
    }
    count_items(state, records);
}

BENCHMARK(other_line_end);
BENCHMARK(other_line_parsed);
BENCHMARK(kmsg_record);
BENCHMARK(netlink_record);
BENCHMARK(daemon_record);
BENCHMARK(auparse_syscall);

/// Prints the usual table and remembers the time per item.
class ratio_reporter : public benchmark::ConsoleReporter {
public:
    void ReportRuns(const std::vector<Run>& runs) override
    {
        ConsoleReporter::ReportRuns(runs);
        for (const Run& run : runs) {
            if (run.counters.contains("items_per_second")) {
                seconds_[run.run_name.function_name] = 1 / run.counters.at("items_per_second").value;
            }
        }
    }

    void print_ratio(const std::string& of, const std::string& to, std::string_view target) const
    {
        if (seconds_.contains(of) && seconds_.contains(to)) {
            std::cout << of << " / " << to << " = " << seconds_.at(of) / seconds_.at(to)
                      << " (target: " << target << ")\n";
        }
    }

private:
    std::map<std::string, double> seconds_;
};

} // namespace

int main(int argc, char** argv)
{
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
        return 2;
    }
    ratio_reporter reporter;
    benchmark::RunSpecifiedBenchmarks(&reporter);
    reporter.print_ratio("other_line_parsed", "other_line_end", "at most 2");
    reporter.print_ratio("auparse_syscall", "kmsg_record", "at least 30");
    benchmark::Shutdown();
    return 0;
}

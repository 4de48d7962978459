// What recording from the audit socket costs, against a reader that does nothing else. As root:
//
//     sctrace_bench_audit drain [ROUNDS]   source to aggregate against a bare recvmmsg(2) loop, per record
//     sctrace_bench_audit task [ROUNDS]    100 000 calls of a task under a recorder, a bare reader and strace
//     -f -c sctrace_bench_audit flood            4 tasks of 300 000 calls: what is counted, lost, and held in
//     memory sctrace_bench_audit                  all of them

#include "common/routed_reader.hpp"

#include <sctrace/aggregator.hpp>
#include <sctrace/audit_source.hpp>
#include <sctrace/bracket.hpp>
#include <sctrace/recorder.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;
using executor = asio::io_context::executor_type;

constexpr std::size_t slots = 64;
constexpr std::size_t slot_size = std::size_t{16} * 1024;
constexpr std::size_t receive_buffer = std::size_t{64} * 1024 * 1024;

/// The least that a reader can do: take messages off the socket.
class bare_reader {
public:
    bare_reader()
        : socket_(sctrace::detail::open_audit_socket(receive_buffer).value().descriptor)
        , bytes_(std::make_unique<char[]>(slots * slot_size))
    {
        for (std::size_t i = 0; i < slots; ++i) {
            vectors_[i] = {bytes_.get() + i * slot_size, slot_size};
            headers_[i].msg_hdr.msg_iov = &vectors_[i];
            headers_[i].msg_hdr.msg_iovlen = 1;
        }
    }
    bare_reader(const bare_reader&) = delete;
    bare_reader& operator=(const bare_reader&) = delete;
    ~bare_reader() { ::close(socket_); }

    int socket() const { return socket_; }

    /// How many messages it took until the socket was empty.
    std::size_t drain()
    {
        std::size_t all = 0;
        int count = 0;
        while ((count = ::recvmmsg(socket_, headers_.data(), slots, MSG_DONTWAIT, nullptr)) > 0) {
            all += static_cast<std::size_t>(count);
        }
        return all;
    }

private:
    int socket_;
    std::unique_ptr<char[]> bytes_;
    std::array<iovec, slots> vectors_{};
    std::array<mmsghdr, slots> headers_{};
};

/// This program as the command to record: it makes calls and writes how long they took to the descriptor.
std::vector<std::string> task_command(int calls, int tasks, int descriptor)
{
    return {"/proc/self/exe", "--task", std::to_string(calls), std::to_string(tasks),
            std::to_string(descriptor)};
}

void make_calls(int calls)
{
    for (int i = 0; i < calls; ++i) {
        ::syscall(SYS_getppid);
    }
}

int run_task(char** argv)
{
    const int calls = std::atoi(argv[2]);
    const int tasks = std::atoi(argv[3]);
    const auto begin = clock::now();
    for (int i = 1; i < tasks; ++i) {
        if (::fork() == 0) {
            make_calls(calls);
            ::_exit(0);
        }
    }
    make_calls(calls);
    while (::wait(nullptr) > 0) {
    }
    const double seconds = std::chrono::duration<double>(clock::now() - begin).count();
    return ::write(std::atoi(argv[4]), &seconds, sizeof seconds) == sizeof seconds ? 0 : 1;
}

/// The time that a task wrote into a pipe.
class stopwatch_pipe {
public:
    stopwatch_pipe() { static_cast<void>(::pipe(ends_.data())); }
    stopwatch_pipe(const stopwatch_pipe&) = delete;
    stopwatch_pipe& operator=(const stopwatch_pipe&) = delete;
    ~stopwatch_pipe()
    {
        ::close(ends_[0]);
        ::close(ends_[1]);
    }

    int write_end() const { return ends_[1]; }

    double seconds() const
    {
        double value = 0;
        pollfd ready{ends_[0], POLLIN, 0};
        if (::poll(&ready, 1, 0) == 1) {
            static_cast<void>(::read(ends_[0], &value, sizeof value));
        }
        return value;
    }

private:
    std::array<int, 2> ends_{};
};

struct outcome {
    double seconds = 0;
    sctrace::report report;
};

outcome under_recorder(int calls, int tasks, std::function<void()> on_stopped = {})
{
    const stopwatch_pipe pipe;
    asio::io_context context(1);
    sctrace::recorder_options options;
    options.command.emplace().command = task_command(calls, tasks, pipe.write_end());
    options.source = sctrace::source_kind::audit;
    options.on_stopped = std::move(on_stopped);
    sctrace::recorder recorder(context, options);
    outcome result;
    recorder.async_run([&](boost::system::error_code, sctrace::report r) { result.report = std::move(r); });
    context.run();
    result.seconds = pipe.seconds();
    return result;
}

double under_bare_reader(int calls)
{
    const stopwatch_pipe pipe;
    bare_reader reader;
    sctrace::launch_options options;
    options.command = task_command(calls, 1, pipe.write_end());
    auto child = sctrace::launcher::prepare(options).value();
    child.start().value();
    while (!child.try_wait()) {
        pollfd ready{reader.socket(), POLLIN, 0};
        ::poll(&ready, 1, 10);
        reader.drain();
    }
    return pipe.seconds();
}

double under_strace(int calls)
{
    const stopwatch_pipe pipe;
    const auto task = task_command(calls, 1, pipe.write_end());
    std::array<char, 4096> self{};
    static_cast<void>(::readlink("/proc/self/exe", self.data(), self.size() - 1));
    const pid_t child = ::fork();
    if (child == 0) {
        ::execlp("strace", "strace", "-f", "-c", "-o", "/dev/null", self.data(), task[1].c_str(),
                 task[2].c_str(), task[3].c_str(), task[4].c_str(), nullptr);
        ::_exit(127);
    }
    ::waitpid(child, nullptr, 0);
    return pipe.seconds();
}

double median(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    return values.empty() ? 0 : values[values.size() / 2];
}

void bench_task(int rounds)
{
    constexpr int calls = 100'000;
    std::vector<double> bare;
    std::vector<double> recorded;
    std::vector<double> straced;
    bool all_there = true;
    for (int i = 0; i < rounds; ++i) {
        bare.push_back(under_bare_reader(calls));
        const outcome o = under_recorder(calls, 1);
        recorded.push_back(o.seconds);
        all_there = all_there && o.report.judged.what == sctrace::verdict::complete;
        straced.push_back(under_strace(calls));
    }
    std::printf("a task's %d calls, medians of %d rounds\n", calls, rounds);
    std::printf("  under a bare recvmmsg(2) reader: %6.3f s\n", median(bare));
    std::printf("  under the recorder:              %6.3f s%s\n", median(recorded),
                all_there ? ", each recording complete" : ", NOT each recording complete");
    std::printf("  under strace -f -c:              %6.3f s\n", median(straced));
    std::printf("  recorder / bare reader:          %6.3f (target: at most 1.15)\n",
                median(recorded) / median(bare));
    std::printf("  recorder / strace:               %6.3f (target: at most 0.20)\n",
                median(recorded) / median(straced));
}

std::string anonymous_memory()
{
    std::ifstream status("/proc/self/status");
    std::string line;
    while (std::getline(status, line)) {
        if (line.starts_with("RssAnon:")) {
            return line.substr(line.find_first_not_of(" \t", 8));
        }
    }
    return "unknown";
}

void bench_flood()
{
    constexpr int calls = 300'000;
    constexpr int tasks = 4;
    std::string memory;
    const outcome o = under_recorder(calls, tasks, [&memory] { memory = anonymous_memory(); });
    const auto native = sctrace::architecture::native();
    const auto counted = o.report.counts.count({native, SYS_getppid});
    std::printf("%d tasks of %d calls: %llu counted in %.2f s, RssAnon %s (target: below 16 MiB)\n", tasks,
                calls, static_cast<unsigned long long>(counted), o.seconds, memory.c_str());
    std::printf("  %s\n", sctrace::verdict_line(o.report).c_str());
}

/// Every record that was made before this has been queued on every socket of the group when it returns.
void wait_for_delivery()
{
    bare_reader barrier;
    const std::string wanted = "syscall=" + std::to_string(sctrace::emit_bracket().value().syscall);
    std::array<char, slot_size> message{};
    for (;;) {
        pollfd ready{barrier.socket(), POLLIN, 0};
        ::poll(&ready, 1, 1000);
        const auto length = ::recv(barrier.socket(), message.data(), message.size(), MSG_DONTWAIT);
        if (length > 0 && std::string_view(message.data(), static_cast<std::size_t>(length)).find(wanted) !=
                              std::string_view::npos) {
            return;
        }
    }
}

asio::awaitable<void, executor> drain(sctrace::basic_audit_source<executor>& source,
                                      sctrace::test::lone_reader& reader,
                                      sctrace::basic_aggregator<executor>& aggregator,
                                      sctrace::record_batch& batch, std::size_t& left)
{
    constexpr asio::use_awaitable_t<executor> token;
    while (left != 0) {
        left -= std::min(left, co_await source.async_read_batch(batch, token));
        reader.read(batch);
        co_await aggregator.async_add(reader.calls(), token);
    }
}

double per_record(clock::duration time, std::size_t records)
{
    return std::chrono::duration<double, std::nano>(time).count() / static_cast<double>(records);
}

struct drained {
    double bare = 0;
    double pipeline = 0;
    std::uint64_t counted = 0;
};

/// Both sockets get the same records, and are drained when all are there.
drained drain_once(int calls, bool bare_first, sctrace::record_batch& batch)
{
    asio::io_context context(1);
    sctrace::basic_audit_source<executor> source(context);
    source.open(receive_buffer).value();
    sctrace::basic_aggregator<executor> aggregator(context);
    bare_reader bare;

    sctrace::launch_options options;
    const stopwatch_pipe pipe;
    options.command = task_command(calls, 1, pipe.write_end());
    auto child = sctrace::launcher::prepare(options).value();
    child.start().value();
    pollfd ended{child.pidfd(), POLLIN, 0};
    ::poll(&ended, 1, -1);
    wait_for_delivery();

    sctrace::target whose;
    whose.follow_session(child.session().value());
    sctrace::loss_ledger ledger;
    sctrace::test::lone_reader reader(sctrace::architecture::native(), whose, ledger);
    reader->count_without_bracket();
    asio::post(context, [] {});
    context.run();
    context.restart();

    drained result;
    std::size_t records = static_cast<std::size_t>(calls);
    const auto drain_bare = [&] {
        const auto begin = clock::now();
        records = bare.drain();
        result.bare = per_record(clock::now() - begin, records);
    };
    if (bare_first) {
        drain_bare();
    }
    std::size_t left = records;
    auto work = drain(source, reader, aggregator, batch, left);
    asio::co_spawn(context, std::move(work), [](std::exception_ptr e) {
        if (e) {
            std::rethrow_exception(e);
        }
    });
    const auto begin = clock::now();
    context.run();
    result.pipeline = per_record(clock::now() - begin, records);
    if (!bare_first) {
        drain_bare();
    }
    aggregator.async_snapshot([&result](boost::system::error_code, const sctrace::trace& counts) {
        result.counted = counts.total();
    });
    context.restart();
    context.run();
    return result;
}

void bench_drain(int rounds)
{
    constexpr int calls = 20'000;
    std::vector<double> bare;
    std::vector<double> pipeline;
    std::uint64_t counted = 0;
    sctrace::record_batch batch(sctrace::record_batch::default_messages, sctrace::audit_source::batch_bytes);
    for (int i = 0; i < rounds; ++i) {
        const drained d = drain_once(calls, i % 2 == 0, batch);
        bare.push_back(d.bare);
        pipeline.push_back(d.pipeline);
        counted = d.counted;
    }
    std::printf("draining a queue of records, medians of %d rounds\n", rounds);
    std::printf("  bare recvmmsg(2) loop:  %7.1f ns per record\n", median(bare));
    std::printf("  source to aggregate:    %7.1f ns per record (%llu calls counted)\n", median(pipeline),
                static_cast<unsigned long long>(counted));
    std::printf("  ratio:                  %7.3f (target: at most 1.15)\n", median(pipeline) / median(bare));
}

} // namespace

int main(int argc, char** argv)
{
    const std::string_view what = argc > 1 && argv[1][0] != '-' ? argv[1] : "all";
    if (argc > 4 && std::string_view(argv[1]) == "--task") {
        return run_task(argv);
    }
    if (::geteuid() != 0 || !sctrace::detail::open_audit_socket(4096)) {
        std::puts("skipped: needs root and the audit multicast socket");
        return 0;
    }
    const int rounds = argc > 2 ? std::atoi(argv[2]) : 0;
    if (what == "drain" || what == "all") {
        bench_drain(rounds != 0 ? rounds : 20);
    }
    if (what == "task" || what == "all") {
        bench_task(rounds != 0 ? rounds : 5);
    }
    if (what == "flood" || what == "all") {
        bench_flood();
    }
    return 0;
}

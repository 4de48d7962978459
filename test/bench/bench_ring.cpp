// Drains a full kernel ring buffer twice in turn: by a bare read(2) loop, and through source, parser,
// selection and aggregator. Prints the time per entry of both and the ratio of the fastest rounds.
//
//     sctrace_bench_ring [ROUNDS]        as root; fills the ring with records of its own first

#include "common/routed_reader.hpp"

#include <sctrace/aggregator.hpp>
#include <sctrace/kmsg_source.hpp>
#include <sctrace/printk_ratelimit_hold.hpp>

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
#include <exception>
#include <string>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;
using executor = asio::io_context::executor_type;

struct sample {
    double nanoseconds_per_entry = 0;
    std::size_t entries = 0;
    std::uint64_t counted = 0;
};

/// More records than the ring holds, from one process, whose id is returned.
pid_t fill_ring()
{
    constexpr int calls = 3000;
    const pid_t child = ::fork();
    if (child == 0) {
        sock_filter log = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_LOG);
        const sock_fprog program{1, &log};
        ::prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L);
        ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0L, &program);
        for (int i = 0; i < calls; ++i) {
            ::syscall(SYS_getppid);
        }
        ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
    return child;
}

double per_entry(clock::duration time, std::size_t entries)
{
    return std::chrono::duration<double, std::nano>(time).count() /
           static_cast<double>(std::max<std::size_t>(entries, 1));
}

sample bare_reads()
{
    std::array<char, sctrace::detail::kmsg_reader::max_entry + 1> buffer;
    const int fd = ::open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ::lseek(fd, 0, SEEK_SET);
    sample s;
    const auto begin = clock::now();
    while (::read(fd, buffer.data(), buffer.size()) > 0) {
        // Entries of other facilities than the kernel's never come out of the source: do not wait for them.
        s.entries += buffer[1] == ',' && buffer[0] < '8' ? 1 : 0;
    }
    s.nanoseconds_per_entry = per_entry(clock::now() - begin, s.entries);
    ::close(fd);
    return s;
}

asio::awaitable<void, executor> drain(sctrace::basic_kmsg_source<executor>& source,
                                      sctrace::test::lone_reader& reader,
                                      sctrace::basic_aggregator<executor>& aggregator,
                                      sctrace::record_batch& batch, std::size_t wanted, sample& s)
{
    constexpr asio::use_awaitable_t<executor> token;
    while (s.entries < wanted) {
        s.entries += co_await source.async_read_batch(batch, token);
        reader.read(batch);
        co_await aggregator.async_add(reader.calls(), token);
        s.counted += reader.calls().size();
    }
}

/// Drains as many entries as a bare loop found. The batch is the caller's: in a recorder it lives on.
sample pipeline(pid_t pid, sctrace::record_batch& batch, std::size_t wanted)
{
    asio::io_context context(1);
    sctrace::basic_kmsg_source<executor> source(context);
    source.open("/dev/kmsg", sctrace::kmsg_start::beginning).value();
    sctrace::basic_aggregator<executor> aggregator(context);
    sctrace::target whose;
    whose.add_pid(pid);
    sctrace::loss_ledger ledger;
    sctrace::test::lone_reader reader(sctrace::architecture::native(), whose, ledger);
    reader->count_without_bracket();
    // A recorder's event loop has been running for long when a burst comes.
    asio::post(context, [] {});
    context.run();
    context.restart();
    sample s;
    auto work = drain(source, reader, aggregator, batch, wanted, s);
    asio::co_spawn(context, std::move(work), [](std::exception_ptr e) {
        if (e) {
            std::rethrow_exception(e);
        }
    });
    const auto begin = clock::now();
    context.run();
    s.nanoseconds_per_entry = per_entry(clock::now() - begin, s.entries);
    return s;
}

} // namespace

int main(int argc, char** argv)
{
    const int rounds = argc > 1 && argv[1][0] != '-' ? std::atoi(argv[1]) : 1000;
    if (::access("/dev/kmsg", R_OK) != 0 || ::geteuid() != 0) {
        std::puts("skipped: needs root and /dev/kmsg");
        return 0;
    }
    auto hold = sctrace::printk_ratelimit_hold::acquire();
    if (!hold) {
        std::puts(hold.error().message.c_str());
        return 1;
    }
    const pid_t pid = fill_ring();
    sample best_bare{1e9};
    sample best_pipeline{1e9};
    sctrace::record_batch batch;
    for (int i = 0; i < rounds; ++i) {
        const sample bare = bare_reads();
        const sample through = pipeline(pid, batch, bare.entries);
        if (bare.nanoseconds_per_entry < best_bare.nanoseconds_per_entry) {
            best_bare = bare;
        }
        if (through.nanoseconds_per_entry < best_pipeline.nanoseconds_per_entry) {
            best_pipeline = through;
        }
    }
    std::printf("bare read(2) loop:  %7.1f ns per entry (%zu entries)\n", best_bare.nanoseconds_per_entry,
                best_bare.entries);
    std::printf("whole pipeline:     %7.1f ns per entry (%zu entries, %llu calls counted)\n",
                best_pipeline.nanoseconds_per_entry, best_pipeline.entries,
                static_cast<unsigned long long>(best_pipeline.counted));
    std::printf("ratio:              %7.3f\n",
                best_pipeline.nanoseconds_per_entry / best_bare.nanoseconds_per_entry);
}

// What a record, a process event and doing nothing cost when 200 recorders share a hub, against one alone:
//
//     sctrace_bench_hub routed [ROUNDS]    router, readers and aggregators; needs no kernel
//     sctrace_bench_hub recorded [ROUNDS]  a task's 100 000 calls, recorded; as root, like all below
//     sctrace_bench_hub forks [ROUNDS]     2000 short children, of a followed process and of others
//     sctrace_bench_hub idle [SECONDS]     processor time and memory of recorders of sleeping processes
//     sctrace_bench_hub                    all of them

#include "recording/call_collector.hpp"
#include "recording/live_queue.hpp"
#include "recording/process_follower.hpp"
#include "recording/record_router.hpp"
#include "recording/subscriber.hpp"

#include <sctrace/aggregator.hpp>
#include <sctrace/audit_source.hpp>
#include <sctrace/hub.hpp>
#include <sctrace/recorder.hpp>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <functional>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;
using executor = asio::io_context::executor_type;

double seconds_since(clock::time_point begin)
{
    return std::chrono::duration<double>(clock::now() - begin).count();
}

/// Processor time that this process has used.
double processor_seconds()
{
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double best(const std::vector<double>& values)
{
    return *std::min_element(values.begin(), values.end());
}

double median(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

void print_ratio(const char* what, double ratio)
{
    std::printf("  %-52s %9.3f (target: at most 1.3)\n", what, ratio);
}

constexpr pid_t first_pid = 1'000'000;
constexpr std::size_t batch_records = 1024;

using pid_list = std::vector<pid_t>;

/// A recorder but for its source and its course: it follows some processes and counts their calls.
class counting_subscriber final : public sctrace::detail::subscriber {
public:
    counting_subscriber(asio::io_context& context, const pid_list& pids)
        : subscriber(records_, whose_, ledger_)
        , records_(sctrace::architecture::native(), whose_, ledger_, queue_)
        , aggregator_(context)
    {
        follower().emplace(whose_, ledger_);
        for (const pid_t pid : pids) {
            follower()->tree().add(pid, sctrace::detail::monotonic_now());
        }
        records_.count_without_bracket();
    }

    void wake() override {}
    void take_calls() override
    {
        calls_.assign(records_.calls().begin(), records_.calls().end());
        records_.forget_calls();
        counted_ += calls_.size();
        aggregator_.async_add(calls_, [](boost::system::error_code) {});
    }
    void source_ended(boost::system::error_code) override {}

    std::uint64_t counted() const { return counted_; }

private:
    sctrace::target whose_;
    sctrace::loss_ledger ledger_;
    sctrace::detail::live_queue queue_{0};
    sctrace::detail::call_collector records_;
    sctrace::basic_aggregator<executor> aggregator_;
    std::vector<sctrace::syscall_key> calls_;
    std::uint64_t counted_ = 0;
};

/// Subscribers that share a router.
class crowd {
public:
    /// One for each list of processes.
    explicit crowd(const std::vector<pid_list>& targets)
    {
        router_.set_clock_offset({});
        for (const pid_list& pids : targets) {
            router_.add(all_.emplace_back(context_, pids));
        }
    }

    void read(const sctrace::record_batch& batch)
    {
        router_.read(batch);
        for (sctrace::detail::subscriber* const who : router_.touched()) {
            who->take_calls();
        }
        context_.restart();
        context_.poll();
    }

    std::uint64_t counted() const
    {
        std::uint64_t all = 0;
        for (const counting_subscriber& who : all_) {
            all += who.counted();
        }
        return all;
    }

private:
    asio::io_context context_{1};
    sctrace::detail::record_router router_;
    std::deque<counting_subscriber> all_;
};

pid_list numbered_pids(int count)
{
    pid_list pids;
    for (int i = 0; i < count; ++i) {
        pids.push_back(first_pid + i);
    }
    return pids;
}

/// Of one process each.
std::vector<pid_list> single_targets(int count)
{
    std::vector<pid_list> targets;
    for (const pid_t pid : numbered_pids(count)) {
        targets.push_back({pid});
    }
    return targets;
}

/// Batches as the audit socket gives them; each record is one of @p pids.
class made_up_records {
public:
    explicit made_up_records(int batches)
    {
        for (int i = 0; i < batches; ++i) {
            all_.emplace_back(batch_records, batch_records * 512);
        }
    }

    void fill(const pid_list& pids)
    {
        for (sctrace::record_batch& batch : all_) {
            batch.clear();
            for (std::size_t i = 0; i < batch_records; ++i) {
                append(batch, pids[random_() % pids.size()]);
            }
        }
    }

    const std::deque<sctrace::record_batch>& batches() const { return all_; }
    std::size_t records() const { return all_.size() * batch_records; }

private:
    void append(sctrace::record_batch& batch, pid_t pid)
    {
        const auto room = batch.free_space();
        const int length = std::snprintf(
            room.data(), room.size(),
            "audit(1795497556.007:%u): auid=4294967295 uid=33 gid=33 ses=4294967295 subj=unconfined pid=%d "
            "comm=\"nginx\" exe=\"/usr/sbin/nginx\" sig=0 arch=c000003e syscall=%u compat=0 "
            "ip=0x7f29e9374829 code=0x7ffc0000",
            ++serial_, pid, static_cast<unsigned>(random_() % 60));
        batch.append(static_cast<std::size_t>(length),
                     {1326, {room.data(), static_cast<std::size_t>(length)}});
    }

    std::mt19937 random_;
    std::deque<sctrace::record_batch> all_;
    std::uint32_t serial_ = 0;
};

/// Nanoseconds per record.
double time_reading(crowd& who, const made_up_records& records)
{
    const auto begin = clock::now();
    for (const sctrace::record_batch& batch : records.batches()) {
        who.read(batch);
    }
    return seconds_since(begin) * 1e9 / static_cast<double>(records.records());
}

void bench_routed(int rounds, int many)
{
    crowd one(single_targets(1));
    crowd several(single_targets(many));
    crowd one_of_all({numbered_pids(many)});
    crowd each_its_own(single_targets(many));
    made_up_records records(16);
    std::vector<double> alone;
    std::vector<double> among_many;
    std::vector<double> mixed_in_one;
    std::vector<double> mixed;
    for (int i = 0; i < rounds; ++i) {
        records.fill({first_pid});
        alone.push_back(time_reading(one, records));
        among_many.push_back(time_reading(several, records));
        records.fill(numbered_pids(many));
        mixed_in_one.push_back(time_reading(one_of_all, records));
        mixed.push_back(time_reading(each_its_own, records));
    }
    const std::uint64_t expected = static_cast<std::uint64_t>(rounds) * records.records();
    const bool all_counted = one.counted() == expected && several.counted() == expected &&
                             one_of_all.counted() == expected && each_its_own.counted() == expected;
    std::printf("a record through router, reader and aggregator, best of %d rounds%s\n", rounds,
                all_counted ? "" : ", NOT all counted");
    std::printf("  flood of one process, 1 recorder:            %9.1f ns\n", best(alone));
    std::printf("  flood of one process, %3d recorders:         %9.1f ns\n", many, best(among_many));
    std::printf("  %3d processes at random, all of 1 recorder:  %9.1f ns\n", many, best(mixed_in_one));
    std::printf("  %3d processes at random, each of its own:    %9.1f ns\n", many, best(mixed));
    print_ratio("flood:", best(among_many) / best(alone));
    print_ratio("at random:", best(mixed) / best(mixed_in_one));
}

/// A child of this program that does something when it is told to; before and afterwards it sleeps.
class worker {
public:
    enum class filter { none, logging };

    worker(filter under, const std::function<void()>& work)
    {
        std::array<int, 2> ends{};
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
            throw std::runtime_error("no socket pair");
        }
        pid_ = ::fork();
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, static_cast<unsigned long>(SIGKILL), 0L, 0L, 0L);
            run(under, work, ends[1]);
        }
        ::close(ends[1]);
        socket_ = ends[0];
        await();
    }
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;
    ~worker()
    {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        ::close(socket_);
    }

    pid_t pid() const { return pid_; }
    void start() const { static_cast<void>(::write(socket_, "x", 1)); }

    bool has_answered() const
    {
        pollfd ready{socket_, POLLIN, 0};
        return ::poll(&ready, 1, 0) == 1;
    }

    /// How long the work took, when it is done.
    double await() const
    {
        double seconds = 0;
        if (::read(socket_, &seconds, sizeof seconds) != static_cast<ssize_t>(sizeof seconds)) {
            throw std::runtime_error("a child failed");
        }
        return seconds;
    }

private:
    [[noreturn]] static void run(filter under, const std::function<void()>& work, int socket)
    {
        if (under == filter::logging) {
            sock_filter log = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_LOG);
            const sock_fprog program{1, &log};
            ::prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L);
            ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0L, &program);
        }
        const auto tell = [socket](double seconds) {
            static_cast<void>(::write(socket, &seconds, sizeof seconds));
        };
        tell(0);
        char go = 0;
        if (::read(socket, &go, 1) == 1) {
            const auto begin = clock::now();
            work();
            tell(seconds_since(begin));
            static_cast<void>(::read(socket, &go, 1));
        }
        ::_exit(0);
    }

    pid_t pid_ = 0;
    int socket_ = -1;
};

/// Recorders of some processes and their descendants each, on one hub.
class hub_of_recorders {
public:
    explicit hub_of_recorders(const std::vector<pid_list>& targets)
        : hub_(context_, from_audit())
        , reports_(targets.size())
    {
        for (std::size_t i = 0; i != targets.size(); ++i) {
            add(targets[i], reports_[i]);
        }
        run_until([this] { return started_ == recorders_.size(); });
    }
    hub_of_recorders(const hub_of_recorders&) = delete;
    hub_of_recorders& operator=(const hub_of_recorders&) = delete;
    ~hub_of_recorders() { stop(); }

    /// Has @p tasks work, and returns the processor time until all is recorded.
    double record(std::span<const worker* const> tasks)
    {
        const double before = processor_seconds();
        for (const worker* const task : tasks) {
            task->start();
        }
        for (const worker* const task : tasks) {
            run_until([task] { return task->has_answered(); });
        }
        run_for(reading_time);
        return processor_seconds() - before;
    }

    void run_for(clock::duration time) { context_.run_for(time); }

    /// Ends all recordings.
    void stop()
    {
        for (sctrace::recorder& recorder : recorders_) {
            recorder.request_stop();
        }
        context_.run();
    }

    /// Calls of one kind in all reports.
    std::uint64_t counted(std::int64_t syscall) const
    {
        std::uint64_t all = 0;
        for (const auto& report : reports_) {
            all += report ? report->counts.count({sctrace::architecture::native(), syscall}) : 0;
        }
        return all;
    }

    /// Of the first recording that is not complete; empty if all are.
    std::string doubtful_verdict() const
    {
        for (const auto& report : reports_) {
            if (report && report->judged.what != sctrace::verdict::complete) {
                return sctrace::verdict_line(*report);
            }
        }
        return {};
    }

private:
    // More than the kernel takes to deliver what has been called.
    static constexpr std::chrono::milliseconds reading_time{300};

    static sctrace::source_options from_audit()
    {
        sctrace::source_options options;
        options.source = sctrace::source_kind::audit;
        return options;
    }

    void add(const pid_list& pids, std::optional<sctrace::report>& result)
    {
        sctrace::recorder_options options;
        options.pids = pids;
        options.follow = sctrace::follow_kind::tree;
        options.on_started = [this] { ++started_; };
        recorders_.emplace_back(hub_, options)
            .async_run([this, &result](boost::system::error_code ec, sctrace::report report) {
                failure_ = ec ? report.failure_message : failure_;
                result = std::move(report);
            });
    }

    template <class Condition>
    void run_until(Condition is_met)
    {
        while (!is_met()) {
            context_.run_one();
            if (!failure_.empty()) {
                throw std::runtime_error(failure_);
            }
        }
    }

    asio::io_context context_{1};
    sctrace::hub hub_;
    std::deque<sctrace::recorder> recorders_;
    std::vector<std::optional<sctrace::report>> reports_;
    std::size_t started_ = 0;
    std::string failure_;
};

/// One for the first process and one for each of those that only sleep.
std::vector<pid_list> with_sleepers(const worker& first, const std::deque<worker>& sleepers)
{
    std::vector<pid_list> targets{{first.pid()}};
    for (const worker& sleeper : sleepers) {
        targets.push_back({sleeper.pid()});
    }
    return targets;
}

std::deque<worker> make_sleepers(int count)
{
    std::deque<worker> all;
    for (int i = 0; i < count; ++i) {
        all.emplace_back(worker::filter::logging, [] {});
    }
    return all;
}

struct cost {
    double processor = 0;
    double wall = 0;
    bool is_complete = false;
};

/// What was lost must not be hidden by a verdict.
bool has_all(const hub_of_recorders& hub, std::int64_t syscall, int calls)
{
    const std::uint64_t counted = hub.counted(syscall);
    const bool all = counted == static_cast<std::uint64_t>(calls);
    if (!all) {
        const std::string verdict = hub.doubtful_verdict();
        std::printf("%llu of %d calls were counted: %s\n", static_cast<unsigned long long>(counted), calls,
                    verdict.empty() ? "COMPLETE, as all recordings say" : verdict.c_str());
    }
    return all;
}

cost record_calls(int calls, const std::deque<worker>& sleepers)
{
    const worker task(worker::filter::logging, [calls] {
        for (int i = 0; i < calls; ++i) {
            ::syscall(SYS_getppid);
        }
    });
    const worker* const tasks[]{&task};
    hub_of_recorders hub(with_sleepers(task, sleepers));
    cost c;
    c.processor = hub.record(tasks);
    c.wall = task.await();
    hub.stop();
    c.is_complete = has_all(hub, SYS_getppid, calls);
    return c;
}

void bench_recorded(int rounds, int many, int calls)
{
    const std::deque<worker> sleepers = make_sleepers(many - 1);
    const std::deque<worker> nobody;
    std::vector<double> alone;
    std::vector<double> among_many;
    std::vector<double> wall_alone;
    std::vector<double> wall_among_many;
    bool all_there = true;
    for (int i = 0; i < rounds; ++i) {
        const cost one = record_calls(calls, nobody);
        const cost several = record_calls(calls, sleepers);
        alone.push_back(one.processor * 1e9 / calls);
        among_many.push_back(several.processor * 1e9 / calls);
        wall_alone.push_back(one.wall);
        wall_among_many.push_back(several.wall);
        all_there = all_there && one.is_complete && several.is_complete;
    }
    std::printf("a task's %d calls, medians of %d rounds%s\n", calls, rounds,
                all_there ? ", all counted" : ", NOT all counted");
    std::printf(
        "  its recorder alone:                          %9.1f ns processor time per record, task %.3f s\n",
        median(alone), median(wall_alone));
    std::printf(
        "  with %3d recorders of sleeping processes:    %9.1f ns processor time per record, task %.3f s\n",
        many - 1, median(among_many), median(wall_among_many));
    print_ratio("processor time:", median(among_many) / median(alone));
    print_ratio("the task's time:", median(wall_among_many) / median(wall_alone));
}

/// Many tasks make calls at the same time; they have one recorder, or each its own.
cost record_tasks(int tasks, int calls, bool by_one)
{
    std::deque<worker> all;
    std::vector<const worker*> workers;
    std::vector<pid_list> targets;
    pid_list pids;
    for (int i = 0; i < tasks; ++i) {
        const worker& task = all.emplace_back(worker::filter::logging, [calls] {
            for (int call = 0; call < calls; ++call) {
                ::syscall(SYS_sched_yield);
            }
        });
        workers.push_back(&task);
        targets.push_back({task.pid()});
        pids.push_back(task.pid());
    }
    hub_of_recorders hub(by_one ? std::vector<pid_list>{pids} : targets);
    cost c;
    c.processor = hub.record(workers);
    hub.stop();
    c.is_complete = has_all(hub, SYS_sched_yield, tasks * calls);
    return c;
}

void bench_mixed(int rounds, int many, int calls)
{
    std::vector<double> by_one;
    std::vector<double> by_many;
    bool all_there = true;
    const int each = calls / many;
    for (int i = 0; i < rounds; ++i) {
        const cost one = record_tasks(many, each, true);
        const cost several = record_tasks(many, each, false);
        by_one.push_back(one.processor * 1e9 / (many * each));
        by_many.push_back(several.processor * 1e9 / (many * each));
        all_there = all_there && one.is_complete && several.is_complete;
    }
    std::printf("%d tasks of %d calls at the same time, medians of %d rounds%s\n", many, each, rounds,
                all_there ? ", all counted" : ", NOT all counted");
    std::printf("  1 recorder of all:                           %9.1f ns processor time per record\n",
                median(by_one));
    std::printf("  %3d recorders of one task each:              %9.1f ns processor time per record\n", many,
                median(by_many));
    print_ratio("processor time:", median(by_many) / median(by_one));
}

void make_children(int count)
{
    for (int i = 0; i < count; ++i) {
        const pid_t child = ::fork();
        if (child == 0) {
            ::_exit(0);
        }
        ::waitpid(child, nullptr, 0);
    }
}

/// Microseconds of processor time per child of a process that is followed, or that nobody follows.
double record_forks(int forks, const std::deque<worker>& sleepers, bool is_followed)
{
    const worker followed(worker::filter::logging, [forks] { make_children(forks); });
    const worker stranger(worker::filter::none, [forks] { make_children(forks); });
    const worker* const forkers[]{is_followed ? &followed : &stranger};
    hub_of_recorders hub(with_sleepers(followed, sleepers));
    return hub.record(forkers) * 1e6 / forks;
}

void bench_forks(int rounds, int many, int forks)
{
    const std::deque<worker> sleepers = make_sleepers(many - 1);
    const std::deque<worker> nobody;
    for (const bool is_followed : {true, false}) {
        std::vector<double> alone;
        std::vector<double> among_many;
        for (int i = 0; i < rounds; ++i) {
            alone.push_back(record_forks(forks, nobody, is_followed));
            among_many.push_back(record_forks(forks, sleepers, is_followed));
        }
        std::printf("%d short children of %s, medians of %d rounds\n", forks,
                    is_followed ? "a followed process" : "a process that nobody follows", rounds);
        std::printf("  1 recorder:                                  %9.2f us processor time per child\n",
                    median(alone));
        std::printf("  %3d recorders:                               %9.2f us processor time per child\n",
                    many, median(among_many));
        print_ratio("processor time:", median(among_many) / median(alone));
    }
}

/// RssAnon in KiB.
double anonymous_memory()
{
    std::ifstream status("/proc/self/status");
    std::string word;
    double kib = 0;
    while (status >> word) {
        if (word == "RssAnon:") {
            status >> kib;
            return kib;
        }
    }
    return kib;
}

struct idleness {
    double processor = 0;
    double memory = 0;
};

idleness stay_idle(const std::vector<pid_list>& targets, clock::duration time)
{
    hub_of_recorders hub(targets);
    const double before = processor_seconds();
    hub.run_for(time);
    return {processor_seconds() - before, anonymous_memory()};
}

void bench_idle(double seconds, int many)
{
    const worker first(worker::filter::logging, [] {});
    const std::deque<worker> sleepers = make_sleepers(many - 1);
    const auto time = std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(seconds));
    const idleness one = stay_idle({{first.pid()}}, time);
    const idleness several = stay_idle(with_sleepers(first, sleepers), time);
    std::printf("doing nothing for %.1f s\n", seconds);
    std::printf("  1 recorder:                                  %9.3f ms processor time, RssAnon %.0f KiB\n",
                one.processor * 1e3, one.memory);
    std::printf("  %3d recorders:                               %9.3f ms processor time, RssAnon %.0f KiB\n",
                many, several.processor * 1e3, several.memory);
    std::printf("  each further recorder:                       %9.3f ms processor time, %.1f KiB\n",
                (several.processor - one.processor) * 1e3 / (many - 1),
                (several.memory - one.memory) / (many - 1));
}

bool can_record()
{
    return ::geteuid() == 0 && sctrace::detail::open_audit_socket(4096).has_value();
}

} // namespace

int main(int argc, char** argv)
{
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    const bool is_brief = argc > 1 && argv[1][0] == '-';
    const std::string_view what = argc > 1 && !is_brief ? argv[1] : "all";
    const int wanted = argc > 2 ? std::atoi(argv[2]) : 0;
    const auto rounds = [&](int usual) { return is_brief ? 1 : wanted != 0 ? wanted : usual; };
    const int many = is_brief ? 20 : 200;
    // First: what others free is used again and would not show.
    if ((what == "idle" || what == "all") && can_record()) {
        bench_idle(is_brief ? 0.3 : wanted != 0 ? wanted : 5, many);
    }
    if (what == "routed" || what == "all") {
        bench_routed(rounds(50), many);
    }
    if (what != "routed" && !can_record()) {
        std::puts("the rest is skipped: needs root and the audit multicast socket");
        return 0;
    }
    if (what == "recorded" || what == "all") {
        bench_recorded(rounds(3), many, is_brief ? 5000 : 100'000);
        bench_mixed(rounds(3), many, is_brief ? 5000 : 100'000);
    }
    if (what == "forks" || what == "all") {
        bench_forks(rounds(3), many, is_brief ? 100 : 2000);
    }
    return 0;
}

#ifndef SCTRACE_TEST_KERNEL_OCCASION_HPP
#define SCTRACE_TEST_KERNEL_OCCASION_HPP

#include "common/paths.hpp"
#include "common/temporary_folder.hpp"
#include "kernel/audit_control.hpp"
#include "kernel/generator_process.hpp"
#include "kernel/in_child.hpp"
#include "kernel/kernel_recording.hpp"

#include <sctrace/report.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace sctrace::test {

/// This machine cannot be made what a case needs.
struct cannot_arrange : std::runtime_error {
    using runtime_error::runtime_error;
};

inline void check_in_force(const temporary_rule& rule)
{
    if (!rule.added()) {
        throw cannot_arrange("audit rules can't be added here");
    }
}

inline void check_in_force(const audit_daemon& daemon)
{
    if (!daemon.registered()) {
        throw cannot_arrange("this process may not become the audit daemon");
    }
}

inline void check_in_force(const kept_setting&) {}

/// One recording of the generator and what is the matter with the machine meanwhile, all in a process of its
/// own.
/**
 * What is put into force is taken back before the occasion is over.
 */
class occasion {
public:
    explicit occasion(std::vector<std::string> generator)
        : arguments_(std::move(generator))
    {
        recording_.options.source = source_kind::audit;
        recording_.options.bracket_timeout = std::chrono::milliseconds(500);
        // One that cannot be arranged ends without having run.
        recording_.context.run();
    }

    recorder_options& options() noexcept { return recording_.options; }

    const temporary_folder& folder() const noexcept { return folder_; }

    /// The path of the program that is recorded.
    std::string program = generator_path();

    /// The generator is recorded by its id; it makes its calls when the recording has started.
    generator_process& record_process()
    {
        process_ = std::make_shared<generator_process>(arguments_);
        options().pids = {process_->pid()};
        at_start([process = process_] { process->release(); });
        return *process_;
    }

    /// The same, but nothing is read until the calls have been made; @p meanwhile lives as long as they take.
    template <class Hold>
    void record_process_unread(Hold meanwhile)
    {
        record_process();
        at_start_.clear();
        at_start([process = process_, meanwhile] {
            [[maybe_unused]] const auto held = meanwhile();
            process->release();
            process->wait();
        });
    }

    /// From before the recording until it has ended.
    template <class T, class... Arguments>
    void throughout(Arguments... arguments)
    {
        keep<T>(std::make_shared<std::optional<T>>(), arguments...);
    }

    /// From before the recording until it has started.
    template <class T, class... Arguments>
    void until_started(Arguments... arguments)
    {
        const auto held = std::make_shared<std::optional<T>>();
        keep<T>(held, arguments...);
        at_start([held] { held->reset(); });
    }

    /// From when it has started until nothing more is read.
    template <class T, class... Arguments>
    void meanwhile(Arguments... arguments)
    {
        const auto held = std::make_shared<std::optional<T>>();
        at_start([this, held, arguments...] { keep<T>(held, arguments...); });
        at_stop([held] { held->reset(); });
    }

    /// From when it has started until it has ended.
    template <class T, class... Arguments>
    void once_started(Arguments... arguments)
    {
        at_start([this, arguments...] { throughout<T>(arguments...); });
    }

    /// From when nothing more is read until it has ended.
    template <class T, class... Arguments>
    void once_stopped(Arguments... arguments)
    {
        at_stop([this, arguments...] { throughout<T>(arguments...); });
    }

    void at_start(std::function<void()> what) { at_start_.push_back(std::move(what)); }
    void at_stop(std::function<void()> what) { at_stop_.push_back(std::move(what)); }

    /// Records, and returns the verdict and its reasons, each on a line.
    std::string run()
    {
        options().on_started = [this, started = options().on_started] {
            started();
            do_all(at_start_);
        };
        options().on_stopped = [this] { do_all(at_stop_); };
        if (options().pids.empty()) {
            arguments_.insert(arguments_.begin(), program);
            options().command.emplace().command = arguments_;
        }
        recording_.start();
        recording_.finish();
        if (!out_of_reach_.empty()) {
            throw cannot_arrange(out_of_reach_);
        }
        return words();
    }

private:
    template <class T, class... Arguments>
    void keep(const std::shared_ptr<std::optional<T>>& held, const Arguments&... arguments)
    {
        held->emplace(arguments...);
        kept_.push_back(held);
        check_in_force(**held);
    }

    /// An exception must not go through the recorder.
    void do_all(const std::vector<std::function<void()>>& actions)
    {
        try {
            for (const auto& action : actions) {
                action();
            }
        } catch (const cannot_arrange& e) {
            out_of_reach_ = e.what();
        }
    }

    std::string words() const
    {
        std::string lines(to_string(recording_.report.judged.what));
        for (const std::string& why : recording_.report.judged.why) {
            lines += '\n' + why;
        }
        return lines;
    }

    temporary_folder folder_;
    std::vector<std::string> arguments_;
    kernel_recording recording_;
    std::shared_ptr<generator_process> process_;
    std::vector<std::function<void()>> at_start_;
    std::vector<std::function<void()>> at_stop_;
    std::vector<std::shared_ptr<void>> kept_;
    std::string out_of_reach_;
};

} // namespace sctrace::test

#endif

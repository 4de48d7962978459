#include "recording/recording_plan.hpp"

#include <sctrace/seccomp_filter.hpp>

#include <utility>

namespace sctrace::detail {

using boost::system::result;

namespace {

result<void, failure> check(const recorder_options& options)
{
    if (options.command.has_value() == !options.pids.empty()) {
        return failure{error::invalid_options, "name either a command or process ids to record"};
    }
    if (!options.command && !options.known.empty()) {
        return failure{error::invalid_options,
                       "known calls are for a command: running processes keep the filters they have"};
    }
    if (options.follow == (options.command ? follow_kind::container : follow_kind::session)) {
        return failure{error::invalid_options,
                       options.command ? "a command's container cannot be followed, only that of processes"
                                       : "a running process cannot be given a session of its own"};
    }
    return {};
}

result<launcher, failure> prepare_command(const recorder_options& options)
{
    launch_options command = *options.command;
    command.new_session = wanted_following(options) == follow_kind::session;
    if (!options.known.empty()) {
        auto filter = seccomp_filter::log_all_but(options.known, options.native);
        if (!filter) {
            return filter.error();
        }
        command.filter = std::move(*filter);
    }
    return launcher::prepare(std::move(command));
}

} // namespace

follow_kind wanted_following(const recorder_options& options)
{
    return options.follow.value_or(options.command ? follow_kind::session : follow_kind::none);
}

result<recording_plan, failure> plan_recording(const recorder_options& options)
{
    if (const auto checked = check(options); !checked) {
        return checked.error();
    }
    recording_plan plan;
    plan.following = wanted_following(options);
    if (options.command) {
        auto command = prepare_command(options);
        if (!command) {
            return command.error();
        }
        plan.command.emplace(std::move(*command));
    }
    const auto output = trace_file::prepare_if_named(options.output);
    if (!output) {
        return output.error();
    }
    plan.output = *output;
    return plan;
}

} // namespace sctrace::detail

#include "api.hpp"

#include "metrics.hpp"
#include "page.hpp"
#include "profile_reply.hpp"
#include "recording_json.hpp"
#include "recording_request.hpp"

#include <sctrace/condition.hpp>
#include <sctrace/error.hpp>
#include <sctrace/report.hpp>
#include <sctrace/trace.hpp>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <sys/syscall.h>
#include <unistd.h>

namespace embedded_server {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

response json_reply(http::status status, const json::value& body)
{
    return make_reply(status, content_type::json, json::serialize(body) + '\n');
}

/// The status for a recording that could not be begun.
http::status status_of(boost::system::error_code why)
{
    using sctrace::condition;
    if (why == condition::stopped) {
        return http::status::service_unavailable;
    }
    if (why == sctrace::error::foreign_pid_namespace || why == condition::source_unavailable) {
        return http::status::conflict;
    }
    if (why == sctrace::error::launch_failed) {
        return http::status::internal_server_error;
    }
    if (why == condition::command_not_started || why == condition::invalid_use) {
        return http::status::unprocessable_entity;
    }
    return http::status::internal_server_error;
}

/// 0, or the error of pidfd_open: EINVAL, or ENOENT in later kernels, for a thread that leads no process
/// (kernel/fork.c: pidfd_prepare()).
int error_of_holding(pid_t pid)
{
    const int descriptor = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U));
    if (descriptor < 0) {
        return errno;
    }
    ::close(descriptor);
    return 0;
}

/// What the library could not know: that a process is this server, or is none.
std::optional<response> refuse_pids(const recording_request& wanted)
{
    for (const pid_t pid : wanted.pids) {
        const std::string word = std::to_string(pid);
        if (pid == ::getpid()) {
            return make_error(http::status::unprocessable_entity,
                              "process " + word + " is this server, which does not record itself");
        }
        const int why_not = error_of_holding(pid);
        if (why_not == ESRCH) {
            return make_error(http::status::unprocessable_entity,
                              "there is no process " + word + "; name one that runs");
        }
        if (why_not == EINVAL || why_not == ENOENT) {
            return make_error(http::status::unprocessable_entity,
                              word + " is a thread of another process; name its process");
        }
    }
    return std::nullopt;
}

response no_such_recording(std::string_view id)
{
    // Another could hold what no JSON may.
    const bool is_number = id.find_first_not_of("0123456789") == std::string_view::npos;
    const std::string which = is_number ? "recording " + std::string(id) : "such recording";
    return make_error(http::status::not_found,
                      "there is no " + which + "; GET /recordings lists those there are");
}

response report_reply(const recording& which)
{
    if (!which.is_over()) {
        return make_error(http::status::conflict,
                          "the recording still runs, and its report is made at the end; POST "
                          "/recordings/" +
                              which.id() + "/stop ends it");
    }
    return make_reply(http::status::ok, content_type::json, sctrace::to_json(*which.report()) + '\n');
}

} // namespace

api::api(registry& recordings, const connection_list& connections, setting given)
    : recordings_(recordings)
    , connections_(connections)
    , given_(given)
{
}

asio::awaitable<answer> api::handle(const request& asked)
{
    if (auto refused = given_.access.refusal(asked)) {
        co_return std::move(*refused);
    }
    const auto text = asked.target();
    const auto named = parse_target({text.data(), text.size()});
    if (!named) {
        co_return make_error(http::status::bad_request,
                             "the request's target must be a path, with % only in front of two digits");
    }
    const routing found = find_route(asked.method(), named->path);
    if (const auto* const wrong = std::get_if<wrong_method>(&found)) {
        response refused = make_error(http::status::method_not_allowed,
                                      "this path has no such method, only " + wrong->allowed);
        refused.set(http::field::allow, wrong->allowed);
        co_return refused;
    }
    const auto* const to = std::get_if<route>(&found);
    if (to == nullptr) {
        co_return make_error(http::status::not_found, "there is nothing here; begin at / or at /recordings");
    }
    co_return co_await handle_route(*to, *named, asked);
}

asio::awaitable<answer> api::handle_route(const route& to, const target& named, const request& asked)
{
    switch (to.to) {
    case endpoint::page:
        co_return page();
    case endpoint::health:
        co_return health();
    case endpoint::metrics:
        co_return metrics();
    case endpoint::list:
        co_return list();
    case endpoint::create:
        co_return co_await create(asked);
    default:
        break;
    }
    const auto which = recordings_.find(to.id);
    if (!which) {
        co_return no_such_recording(to.id);
    }
    co_return co_await handle_recording(to.to, which, named);
}

asio::awaitable<answer> api::handle_recording(endpoint to, std::shared_ptr<recording> which,
                                              const target& named)
{
    switch (to) {
    case endpoint::show:
        co_return json_reply(http::status::ok, to_json(*which));
    case endpoint::report:
        co_return report_reply(*which);
    case endpoint::stop:
        co_return co_await stop(which);
    case endpoint::remove:
        co_return co_await remove(which);
    case endpoint::events:
        co_return which->subscribe();
    default:
        break;
    }
    const auto counts = co_await which->counts();
    if (!counts) {
        co_return make_error(http::status::internal_server_error, counts.error().message);
    }
    if (to == endpoint::profile) {
        co_return make_profile_reply(*counts, named);
    }
    co_return make_reply(http::status::ok, content_type::ndjson,
                         sctrace::to_ndjson(*counts, sctrace::architecture::native()));
}

response api::page() const
{
    return make_page_reply();
}

response api::health() const
{
    return shutting_down_
               ? make_reply(http::status::service_unavailable, content_type::text, "shutting down\n")
               : make_reply(http::status::ok, content_type::text, "ok\n");
}

response api::metrics() const
{
    return make_reply(http::status::ok, content_type::metrics,
                      to_metrics(recordings_, connections_.size(), process_start_));
}

response api::list() const
{
    json::array all;
    for (const auto& each : recordings_.all()) {
        all.push_back(to_json(*each));
    }
    return json_reply(http::status::ok, all);
}

asio::awaitable<response> api::create(const request& asked)
{
    auto wanted = parse_recording_request(asked.body());
    if (!wanted) {
        co_return make_error(http::status::bad_request, wanted.error().words);
    }
    if (!wanted->command.empty() && !given_.allow_exec) {
        co_return make_error(http::status::forbidden,
                             "this server runs no commands; one started with --allow-exec does");
    }
    if (shutting_down_) {
        co_return make_error(http::status::service_unavailable, "the server is shutting down");
    }
    if (auto refused = refuse_pids(*wanted)) {
        co_return std::move(*refused);
    }
    if (recordings_.is_full()) {
        co_return make_error(
            http::status::too_many_requests,
            "as many recordings run as may run at a time (--max-recordings); stop one first");
    }
    const auto added = recordings_.add(std::move(*wanted));
    co_await added->wait_until_started();
    if (!added->has_started()) {
        recordings_.remove(*added);
        co_return make_error(status_of(added->failure()), added->report()->failure_message);
    }
    response created = json_reply(http::status::created, to_json(*added));
    created.set(http::field::location, "/recordings/" + added->id());
    co_return created;
}

asio::awaitable<response> api::stop(std::shared_ptr<recording> which)
{
    which->stop();
    co_await which->wait_until_ended();
    co_return report_reply(*which);
}

asio::awaitable<response> api::remove(std::shared_ptr<recording> which)
{
    which->stop();
    co_await which->wait_until_ended();
    recordings_.remove(*which);
    co_return report_reply(*which);
}

} // namespace embedded_server

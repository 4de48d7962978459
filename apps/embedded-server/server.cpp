#include "server.hpp"

#include "say.hpp"
#include "session.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <exception>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <signal.h>
#include <unistd.h>

namespace embedded_server {

namespace asio = boost::asio;

namespace {

/// Connections that are told that there are too many, beyond those that are served.
constexpr std::size_t most_refusals = 16;

/// The library's words, and which option of this server helps.
std::string with_advice(const sctrace::notice& what)
{
    const bool is_limited = what.advised == sctrace::advice::lift_ratelimit;
    return what.text + (is_limited ? " (--lift-ratelimit switches it off while recording)" : "");
}

sctrace::source_options source_of(const options& given)
{
    sctrace::source_options to;
    to.source = given.source;
    to.lift_ratelimit = given.lift_ratelimit;
    to.on_notice = [](const sctrace::notice& what) { say(with_advice(what)); };
    return to;
}

void check_directory(const std::string& path)
{
    if (!path.empty() && (!std::filesystem::is_directory(path) || ::access(path.c_str(), W_OK) != 0)) {
        throw std::runtime_error("--directory '" + path + "': is no directory that can be written to");
    }
}

registry::setting registry_setting(const options& given)
{
    check_directory(given.directory);
    return {given.max_recordings, given.directory, [](std::string_view text) { say(text); }};
}

/// As it is written in a URL.
std::string host_of(const asio::ip::address& address)
{
    return address.is_v6() ? '[' + address.to_string() + ']' : address.to_string();
}

} // namespace

server::server(const options& given)
    : given_(given)
    , context_(1)
    , signals_(context_, SIGINT, SIGTERM)
    , hub_(context_, source_of(given))
    , connections_(std::make_shared<connection_list>(given.max_connections))
    , recordings_(hub_, registry_setting(given))
    , api_(recordings_, *connections_,
           {{given.allow_remote, host_of(given.listen.address())}, given.allow_exec})
    , listener_(context_, [this](listener::socket_type peer) { take_connection(std::move(peer)); })
{
    if (given_.unix_socket.empty()) {
        listener_.listen(given_.listen);
    } else {
        listener_.listen(given_.unix_socket);
    }
    say("listening on " + listener_.address());
}

int server::run()
{
    listener_.start();
    asio::co_spawn(context_, wait_for_signals(), [this](std::exception_ptr thrown) {
        if (thrown) {
            context_.stop();
            std::rethrow_exception(thrown);
        }
    });
    bool has_ended = false;
    while (!has_ended) {
        has_ended = run_until_thrown();
    }
    return has_failed_ ? 1 : 0;
}

bool server::run_until_thrown()
{
    try {
        context_.run();
        return true;
    } catch (const std::exception& e) {
        say(std::string("ends because of an error: ") + e.what());
        end_after_error();
        return false;
    }
}

/// In the same order as after a signal, so that no recording is lost.
void server::end_after_error()
{
    has_failed_ = true;
    if (!api_.is_shutting_down()) {
        signals_.cancel();
    }
}

void server::take_connection(listener::socket_type peer)
{
    if (api_.is_shutting_down() || connections_->refused() >= most_refusals) {
        return;
    }
    const bool too_many = connections_->is_full();
    const session::limits limits{given_.max_body, given_.idle_timeout};
    const auto taken = std::make_shared<session>(std::move(peer), api_, connections_, limits);
    if (too_many) {
        taken->refuse();
    } else {
        taken->start();
    }
}

asio::awaitable<void> server::wait_for_signals()
{
    co_await signals_.async_wait(asio::as_tuple(asio::use_awaitable));
    end_at_next_signal();
    co_await shut_down();
    signals_.cancel();
    // Should anything still hold it up, a further signal has its usual effect.
    signals_.clear();
}

void server::end_at_next_signal()
{
    signals_.async_wait([](boost::system::error_code cancelled, int) {
        if (!cancelled) {
            say("ended by a second signal");
            ::_exit(1);
        }
    });
}

/// Streams end with their recordings, and connections when they have been answered.
asio::awaitable<void> server::shut_down()
{
    say("shutting down");
    api_.begin_shutdown();
    listener_.stop();
    co_await recordings_.stop_all();
    co_await end_connections();
}

asio::awaitable<void> server::end_connections()
{
    constexpr std::chrono::seconds grace{5};
    constexpr std::chrono::milliseconds between_looks{20};
    for (session* const each : connections_->all()) {
        each->end_soon();
    }
    asio::steady_timer pause(context_);
    const auto give_up = std::chrono::steady_clock::now() + grace;
    while (connections_->size() != 0 && std::chrono::steady_clock::now() < give_up) {
        pause.expires_after(between_looks);
        co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    for (session* const each : connections_->all()) {
        each->end_now();
    }
}

} // namespace embedded_server

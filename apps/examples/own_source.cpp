// own_source: a source of your own, here the lines of a log that come through standard input, such as those
// of another machine: `ssh host dmesg --follow | own_source`. show() takes any record_source.
#include <sctrace/event.hpp>
#include <sctrace/log_line.hpp>
#include <sctrace/record_source.hpp>

#include <boost/asio.hpp>

#include <algorithm>
#include <iostream>
#include <string>

#include <unistd.h>

namespace asio = boost::asio;
using boost::system::error_code;

class line_source {
public:
    using executor_type = asio::any_io_executor;

    line_source(asio::io_context& context, int descriptor)
        : in_(context, descriptor)
    {
    }

    executor_type get_executor() { return in_.get_executor(); }
    void cancel() { in_.cancel(); }
    void close() { in_.close(); }

    template <class Token>
    auto async_read_batch(sctrace::record_batch& batch, Token&& token)
    {
        batch.clear();
        auto text = asio::dynamic_buffer(text_, sctrace::record_batch::default_bytes);
        auto take = asio::deferred([this, &batch](error_code ec, std::size_t) {
            take_lines(batch);
            return asio::deferred.values(batch.empty() ? ec : error_code(), batch.messages().size());
        });
        return asio::async_read_until(in_, text, '\n', take)(std::forward<Token>(token));
    }

private:
    void take_lines(sctrace::record_batch& batch)
    {
        std::size_t size = text_.find('\n');
        while (size != std::string::npos && batch.has_room(size)) {
            const auto room = batch.free_space();
            std::copy_n(text_.data(), size, room.data());
            batch.append(size, {0, {room.data(), size}});
            text_.erase(0, size + 1);
            size = text_.find('\n');
        }
    }

    asio::posix::stream_descriptor in_;
    std::string text_;
};

template <sctrace::record_source Source>
asio::awaitable<void> show(Source& source)
{
    constexpr auto token = asio::as_tuple(asio::use_awaitable);
    sctrace::record_batch batch;
    while (!std::get<error_code>(co_await source.async_read_batch(batch, token))) {
        for (const sctrace::source_message& message : batch.messages()) {
            if (const auto record = sctrace::parse_seccomp_line(message.text)) {
                std::cout << sctrace::to_event(*record) << '\n';
            }
        }
    }
}

int main()
{
    asio::io_context context;
    line_source lines(context, ::dup(STDIN_FILENO));
    asio::co_spawn(context, show(lines), asio::detached);
    context.run();
}

#ifndef SCTRACE_TEST_ASYNC_FAILING_STREAM_HPP
#define SCTRACE_TEST_ASYNC_FAILING_STREAM_HPP

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/descriptor_base.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <cerrno>
#include <cstddef>
#include <deque>
#include <string>
#include <utility>

namespace sctrace::test {

/// A descriptor whose reads do what a script says: give bytes, or fail with an errno (0: would block).
/** A script that is over ends like a file, once it was waited for. */
class failing_stream {
public:
    using executor_type = boost::asio::any_io_executor;

    struct step {
        int error = 0;
        std::string bytes;
    };

    explicit failing_stream(const executor_type& ex)
        : executor_(ex)
    {
    }

    static step gives(std::string bytes) { return {0, std::move(bytes)}; }
    static step fails(int error) { return {error, {}}; }

    executor_type get_executor() noexcept { return executor_; }
    void assign(int) { open_ = true; }
    void non_blocking(bool) {}
    bool is_open() const noexcept { return open_; }
    int native_handle() const noexcept { return -1; }
    void cancel(boost::system::error_code&) {}
    void close(boost::system::error_code&) { open_ = false; }

    std::deque<step>& script() noexcept { return script_; }

    template <class Buffer>
    std::size_t read_some(const Buffer& buffer, boost::system::error_code& ec)
    {
        if (script_.empty()) {
            ec =
                ended_ ? boost::asio::error::eof : boost::system::error_code(boost::asio::error::would_block);
            return 0;
        }
        const step next = std::move(script_.front());
        script_.pop_front();
        ec = next.error == 0 ? boost::system::error_code{}
                             : boost::system::error_code(next.error, boost::system::system_category());
        return boost::asio::buffer_copy(buffer, boost::asio::buffer(next.bytes));
    }

    template <class Token>
    auto async_wait(boost::asio::posix::descriptor_base::wait_type, Token&& token)
    {
        ended_ = script_.empty();
        return boost::asio::post(
            executor_, boost::asio::append(std::forward<Token>(token), boost::system::error_code{}));
    }

private:
    executor_type executor_;
    std::deque<step> script_;
    bool open_ = false;
    bool ended_ = false;
};

} // namespace sctrace::test

#endif

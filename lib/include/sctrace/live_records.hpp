#ifndef SCTRACE_LIVE_RECORDS_HPP
#define SCTRACE_LIVE_RECORDS_HPP

#include <sctrace/seccomp_record.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace sctrace {

namespace detail {
class live_queue;
}

/// Records of a recording, in the order of their arrival, with the memory that their views point into.
/**
 * An object that is used for one receive operation after the other soon allocates no more.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 *
 * @par Example
 * @code
 * boost::asio::io_context context;
 * sctrace::recorder_options options;
 * options.command.emplace().command = {"ls", "/"};
 * options.live_records = 4096;
 * sctrace::recorder recorder(context, options);
 * const auto receive = [&]() -> boost::asio::awaitable<void> {
 *     sctrace::live_records batch;
 *     const auto token = boost::asio::as_tuple(boost::asio::use_awaitable);
 *     for (;;) {
 *         const auto [ec, count] = co_await recorder.async_receive(batch, token);
 *         if (ec) {
 *             break; // the recording is over
 *         }
 *         for (const sctrace::seccomp_record& record : batch.records()) {
 *             std::cout << sctrace::to_event(record) << '\n';
 *         }
 *     }
 * };
 * boost::asio::co_spawn(context, receive, boost::asio::detached);
 * recorder.async_run([](boost::system::error_code ec, const sctrace::report& report) {
 *     std::cout << (ec ? report.failure_message : sctrace::verdict_line(report)) << '\n';
 * });
 * context.run();
 * @endcode
 */
class live_records {
public:
    /// The records; their views are valid until clear(), the next receive operation or the object's end.
    std::span<const seccomp_record> records() const noexcept { return records_; }

    /// How many further records found the queue full and are in no batch: they came after the last of these.
    /** The recording's counts have them all the same. */
    std::uint64_t dropped() const noexcept { return dropped_; }

    /// Whether there is neither a record nor a dropped one.
    bool empty() const noexcept { return records_.empty() && dropped_ == 0; }

    /// Forgets the records; memory is kept for the next ones.
    void clear() noexcept;

private:
    friend class detail::live_queue;

    static constexpr std::size_t block_bytes = std::size_t{64} * 1024;

    struct block {
        std::unique_ptr<char[]> bytes;
        std::size_t size = 0;
    };

    void append(const seccomp_record& record);
    std::string_view keep(std::string_view text);
    char* allocate(std::size_t bytes);

    std::vector<seccomp_record> records_;
    std::vector<block> blocks_;
    std::size_t current_ = 0;
    std::size_t used_ = 0;
    std::uint64_t dropped_ = 0;
};

} // namespace sctrace

#endif

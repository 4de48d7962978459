#ifndef SCTRACE_RECORD_SOURCE_HPP
#define SCTRACE_RECORD_SOURCE_HPP

#include <sctrace/record_batch.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/system/error_code.hpp>

#include <concepts>
#include <cstddef>

namespace sctrace {

namespace detail {

struct batch_handler_archetype {
    void operator()(boost::system::error_code, std::size_t) const {}
};

} // namespace detail

/// Something that fills batches with kernel messages: /dev/kmsg, the audit socket, a saved log.
/**
 * `async_read_batch(batch, token)` completes with `void(error_code, std::size_t)`: at least one message was
 * appended or a loss noted, or there is an error. `asio::error::eof` says that nothing can follow. A saved
 * log may complete without either, so that its reader sees how far it has come.
 *
 * @par Example
 * @code
 * static_assert(sctrace::record_source<sctrace::kmsg_source>);
 * static_assert(sctrace::record_source<sctrace::replay_source>);
 * std::cout << sctrace::record_source<sctrace::aggregator> << '\n'; // 0
 * @endcode
 */
template <class Source>
concept record_source = requires(Source source, record_batch& batch, detail::batch_handler_archetype handler)
{
    typename Source::executor_type;
    {
        source.get_executor()
        } -> std::same_as<typename Source::executor_type>;
    source.async_read_batch(batch, handler);
    source.cancel();
    source.close();
};

} // namespace sctrace

#endif

#ifndef SCTRACE_TEST_ASYNC_READ_ONE_HPP
#define SCTRACE_TEST_ASYNC_READ_ONE_HPP

#include "async/context.hpp"

#include <sctrace/record_batch.hpp>

#include <boost/system/error_code.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <optional>

namespace sctrace::test {

/// What a read completed with.
struct outcome {
    boost::system::error_code ec;
    std::size_t messages = 0;
};

/// Reads one batch from a source, within the context's deadline.
template <class Source>
outcome read_one(checked_context& context, Source& source, record_batch& batch)
{
    std::optional<outcome> result;
    source.async_read_batch(batch, [&](boost::system::error_code ec, std::size_t n) { result = {ec, n}; });
    BOOST_REQUIRE(context.run_until([&] { return result.has_value(); }));
    return *result;
}

} // namespace sctrace::test

#endif

#include "async/contract/operations.hpp"
#include "async/contract/tracking_allocator.hpp"

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

namespace {

namespace asio = boost::asio;
using io_executor = asio::io_context::executor_type;
using sctrace::test::all_operations;
using sctrace::test::tracked_memory;
using sctrace::test::tracking_allocator;
using sctrace::test::workbench;

} // namespace

BOOST_AUTO_TEST_SUITE(allocators)

/// The type-erased executor knows no allocators; a concrete one takes the handler's.
BOOST_AUTO_TEST_CASE_TEMPLATE(a_handlers_allocator_gives_the_memory_and_gets_all_of_it_back, Operation,
                              all_operations)
{
    tracked_memory memory;
    {
        workbench<Operation, io_executor> bench;
        bench.subject.start(asio::bind_allocator(tracking_allocator<char>(memory), bench.on_end()));
        bench.finish();
    }
    BOOST_TEST(memory.allocations > 0U);
    BOOST_TEST(memory.bytes_in_use == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

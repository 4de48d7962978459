#include <sctrace/detail/asio_configuration.hpp>

namespace sctrace::detail {

template <>
void this_asio_configuration::differs_from_that_of_the_library_see_sctrace_src_hpp() noexcept
{
}

} // namespace sctrace::detail

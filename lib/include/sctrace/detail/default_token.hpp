#ifndef SCTRACE_DETAIL_DEFAULT_TOKEN_HPP
#define SCTRACE_DETAIL_DEFAULT_TOKEN_HPP

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>

#include <type_traits>

namespace sctrace::detail {

/// The executor's own default completion token, or `deferred` where it has none (Asio before 1.32).
template <class Executor>
using default_token_t =
    std::conditional_t<std::is_void_v<boost::asio::default_completion_token_t<Executor>>,
                       boost::asio::deferred_t, boost::asio::default_completion_token_t<Executor>>;

} // namespace sctrace::detail

#endif

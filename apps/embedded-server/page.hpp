#ifndef EMBEDDED_SERVER_PAGE_HPP
#define EMBEDDED_SERVER_PAGE_HPP

#include "http.hpp"

#include <string_view>

namespace embedded_server {

/// The page of the file page.html, whose script and style alone the browser may run.
response make_page_reply();

/// The file; `@NONCE@` is where the nonce of the reply goes.
std::string_view page_text() noexcept;

} // namespace embedded_server

#endif

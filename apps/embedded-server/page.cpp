#include "page.hpp"

#include <boost/algorithm/string/replace.hpp>

#include <array>
#include <cstdio>
#include <random>
#include <string>

namespace embedded_server {

namespace {

std::string random_word()
{
    std::random_device device;
    std::string word;
    for (int i = 0; i != 4; ++i) {
        std::array<char, 9> digits{};
        std::snprintf(digits.data(), digits.size(), "%08x", device());
        word += digits.data();
    }
    return word;
}

} // namespace

response make_page_reply()
{
    const std::string nonce = random_word();
    std::string text(page_text());
    boost::algorithm::replace_all(text, "@NONCE@", nonce);
    response reply = make_reply(http::status::ok, content_type::html, std::move(text));
    reply.set("Content-Security-Policy",
              "default-src 'none'; script-src 'nonce-" + nonce + "'; style-src 'nonce-" + nonce +
                  "'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    reply.set("Referrer-Policy", "no-referrer");
    return reply;
}

} // namespace embedded_server

#include "text/quoted.hpp"

#include "text/json_string.hpp"

namespace sctrace::detail {

std::string quoted(std::string_view text)
{
    constexpr std::size_t most = 40;
    std::string words;
    append_json_string(words, text.substr(0, most));
    return text.size() > most ? words + "…" : words;
}

} // namespace sctrace::detail

#ifndef SCTRACE_SRC_TEXT_JOINED_HPP
#define SCTRACE_SRC_TEXT_JOINED_HPP

#include <string>
#include <string_view>
#include <vector>

namespace sctrace::detail {

/// The words with a separator between two of them.
inline std::string joined(const std::vector<std::string>& words, std::string_view separator = ", ")
{
    std::string text;
    for (const std::string& word : words) {
        text += text.empty() ? "" : separator;
        text += word;
    }
    return text;
}

} // namespace sctrace::detail

#endif

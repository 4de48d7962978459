#include "ready_bases.hpp"

#include <algorithm>
#include <sstream>

namespace asio_sctrace {

const ready_base* find_ready_base(std::string_view name) noexcept
{
    const auto bases = ready_bases();
    const auto found =
        std::find_if(bases.begin(), bases.end(), [&](const ready_base& base) { return base.name == name; });
    return found != bases.end() ? &*found : nullptr;
}

std::string_view title_of(const ready_base& base) noexcept
{
    const std::string_view line = base.text.substr(0, base.text.find('\n'));
    return line.substr(std::min(line.size(), line.find_first_not_of("# ")));
}

std::vector<std::string> names_in(const ready_base& base)
{
    std::vector<std::string> names;
    std::istringstream lines{std::string(base.text)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line.substr(0, line.find('#')));
        if (std::string name; words >> name) {
            names.push_back(name);
        }
    }
    return names;
}

std::string ready_base_words()
{
    std::string words;
    for (const ready_base& base : ready_bases()) {
        words += (words.empty() ? "@" : ", @") + std::string(base.name);
    }
    return words;
}

} // namespace asio_sctrace

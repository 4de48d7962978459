#ifndef ASIO_SCTRACE_READY_BASES_HPP
#define ASIO_SCTRACE_READY_BASES_HPP

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace asio_sctrace {

/// A list of calls that every allow-list for some purpose needs; it is part of the program.
struct ready_base {
    std::string_view name;
    /// Lines of a name and, after `#`, why it is in the list.
    std::string_view text;
};

/// All of them, by name.
std::span<const ready_base> ready_bases() noexcept;

/// The base of this name; null for any other word.
const ready_base* find_ready_base(std::string_view name) noexcept;

/// What the base is for: its first line without `#`.
std::string_view title_of(const ready_base& base) noexcept;

/// The calls in it.
std::vector<std::string> names_in(const ready_base& base);

/// The names of all bases as one writes them after `--base`: `@crun, @runc`.
std::string ready_base_words();

} // namespace asio_sctrace

#endif

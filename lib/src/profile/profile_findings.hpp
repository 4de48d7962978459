#ifndef SCTRACE_SRC_PROFILE_PROFILE_FINDINGS_HPP
#define SCTRACE_SRC_PROFILE_PROFILE_FINDINGS_HPP

#include "text/json_document.hpp"

#include <sctrace/profile_reader.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sctrace::detail {

/// Ends the reading of a profile from whatever depth: throws a `failure`, whose message begins with `line N:
/// `.
[[noreturn]] void fail(std::uint64_t line, std::string_view problem);

/// A value of a profile's document and its path.
/** What is of another type than asked for ends the reading. */
struct node {
    const json_value* value = nullptr;
    /// Such as `syscalls[2].args[0].index`; empty for the document.
    std::string path;

    std::uint64_t line() const noexcept { return value->line; }

    /// Ends the reading; the path comes before the words.
    [[noreturn]] void fail(std::string_view words) const;

    const std::string& string() const;
    const json_value::array& array() const;
    const json_value::object& object() const;
    std::uint64_t number() const;

    /// A member that must be there.
    node member(std::string_view name) const;
    /// A member; empty if it is absent or null, which Docker and Podman write for what is absent.
    std::optional<node> find(std::string_view name) const;

    /// Calls `read(node)` for each element of an array.
    template <class Read>
    void for_each_element(Read read) const
    {
        const json_value::array& elements = array();
        for (std::size_t i = 0; i < elements.size(); ++i) {
            read(node{&elements[i], element_path(path, i)});
        }
    }
};

/// Notes about what was left out of a profile.
class findings {
public:
    explicit findings(strictness how) noexcept
        : how_(how)
    {
    }

    bool is_strict() const noexcept { return how_ == strictness::strict; }

    /// Ends the reading where it is strict, with an advice, else makes a note that ends in the outcome.
    void pass_over(std::uint64_t line, const std::string& problem, std::string_view advice,
                   std::string_view outcome);

    void note(std::uint64_t line, std::string_view words);

    std::vector<std::string> take_notes();

private:
    strictness how_;
    std::vector<std::string> notes_;
    std::size_t more_notes_ = 0;
};

} // namespace sctrace::detail

#endif

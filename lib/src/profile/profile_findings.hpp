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

/// A value of a profile's document and its path.
struct node {
    const json_value* value = nullptr;
    /// Such as `syscalls[2].args[0].index`; empty for the document.
    std::string path;

    std::uint64_t line() const noexcept { return value->line; }
};

/// A member; empty if it is absent or null, which Docker and Podman write for what is absent.
std::optional<node> find_node(const node& parent, const json_value::object& members, std::string_view name);

/// What reading a profile brings to light: the first error, and notes about what was left out.
class findings {
public:
    explicit findings(strictness how) noexcept
        : how_(how)
    {
    }

    bool is_strict() const noexcept { return how_ == strictness::strict; }

    /// Both return false.
    bool fail(std::uint64_t line, std::string_view problem);
    bool fail(std::string problem_with_line);

    /// Makes what is not understood an error that ends in an advice, or a note that ends in the outcome.
    bool pass_over(std::uint64_t line, std::string_view problem, std::string_view advice,
                   std::string_view outcome);

    void note(std::uint64_t line, std::string_view words);

    /// The error, which begins with `line N: `.
    const std::string& problem() const noexcept { return problem_; }

    std::vector<std::string> take_notes();

    /// Calls `bool read(const node&)` for each element of an array; false after an error.
    template <class Read>
    bool each_element(const node& at, Read read)
    {
        const auto* elements = array_at(at);
        for (std::size_t i = 0; elements != nullptr && i < elements->size(); ++i) {
            if (!read(node{&(*elements)[i], element_path(at.path, i)})) {
                return false;
            }
        }
        return elements != nullptr;
    }

    // These return null or an empty value after an error.

    const std::string* string_at(const node& at);
    const json_value::array* array_at(const node& at);
    const json_value::object* object_at(const node& at);
    std::optional<std::uint64_t> number_at(const node& at);
    /// A member that must be there.
    std::optional<node> member_at(const node& parent, const json_value::object& members,
                                  std::string_view name);

private:
    void wrong_type(const node& at, std::string_view wanted);

    strictness how_;
    std::string problem_;
    std::vector<std::string> notes_;
    std::size_t more_notes_ = 0;
};

} // namespace sctrace::detail

#endif

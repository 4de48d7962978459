#ifndef SCTRACE_JOURNAL_EXPORT_READER_HPP
#define SCTRACE_JOURNAL_EXPORT_READER_HPP

#include <sctrace/journal_entry.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sctrace {

/// Reads the journal's export format (`journalctl -o export`) in pieces of any size.
/**
 * A field is `NAME=value` and a newline, or `NAME`, a newline, the value's length as 64 bits in little-endian
 * order, the value, and a newline; an empty line ends an entry (src/shared/logs-show.c: output_export). What
 * cannot be such a field makes its entry malformed, and reading goes on behind the next empty line.
 *
 * Keeps the fields of one entry that a journal_entry has, each of at most 64 KiB, whatever the input claims.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 * @par Exception safety
 * All functions give the basic guarantee and throw std::bad_alloc only.
 *
 * @par Example
 * @code
 * sctrace::journal_export_reader reader;
 * std::string lines;
 * reader.feed("_TRANSPORT=audit\n_AUDIT_TYPE=1326\nMESSAGE=SECC", lines);
 * reader.feed("OMP pid=7 syscall=110\n\n", lines);
 * reader.finish(lines);
 * std::cout << lines; // SECCOMP pid=7 syscall=110
 * @endcode
 */
class journal_export_reader {
public:
    /// The longest value that is kept; a field with a longer one counts as absent.
    static constexpr std::size_t max_value = 64 * 1024;

    /// Takes the next bytes, and appends audit_line_of() each entry that they complete and a newline to
    /// @p lines.
    void feed(std::string_view bytes, std::string& lines);

    /// The input ends here. Its last entry needs no empty line behind it, but must end with a whole field.
    /** The object is ready for another input afterwards; malformed() goes on counting. */
    void finish(std::string& lines);

    /// How many entries were not read because they were malformed or cut by the end of the input.
    std::uint64_t malformed() const noexcept { return malformed_; }

private:
    enum class state { name, text_value, length, binary_value, binary_end, lost };

    std::size_t take_name(std::string_view bytes, std::string& lines);
    std::size_t take_text_value(std::string_view bytes);
    std::size_t take_length(std::string_view bytes);
    std::size_t take_binary_value(std::string_view bytes);
    std::size_t take_binary_end(std::string_view bytes);
    std::size_t skip_to_empty_line(std::string_view bytes);

    bool at_entry_end() const noexcept { return state_ == state::name && name_.empty(); }

    void begin_value() noexcept;
    void keep(std::string_view part);
    void begin_field() noexcept;
    void begin_entry() noexcept;
    void give_up_entry() noexcept;
    void end_entry(std::string& lines);

    journal_entry entry_;
    std::string name_;
    std::string* value_ = nullptr;
    std::uint64_t length_ = 0;
    std::uint64_t malformed_ = 0;
    unsigned length_bytes_ = 0;
    state state_ = state::name;
    bool at_line_begin_ = false;
};

} // namespace sctrace

#endif

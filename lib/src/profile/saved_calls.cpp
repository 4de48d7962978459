#include "os/descriptor.hpp"
#include "os/os_error.hpp"
#include "profile/profile_permits.hpp"
#include "text/json_line.hpp"
#include "text/log_input.hpp"

#include <sctrace/detail/numbered_lines.hpp>
#include <sctrace/saved_calls.hpp>
#include <sctrace/trace_reader.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_set>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace sctrace {

namespace {

using namespace std::string_view_literals;
using boost::system::result;
using detail::quoted;
using detail::system_error;

constexpr std::size_t piece_size = std::size_t{64} * 1024;
/// The first line of a trace and of events ends before.
constexpr std::size_t longest_beginning = event_reader::max_line + piece_size;

std::string_view advice_for(int error_number) noexcept
{
    return error_number == EISDIR ? "name a file in it"sv : ""sv;
}

/// A file that is read once, from its beginning to its end.
/** Throws the `failure` that read_saved_calls() returns. */
class input {
public:
    explicit input(const std::string& path)
        : name_(path == "-" ? "standard input" : path)
        , file_(path == "-" ? -1 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY))
        , descriptor_(path == "-" ? STDIN_FILENO : file_.get())
        , buffer_(piece_size)
    {
        if (descriptor_ < 0) {
            throw detail::cannot_read(path, system_error());
        }
    }

    const std::string& name() const noexcept { return name_; }

    /// Waits for the next bytes; an empty view at the end. The view is good until the next call.
    std::string_view read()
    {
        for (;;) {
            const ssize_t n = ::read(descriptor_, buffer_.data(), buffer_.size());
            if (n >= 0) {
                return {buffer_.data(), static_cast<std::size_t>(n)};
            }
            if (errno == EAGAIN) {
                pollfd readable{descriptor_, POLLIN, 0};
                ::poll(&readable, 1, -1);
            } else if (errno != EINTR) {
                const auto code = system_error();
                throw detail::cannot_read(name_, code, advice_for(code.value()));
            }
        }
    }

    /// A failure of what is inside the file.
    failure at(const failure& inside) const
    {
        return {inside.code, name_ + ": " + inside.message, inside.advised};
    }

private:
    std::string name_;
    detail::unique_descriptor file_;
    int descriptor_;
    std::vector<char> buffer_;
};

/// What shows of which kind a file is: its bytes up to the end of its first line that is not blank.
struct beginning {
    std::string text;
    bool is_whole_file = false;

    /// That line, or as much of it as was read.
    std::string_view first_line() const noexcept
    {
        const std::string_view all = text;
        const std::size_t start = std::min(all.find_first_not_of(" \t\r\n"), all.size());
        return all.substr(start, all.find('\n', start) - start);
    }

    bool has_first_line() const noexcept
    {
        const std::string_view line = first_line();
        return !line.empty() && line.data() + line.size() != text.data() + text.size();
    }
};

beginning read_beginning(input& in)
{
    beginning read;
    while (!read.has_first_line() && read.text.size() < longest_beginning) {
        const std::string_view piece = in.read();
        if (piece.empty()) {
            read.is_whole_file = true;
            break;
        }
        read.text += piece;
    }
    return read;
}

failure compressed_with(const std::string& program)
{
    return {error::unreadable_log,
            "compressed with " + program + "; uncompress it with `" + program + " -d` first"};
}

std::optional<failure> no_text(detail::log_encoding encoding)
{
    using detail::log_encoding;
    switch (encoding) {
    case log_encoding::text:
        break;
    case log_encoding::gzip:
        return compressed_with("gzip");
    case log_encoding::zstd:
        return compressed_with("zstd");
    case log_encoding::xz:
        return compressed_with("xz");
    case log_encoding::bzip2:
        return compressed_with("bzip2");
    case log_encoding::lz4:
        return compressed_with("lz4");
    case log_encoding::utf16:
    case log_encoding::utf16_le:
    case log_encoding::utf16_be:
        return failure{error::unreadable_log, "UTF-16; convert it with `iconv -f UTF-16 -t UTF-8` first"};
    case log_encoding::journal_export:
    case log_encoding::journal_file:
    case log_encoding::journal_json_pretty:
        return failure{error::unreadable_log, "a log of the systemd journal; make a trace of it",
                       advice::replay_first};
    }
    return std::nullopt;
}

std::uint64_t number_of_first_line(const beginning& read) noexcept
{
    const auto before = std::string_view(read.text).substr(
        0, static_cast<std::size_t>(read.first_line().data() - read.text.data()));
    return static_cast<std::uint64_t>(std::count(before.begin(), before.end(), '\n')) + 1;
}

/// Why a file cannot be read at all.
std::optional<failure> check(const beginning& read)
{
    if (auto why = no_text(detail::detect_log_encoding(read.text))) {
        return why;
    }
    if (read.text.starts_with("\xef\xbb\xbf")) {
        return failure{error::unreadable_log, "line 1: begins with a byte order mark; remove it first"};
    }
    if (read.first_line().empty() && !read.is_whole_file) {
        return failure{error::malformed_list, "begins with more than " +
                                                  std::to_string(event_reader::max_line / 1024) +
                                                  " KiB of nothing but blanks"};
    }
    if (read.first_line().find('\0') != std::string_view::npos) {
        return failure{error::unreadable_log, "line " + std::to_string(number_of_first_line(read)) +
                                                  ": holds a NUL byte: the file is binary, not text"};
    }
    return std::nullopt;
}

enum class kind { trace_lines, profile_object, event_lines, name_list };

constexpr std::array members_of_trace{"syscall"sv, "name"sv, "count"sv, "arch"sv};
constexpr std::array members_of_event{"time"sv, "serial"sv, "auid"sv, "uid"sv,      "gid"sv,   "ses"sv,
                                      "subj"sv, "pid"sv,    "comm"sv, "comm_hex"sv, "exe"sv,   "exe_hex"sv,
                                      "sig"sv,  "compat"sv, "ip"sv,   "code"sv,     "action"sv};

template <class Words>
bool has(const Words& words, std::string_view wanted) noexcept
{
    return std::find(words.begin(), words.end(), wanted) != words.end();
}

kind kind_of(std::string_view first_line)
{
    if (!first_line.starts_with('{')) {
        return kind::name_list;
    }
    bool is_event = false;
    bool is_trace = false;
    const auto note = [&](std::string_view name) {
        is_event = is_event || has(members_of_event, name);
        is_trace = is_trace || has(members_of_trace, name);
        return true;
    };
    detail::json_line line(first_line);
    // A line that is malformed, or only the first of a profile, shows what stands before.
    line.read_object({}, note, [&line] { return line.skip_value(); });
    if (is_event) {
        return kind::event_lines;
    }
    return is_trace ? kind::trace_lines : kind::profile_object;
}

std::string_view without_blanks(std::string_view text) noexcept
{
    constexpr std::string_view blanks = " \t\r";
    const std::size_t first = text.find_first_not_of(blanks);
    return first == std::string_view::npos ? std::string_view()
                                           : text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

/// Reads a list of names from its bytes, in pieces of any size.
class list_reader {
public:
    explicit list_reader(strictness how)
        : how_(how)
        , lines_(longest_line, error::malformed_list, "no line of a list")
    {
    }

    result<void, failure> feed(std::string_view bytes)
    {
        return lines_.feed(bytes, [this](std::string_view line) { return read_line(line); });
    }

    result<void, failure> finish()
    {
        return lines_.finish([this](std::string_view line) { return read_line(line); });
    }

    call_names take() { return std::move(names_); }

    std::vector<std::string> take_notes()
    {
        if (more_notes_ != 0) {
            notes_.push_back(std::to_string(more_notes_) +
                             " further lines were left out: they name calls of no architecture");
        }
        return std::move(notes_);
    }

private:
    static constexpr std::size_t longest_line = 4096;
    static constexpr std::size_t most_notes = 20;

    result<void, failure> read_line(std::string_view line)
    {
        const std::string_view name = without_blanks(line.substr(0, line.find('#')));
        if (name.empty()) {
            return {};
        }
        if (name.find('\0') != std::string_view::npos) {
            return lines_.malformed("holds a NUL byte, which no name has");
        }
        if (name.find_first_of(" \t\r") != std::string_view::npos) {
            return lines_.malformed(quoted(name) + " has a blank inside; a list has one name on each line",
                                    advice::replay_logs);
        }
        return add(name);
    }

    result<void, failure> add(std::string_view name)
    {
        if (seen_.contains(std::string(name))) {
            return {};
        }
        if (!detail::is_call_of_any_architecture(name)) {
            return leave_out(name);
        }
        names_.names.emplace_back(name);
        seen_.emplace(name);
        return {};
    }

    result<void, failure> leave_out(std::string_view name)
    {
        const std::string problem = quoted(name) + " is no system call's name";
        if (how_ == strictness::strict) {
            return lines_.malformed(problem +
                                    "; expected a list of names, a trace, events or an OCI profile");
        }
        if (notes_.size() == most_notes) {
            ++more_notes_;
        } else {
            notes_.push_back(lines_.malformed(problem + "; it was left out").message);
        }
        return {};
    }

    strictness how_;
    detail::numbered_lines lines_;
    call_names names_;
    std::unordered_set<std::string> seen_;
    std::vector<std::string> notes_;
    std::uint64_t more_notes_ = 0;
};

/// Collects the text of a profile.
class profile_text {
public:
    result<void, failure> feed(std::string_view bytes)
    {
        if (bytes.size() > max_profile_size - text_.size()) {
            return failure{error::malformed_profile, "longer than " +
                                                         std::to_string(max_profile_size / 1024 / 1024) +
                                                         " MiB, which no profile is"};
        }
        text_ += bytes;
        return {};
    }

    static result<void, failure> finish() { return {}; }

    const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
};

/// Gives a reader all bytes of a file.
template <class Reader>
void read_all(input& in, const beginning& read, Reader& reader)
{
    result<void, failure> done = reader.feed(read.text);
    for (bool ended = read.is_whole_file; done && !ended;) {
        const std::string_view piece = in.read();
        ended = piece.empty();
        done = reader.feed(piece);
    }
    if (done) {
        done = reader.finish();
    }
    if (!done) {
        throw in.at(done.error());
    }
}

saved_calls read_trace(input& in, const beginning& read, architecture native)
{
    trace_reader reader(native);
    read_all(in, read, reader);
    if (const auto& contradiction = reader.contradiction()) {
        throw in.at(*contradiction);
    }
    return {reader.take(), {}};
}

saved_calls read_events(input& in, const beginning& read, architecture native)
{
    event_reader reader(native);
    read_all(in, read, reader);
    return {reader.take(), {}};
}

std::vector<std::string> notes_at(const input& in, std::vector<std::string> notes)
{
    for (std::string& note : notes) {
        note.insert(0, in.name() + ": ");
    }
    return notes;
}

saved_calls read_list(input& in, const beginning& read, strictness how)
{
    list_reader reader(how);
    read_all(in, read, reader);
    return {reader.take(), notes_at(in, reader.take_notes())};
}

saved_calls read_profile_object(input& in, const beginning& read, strictness how)
{
    profile_text reader;
    read_all(in, read, reader);
    auto parsed = parse_profile(reader.text(), how);
    if (!parsed) {
        throw in.at(parsed.error());
    }
    return {std::move(parsed->contents), notes_at(in, std::move(parsed->notes))};
}

saved_calls read_file(input& in, const saved_calls_options& options)
{
    const beginning read = read_beginning(in);
    if (const auto problem = check(read)) {
        throw in.at(*problem);
    }
    if (read.first_line().empty()) {
        return {trace(), {}};
    }
    switch (kind_of(read.first_line())) {
    case kind::trace_lines:
        break;
    case kind::profile_object:
        return read_profile_object(in, read, options.how);
    case kind::event_lines:
        return read_events(in, read, options.native);
    case kind::name_list:
        return read_list(in, read, options.how);
    }
    return read_trace(in, read, options.native);
}

} // namespace

result<saved_calls, failure> read_saved_calls(const std::string& path, const saved_calls_options& options)
{
    try {
        input in(path);
        return read_file(in, options);
    } catch (const failure& why) {
        return why;
    }
}

} // namespace sctrace

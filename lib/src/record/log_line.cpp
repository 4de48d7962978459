#include "record/log_line_parts.hpp"
#include "record/log_prefix.hpp"
#include "text/byte_blocks.hpp"
#include "text/cursor.hpp"

#include <sctrace/error.hpp>
#include <sctrace/kmsg_entry.hpp>
#include <sctrace/log_line.hpp>

#include <optional>

namespace sctrace {

namespace {

using detail::cursor;

constexpr std::string_view kernel_tag = "audit: ";
constexpr std::string_view journal_tag = "SECCOMP ";
// A candidate is the `y` of `audit: type=`.
constexpr std::size_t offset_of_candidate = kernel_tag.size() + 1;

enum class writer { kernel, daemon, journal };

/// Where an audit text begins in a line, and who put it there.
struct header {
    std::size_t begin;
    writer by;
};

/// `type=… audit(` or `type=… msg=audit(`.
std::optional<writer> writer_of_header(std::string_view text) noexcept
{
    cursor in(text);
    if (!in.take("type=")) {
        return std::nullopt;
    }
    in.take_until(' ');
    in.skip(1);
    const bool daemon = in.take("msg=");
    if (!in.take("audit(")) {
        return std::nullopt;
    }
    return daemon ? writer::daemon : writer::kernel;
}

bool continues_a_word(std::string_view line, std::size_t at) noexcept
{
    return at > 0 &&
           (detail::is_letter(line[at - 1]) || detail::is_digit(line[at - 1]) || line[at - 1] == '_');
}

std::size_t begin_of_kernel_text(std::string_view line, std::size_t type_at) noexcept
{
    return line.substr(0, type_at).ends_with(kernel_tag) ? type_at - kernel_tag.size() : type_at;
}

/// Where `node=HOST ` begins if it stands before `type=`.
std::size_t begin_of_daemon_text(std::string_view line, std::size_t type_at) noexcept
{
    const std::string_view before = line.substr(0, type_at);
    const std::size_t node_at = before.rfind("node=");
    const bool adjacent = node_at != std::string_view::npos && before.find(' ', node_at) == type_at - 1;
    return adjacent ? node_at : type_at;
}

std::optional<header> header_with_type(std::string_view line, std::size_t type_at) noexcept
{
    const auto by = writer_of_header(line.substr(type_at));
    if (!by || continues_a_word(line, type_at)) {
        return std::nullopt;
    }
    if (*by == writer::kernel) {
        return header{begin_of_kernel_text(line, type_at), *by};
    }
    return header{begin_of_daemon_text(line, type_at), *by};
}

/// journald drops the header and writes the type's name: `SECCOMP auid=…`.
std::optional<header> header_with_auid(std::string_view line, std::size_t auid_at) noexcept
{
    const std::string_view before = line.substr(0, auid_at);
    if (!before.ends_with(journal_tag) || !line.substr(auid_at).starts_with("auid=")) {
        return std::nullopt;
    }
    return header{auid_at - journal_tag.size(), writer::journal};
}

/// A header starts with `type=`, or with journald's first key: so `y` or `u` stands three bytes before a '='.
std::size_t find_candidate(std::string_view line, std::size_t from) noexcept
{
    return detail::find_key_tail(line, from, 'y', 'u');
}

/// The first header of an audit record in a line, looked for from its first candidate on.
std::optional<header> find_header(std::string_view line, std::size_t candidate) noexcept
{
    for (std::size_t at = candidate; at != std::string_view::npos; at = find_candidate(line, at + 1)) {
        if (at == 0) {
            continue;
        }
        const auto found = line[at] == 'y' ? header_with_type(line, at - 1) : header_with_auid(line, at - 1);
        if (found) {
            return found;
        }
    }
    return std::nullopt;
}

bool may_precede(std::string_view prefix, writer by) noexcept
{
    switch (by) {
    case writer::kernel:
        return detail::may_precede_kernel_text(prefix);
    case writer::daemon:
        return detail::may_precede_daemon_text(prefix);
    case writer::journal:
        break;
    }
    return detail::may_precede_journal_copy(prefix);
}

log_form form_of(std::string_view prefix, writer by) noexcept
{
    if (by == writer::daemon) {
        return log_form::audit_log;
    }
    if (by == writer::journal) {
        return log_form::journal;
    }
    if (detail::is_bare(prefix)) {
        return log_form::bare;
    }
    return detail::names_kernel(prefix) ? log_form::syslog : log_form::dmesg;
}

/// Removes what ends a JSON string, or a pager's mark that the line goes on.
void remove_foreign_end(log_line& line) noexcept
{
    if (line.escapes == text_escapes::json) {
        if (line.text.ends_with(',')) {
            line.text.remove_suffix(1);
        }
        if (line.text.ends_with('"')) {
            line.text.remove_suffix(1);
        }
    } else if (line.text.ends_with('>')) {
        line.text.remove_suffix(1);
        line.maybe_cut = true;
    }
}

std::optional<kmsg_entry> as_kmsg_entry(std::string_view line) noexcept
{
    if (line.empty() || !detail::is_digit(line.front())) {
        return std::nullopt;
    }
    const auto entry = parse_kmsg_entry(line);
    return entry ? std::optional(*entry) : std::nullopt;
}

boost::system::result<log_line> line_of_entry(std::string_view line, const kmsg_entry& entry,
                                              const header& found) noexcept
{
    const auto text_at = static_cast<std::size_t>(entry.text.data() - line.data());
    if (!entry.from_kernel() || found.by != writer::kernel || found.begin != text_at) {
        return error::not_an_audit_record;
    }
    return log_line{log_form::kmsg, line.substr(0, text_at), entry.text, text_escapes::kmsg, entry.maybe_cut};
}

/// `ausearch -i` writes a date for the seconds, and a space in front of the colon.
bool has_interpreted_stamp(std::string_view text) noexcept
{
    constexpr std::string_view head = "type=SECCOMP msg=audit(";
    if (!text.starts_with(head)) {
        return false;
    }
    return text.substr(detail::find_or_end(text, ')', head.size())).starts_with(") : ");
}

boost::system::result<audit_record> record_of_line(const log_line& line) noexcept
{
    if (line.form != log_form::journal) {
        return parse_audit_record(line.text);
    }
    audit_record record;
    record.type = audit_type::seccomp;
    record.body = line.text.substr(journal_tag.size());
    return record;
}

/// `PRI,SEQ,USEC,…;` with a facility of the kernel's, up to its first ';'.
bool is_usual_kernel_entry(std::string_view head) noexcept
{
    cursor in(head);
    const char priority = in.peek();
    in.skip(1);
    if (priority < '0' || priority > '7' || !in.take(',') || !in.skip_decimal() || !in.take(',') ||
        !in.skip_decimal() || !in.take(",-;")) {
        return false;
    }
    return in.at_end();
}

[[gnu::noinline]] boost::system::result<log_line> line_with_candidate(std::string_view line,
                                                                      std::size_t candidate) noexcept
{
    const auto found = find_header(line, candidate);
    if (!found) {
        return error::not_an_audit_record;
    }
    if (const auto entry = as_kmsg_entry(line)) {
        return line_of_entry(line, *entry, *found);
    }
    log_line parsed;
    parsed.prefix = line.substr(0, found->begin);
    if (!may_precede(parsed.prefix, found->by)) {
        return error::not_an_audit_record;
    }
    parsed.form = form_of(parsed.prefix, found->by);
    parsed.text = detail::without_line_end(line.substr(found->begin));
    if (detail::is_json_message(parsed.prefix)) {
        parsed.escapes = text_escapes::json;
    }
    remove_foreign_end(parsed);
    return parsed;
}

[[gnu::noinline]] boost::system::result<seccomp_record> record_with_candidate(std::string_view line,
                                                                              std::size_t candidate) noexcept
{
    const auto parsed = line_with_candidate(line, candidate);
    if (!parsed) {
        return parsed.error();
    }
    auto record = record_of_line(*parsed);
    if (!record) {
        return record.error();
    }
    record->escapes = parsed->escapes;
    record->maybe_cut = record->maybe_cut || parsed->maybe_cut;
    auto fields = parse_seccomp_record(*record);
    if (fields && parsed->form == log_form::journal) {
        fields->serial.reset();
    }
    return fields;
}

/// The kernel's text may begin at the line's start, or behind a space or a closing bracket.
bool may_begin_text(std::string_view line, std::size_t at) noexcept
{
    return at == 0 || line[at - 1] == ' ' || line[at - 1] == ']' || line[at - 1] == '>';
}

boost::system::result<loss_notice> find_loss_notice(std::string_view line) noexcept
{
    for (std::size_t at = 0; at < line.size(); ++at) {
        if (!may_begin_text(line, at)) {
            continue;
        }
        const auto notice = parse_loss_notice(line.substr(at));
        if (notice && detail::may_precede_kernel_text(line.substr(0, at))) {
            return notice;
        }
        if (notice) {
            break;
        }
    }
    return error::not_a_loss_notice;
}

} // namespace

namespace detail {

std::string_view text_of_usual_entry(std::string_view line, std::size_t candidate) noexcept
{
    constexpr std::size_t shorter_than_output_buffer = 2000;
    if (candidate < offset_of_candidate || line.size() > shorter_than_output_buffer ||
        !is_usual_kernel_entry(line.substr(0, candidate - offset_of_candidate))) {
        return {};
    }
    const std::string_view text = line.substr(candidate - offset_of_candidate);
    cursor in(text);
    return in.take("audit: type=") && in.skip_decimal() && in.take(" audit(") ? text : std::string_view();
}

boost::system::result<log_line> parse_log_line_at(std::string_view line, std::size_t candidate) noexcept
{
    return line_with_candidate(line, candidate);
}

bool ends_like_a_loss_notice(std::string_view text) noexcept
{
    if (text.empty() || !detail::is_digit(text.back())) {
        return text.ends_with("suppressed") || text.ends_with("exceeded") || text.ends_with("disappeared") ||
               text.ends_with("overflow") || text.ends_with("audit_log_start");
    }
    while (!text.empty() && detail::is_digit(text.back())) {
        text.remove_suffix(1);
    }
    return text.ends_with("audit_backlog_limit=");
}

} // namespace detail

// These two are short, and what they call is not inlined, because most lines of a log end here.

boost::system::result<log_line> parse_log_line(std::string_view line) noexcept
{
    const std::size_t candidate = find_candidate(line, 0);
    if (candidate == std::string_view::npos) {
        return error::not_an_audit_record;
    }
    return line_with_candidate(line, candidate);
}

boost::system::result<seccomp_record> parse_seccomp_line(std::string_view line) noexcept
{
    const std::size_t candidate = find_candidate(line, 0);
    if (candidate == std::string_view::npos) {
        return error::not_an_audit_record;
    }
    return record_with_candidate(line, candidate);
}

bool is_interpreted_record(std::string_view line) noexcept
{
    const auto parsed = parse_log_line(line);
    if (!parsed || parsed->form != log_form::audit_log) {
        return false;
    }
    return has_interpreted_stamp(parsed->text.substr(parsed->text.find("type=")));
}

boost::system::result<loss_notice> parse_loss_line(std::string_view line) noexcept
{
    const std::string_view text = detail::without_line_end(line);
    if (!detail::ends_like_a_loss_notice(text)) {
        return error::not_a_loss_notice;
    }
    const auto entry = as_kmsg_entry(text);
    if (!entry) {
        return find_loss_notice(text);
    }
    if (!entry->from_kernel()) {
        return error::not_a_loss_notice;
    }
    return parse_loss_notice(entry->text);
}

} // namespace sctrace

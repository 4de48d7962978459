#ifndef SCTRACE_TRACE_FILE_HPP
#define SCTRACE_TRACE_FILE_HPP

#include <sctrace/error.hpp>

#include <boost/system/result.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sctrace {

/// A file whose readers see the old contents or the new ones, never a part.
/**
 * A path that is absent or a regular file is replaced by renaming a temporary file of the same folder over
 * it (mode 0644 less the umask). A FIFO or a device is written once, by the final write. `-`, `/dev/stdout`,
 * `/dev/stderr` and `/dev/fd/N` mean that descriptor. Directories and other symbolic links are refused.
 *
 * All functions block; an interim replacement only renames, a final one also syncs to the disk.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 *
 * @par Example
 * @code
 * const auto file = sctrace::trace_file::prepare("calls.ndjson");
 * if (!file) {
 *     std::cout << file.error().message << '\n';
 *     return;
 * }
 * const std::string_view text = "{\"syscall\":0,\"name\":\"read\",\"count\":42}\n";
 * const auto written = file->write(text, sctrace::trace_file::durability::final);
 * std::cout << (written ? "written" : written.error().message) << '\n'; // written
 * @endcode
 */
class trace_file {
public:
    /// What a write promises.
    enum class durability {
        /// Renamed, not synced: for repeated writes on an event loop. Nothing is written to a descriptor.
        interim,
        /// Synced with its folder; FIFOs, devices and descriptors get their contents.
        final,
    };

    /// Checks that @p path can be written, without changing what is there.
    /**
     * @par Errors
     * `error::output_is_symlink`, `error::output_is_directory`, or the errno of trying to create a file in
     * the folder (ENOENT, EACCES, EROFS, ENOSPC, …); the message names the path and what to do.
     */
    static boost::system::result<trace_file, failure> prepare(std::string path);

    /// The same for a path that may be empty: then there is no file.
    static boost::system::result<std::optional<trace_file>, failure>
    prepare_if_named(const std::string& path);

    /// The path that it was made with.
    const std::string& path() const noexcept { return path_; }

    /// Whether the final write may have to wait for a reader: for FIFOs, devices and descriptors.
    bool waits_for_reader() const noexcept { return kind_ != kind::replaceable; }

    /// Contents in the making: what a reader of the file sees changes when they are committed.
    /** Pieces that go to a FIFO, a device or a descriptor are written at once. One that is destroyed without
     * a commit leaves a replaceable file as it was. */
    class writer {
    public:
        /// Takes over the contents.
        writer(writer&&) noexcept;
        /// Gives up what this object had begun and takes over the other one's contents.
        writer& operator=(writer&&) noexcept;
        /// Gives up contents that were not committed.
        ~writer();

        /// Adds a piece; waits as long as a FIFO's, device's or descriptor's reader does not read.
        boost::system::result<void, failure> append(std::string_view piece);

        /// Puts everything in its place, unless a piece could not be added.
        boost::system::result<void, failure> commit(durability how);

    private:
        friend class trace_file;
        struct implementation;

        explicit writer(std::unique_ptr<implementation> self) noexcept;

        std::unique_ptr<implementation> self_;
    };

    /// Begins new contents, for those that do not fit into memory.
    boost::system::result<writer, failure> begin() const;

    /// Puts @p contents into the file.
    /** After an error a replaceable file has its old contents, unless only syncing its folder failed. Writing
     * to a FIFO, a device or a descriptor waits as long as its reader does not read. */
    boost::system::result<void, failure> write(std::string_view contents, durability how) const;

    /// Creates an empty file where there is none; leaves anything else alone.
    boost::system::result<void, failure> create_if_absent() const;

private:
    enum class kind { replaceable, special, descriptor };

    trace_file(std::string path, kind what, int descriptor);

    std::string path_;
    kind kind_ = kind::replaceable;
    int descriptor_ = -1;
};

} // namespace sctrace

#endif
